import { sha256 } from '../../lib/hash.ts';
import { databaseName, dropDatabase, ensureDatabase } from '../../planes/database.ts';
import { connectionLimit } from '../../planes/kine.ts';
import { ensureEtcdPrefix, dropEtcdPrefix } from '../../planes/store/etcd-prefix.ts';
import { prefixOf, type StoreServer } from '../../planes/store-server.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { Action } from '../../runtime/plan.ts';

/** What one plane has on a server of several, as it should be or away: role and database, or keys of one prefix. */
export interface DatabaseAction extends Action {
  readonly name: 'ensure-database' | 'drop-database';
  readonly server: StoreServer;
  readonly uid: string;
  readonly password: string;
  readonly spec: Pick<PlaneSpec, 'replicas' | 'namespace'>;
}

/** Tells what was done for a plane apart from what should be. */
export function databaseDigest(
  uid: string,
  password: string,
  { replicas }: Pick<PlaneSpec, 'replicas'>,
): string {
  return sha256(JSON.stringify([uid, password, replicas]));
}

/** Does it. Throws KubeError. */
export async function performDatabaseAction(action: DatabaseAction): Promise<void> {
  const { server, uid, password, spec } = action;
  if (server.kind === 'etcd') {
    const prefix = prefixOf(server, uid);
    return action.name === 'drop-database'
      ? dropEtcdPrefix(server, prefix)
      : ensureEtcdPrefix(server, prefix);
  }
  const name = databaseName(uid);
  if (action.name === 'drop-database') return dropDatabase(server, name);
  const limit = connectionLimit(spec.replicas);
  return ensureDatabase(server, { name, password, connectionLimit: limit });
}
