import { DATASTORE_SECRET } from './kine.ts';
import type { Part } from './object-of.ts';
import type { ExtraMount, PlaneSpec, PlaneStore } from './plane-spec.ts';
import { secretPart } from './secrets.ts';

type EtcdPrefixStore = Extract<PlaneStore, { kind: 'etcd-prefix' }>;

/** Keys of Secret `datastore` of a plane on an etcd of somebody's; the first two are for who takes a snapshot. */
export const ETCD_PREFIX_KEYS = {
  endpoints: 'endpoints',
  prefix: 'prefix',
  ca: 'ca.crt',
  cert: 'client.crt',
  key: 'client.key',
} as const;
const FILES = [ETCD_PREFIX_KEYS.ca, ETCD_PREFIX_KEYS.cert, ETCD_PREFIX_KEYS.key];

/** Where the API server finds them. */
export const ETCD_PREFIX_MOUNT: ExtraMount = {
  name: DATASTORE_SECRET,
  from: { secret: DATASTORE_SECRET, keys: FILES },
};

/** URLs of an etcd's members, as clients want them. Pure. */
function urlsOf({ endpoints }: EtcdPrefixStore): string {
  return endpoints.map(({ host, port }) => `https://${host}:${port}`).join(',');
}

/** What the API server, and who takes a snapshot, need. Pure. */
export function etcdPrefixParts(spec: PlaneSpec, store: EtcdPrefixStore): readonly Part[] {
  const { prefix, ca, cert, key } = store;
  return [
    secretPart(spec, DATASTORE_SECRET, {
      [ETCD_PREFIX_KEYS.endpoints]: urlsOf(store),
      [ETCD_PREFIX_KEYS.prefix]: prefix,
      [ETCD_PREFIX_KEYS.ca]: ca,
      [ETCD_PREFIX_KEYS.cert]: cert,
      [ETCD_PREFIX_KEYS.key]: key,
    }),
  ];
}

/** Flags of an API server whose objects are under a prefix. Pure. */
export function etcdPrefixArgs(store: EtcdPrefixStore): readonly string[] {
  const file = (name: string): string => `/etc/tenantry/${DATASTORE_SECRET}/${name}`;
  return [
    `--etcd-servers=${urlsOf(store)}`,
    `--etcd-prefix=${store.prefix}`,
    `--etcd-cafile=${file(ETCD_PREFIX_KEYS.ca)}`,
    `--etcd-certfile=${file(ETCD_PREFIX_KEYS.cert)}`,
    `--etcd-keyfile=${file(ETCD_PREFIX_KEYS.key)}`,
  ];
}
