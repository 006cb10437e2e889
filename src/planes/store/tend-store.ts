import { databaseState, type DatabaseServer } from '../database.ts';
import type { EtcdServer } from '../store-server.ts';
import { etcdPrefixState } from './etcd-prefix.ts';
import { connectEtcd, type EtcdClient } from './etcd-client.ts';
import type { GrpcTarget } from './grpc-call.ts';
import type { StoreState } from './store-state.ts';
import { tendEtcd } from './tend-etcd.ts';

/** The store of one plane, as the operator reaches it. */
export type StoreTarget =
  | { readonly kind: 'etcd'; readonly members: readonly GrpcTarget[]; readonly quotaBytes: number }
  | { readonly kind: 'etcd-prefix'; readonly server: EtcdServer; readonly prefix: string }
  | { readonly kind: 'postgres'; readonly server: DatabaseServer; readonly database: string };

/** Looks how a store is, and does what has to be done for it now and then. Throws KubeError. */
export async function tendStore(target: StoreTarget): Promise<StoreState> {
  if (target.kind === 'postgres')
    return { ...(await databaseState(target.server, target.database)), alarms: [] };
  if (target.kind === 'etcd-prefix') return etcdPrefixState(target.server, target.prefix);
  const members: EtcdClient[] = [];
  try {
    for (const member of target.members) members.push(await connectEtcd(member));
    return await tendEtcd(members, target.quotaBytes);
  } finally {
    for (const member of members) member.close();
  }
}
