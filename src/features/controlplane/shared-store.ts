import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { NAMESPACE, type Namespace, type StatefulSet } from '../../kube/builtin-kinds.ts';
import type { Stores } from '../../runtime/controller.ts';
import type { StoreServer } from '../../planes/store-server.ts';
import { PLANE_LABEL, POSTGRES_PORT } from '../../planes/plane-names.ts';
import { postgresHost, type PostgresKeys, type PostgresSpec } from '../../planes/postgres.ts';
import type { ControlPlaneSettings } from './settings.ts';

/** Value of the plane label on objects of the shared store. No plane is called so: it has a dot. */
export const SHARED_STORE = 'shared.store';
/** Volume of the shared PostgreSQL: planes of some tenants, a few hundred MB each at most. */
const SIZE = '20Gi';

/** The namespace of the shared PostgreSQL: beside the operator's, made when the first plane needs it, kept with its data. */
export function sharedStoreNamespace({ operatorNamespace }: ControlPlaneSettings): string {
  return `${operatorNamespace}-planes`;
}

/** The PostgreSQL that planes share; undefined while the operator's own namespace is not seen, whose UID marks it. */
export function sharedStoreSpec(settings: ControlPlaneSettings, stores: Stores): PostgresSpec | undefined {
  const { operatorNamespace, images } = settings;
  const ownerUid = stores.get(NAMESPACE, { name: operatorNamespace })?.metadata.uid;
  if (ownerUid === undefined) return undefined;
  return {
    name: SHARED_STORE,
    namespace: sharedStoreNamespace(settings),
    ownerUid,
    images: { postgres: images.postgres, pullPolicy: images.pullPolicy },
    operatorNamespace,
    size: SIZE,
  };
}

/** Whether a namespace is the one that the operator made for the store. */
export function isOfStore(namespace: Namespace, { ownerUid }: PostgresSpec): boolean {
  const { labels } = namespace.metadata;
  return labels?.[INSTANCE_UID_LABEL] === ownerUid && labels[PLANE_LABEL] === SHARED_STORE;
}

/** How the operator gets in. */
export function serverOf(namespace: string, keys: PostgresKeys): StoreServer {
  return {
    kind: 'postgres',
    host: postgresHost(namespace),
    port: POSTGRES_PORT,
    user: 'postgres',
    password: keys.password,
    ca: keys.authority.cert,
  };
}

/** Whether the server takes connections. */
export function isServing(set: StatefulSet | undefined): boolean {
  return (set?.status?.readyReplicas ?? 0) > 0;
}
