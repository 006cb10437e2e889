import type { Duplex } from 'node:stream';
import { CONTROL_PLANE, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { openPodPort } from '../../client/port-forward.ts';
import { POD, SECRET, type Pod } from '../../kube/builtin-kinds.ts';
import { DATASTORE_SECRET } from '../../planes/kine.ts';
import { CERTIFICATES_SECRET, ETCD, ETCD_PORT, POSTGRES } from '../../planes/plane-names.ts';
import { readPgpass } from '../../planes/store/pgpass.ts';
import type { KeptStore } from '../../planes/store/kept-objects.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import type { Hosting } from './hosting-connection.ts';

/** A plane and its store, as far as this command reaches it. The caller closes the store. */
export interface OpenedStore {
  readonly plane: ControlPlane;
  readonly store: KeptStore;
}

/** What an etcd takes in one transaction that is started as it comes: 128 changes, 1.5 MiB. */
const FOREIGN_ETCD_LIMITS = { operations: 128, bytes: 1024 ** 2 };

/** Name of a host inside the hosting cluster: nobody outside reaches it but through a pod. */
const INSIDE = /^(?<service>[a-z0-9-]+)\.(?<namespace>[a-z0-9-]+)\.svc(\.cluster\.local)?$/;

/**
 * Opens the store of a plane by a port of its pod, with the plane's own keys: who may read its Secrets and forward ports of its pods may do
 * that. Somebody else's server is reached directly.
 */
export async function openPlaneStore(io: CliIo, hosting: Hosting, name: string): Promise<OpenedStore> {
  const plane = await hosting.client.find(CONTROL_PLANE, { name });
  if (plane === undefined)
    throw new UserError(`there is no control plane ${name}`, '`kflex list` shows those that there are.');
  const { type, backend = 'shared' } = plane.spec;
  if (type === 'host' || type === 'external')
    throw new UserError(
      `control plane ${name} is of type ${type}: its objects are another cluster's, not in a store of a plane`,
      'Only planes of type k8s and vcluster have one.',
    );
  const at = { io, hosting, namespace: namespaceOfPlane(plane) };
  return { plane, store: await (backend === 'dedicated' ? openEtcd(at) : openDatabase(at)) };
}

interface Place {
  readonly io: CliIo;
  readonly hosting: Hosting;
  readonly namespace: string;
}

async function openEtcd({ io, hosting, namespace }: Place): Promise<KeptStore> {
  const files = await secretFiles(hosting, namespace, CERTIFICATES_SECRET);
  const [{ connectEtcd }, { etcdStore }, { ETCD_LIMITS }] = await Promise.all([
    import('../../planes/store/etcd-client.ts'),
    import('../../planes/store/etcd-store.ts'),
    import('../../planes/etcd.ts'),
  ]);
  const pod = { namespace, pod: await someMember(hosting, namespace), port: ETCD_PORT };
  const client = await connectEtcd({
    host: `${ETCD}.${namespace}.svc`,
    port: ETCD_PORT,
    ca: files['etcd-ca.crt'] ?? '',
    cert: files['apiserver-etcd-client.crt'] ?? '',
    key: files['apiserver-etcd-client.key'] ?? '',
    through: () => forwarded(io, hosting, pod),
  });
  return etcdStore(client, ETCD_LIMITS);
}

/** A member that is ready: one of three may be away. */
async function someMember({ client }: Hosting, namespace: string): Promise<string> {
  const { items } = await client.list(POD, { namespace, labelSelector: `app=${ETCD}` });
  const isReady = ({ status }: Pod): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
  const found = items.find(isReady);
  if (found === undefined)
    throw new UserError(
      `no etcd of the plane is ready in namespace ${namespace}`,
      'A plane that hibernates is woken first: spec.hibernate=false. Else: `kubectl get pods` there.',
    );
  return found.metadata.name;
}

/** Objects under a prefix in an etcd of somebody's, which is reached directly. */
async function openEtcdPrefix(files: Readonly<Record<string, string>>): Promise<KeptStore> {
  const [{ connectEtcd }, { etcdStore }, { underPrefix }, { ETCD_PREFIX_KEYS }] = await Promise.all([
    import('../../planes/store/etcd-client.ts'),
    import('../../planes/store/etcd-store.ts'),
    import('../../planes/store/etcd-prefix.ts'),
    import('../../planes/etcd-client-files.ts'),
  ]);
  const of = (key: keyof typeof ETCD_PREFIX_KEYS): string => files[ETCD_PREFIX_KEYS[key]] ?? '';
  const { hostname, port } = new URL(of('endpoints').split(',')[0] ?? '');
  const client = await connectEtcd({
    host: hostname,
    port: Number(port),
    ca: of('ca'),
    cert: of('cert'),
    key: of('key'),
  });
  return etcdStore(underPrefix(client, of('prefix')), FOREIGN_ETCD_LIMITS);
}

async function openDatabase({ io, hosting, namespace }: Place): Promise<KeptStore> {
  const files = await secretFiles(hosting, namespace, DATASTORE_SECRET);
  if (files['endpoints'] !== undefined) return openEtcdPrefix(files);
  const address = readPgpass(files['pgpass'] ?? '');
  if (address === undefined)
    throw new UserError(
      `Secret ${namespace}/${DATASTORE_SECRET} does not say where the database is`,
      'The operator writes it again within the hour; look whether the plane is Synced.',
    );
  const { openKineStore } = await import('../../planes/store/kine-store.ts');
  const inside = INSIDE.exec(address.host)?.groups;
  const pod = { namespace: inside?.['namespace'] ?? '', pod: `${POSTGRES}-0`, port: address.port };
  return openKineStore({
    ...address,
    ca: files['ca.crt'] ?? '',
    ...(inside?.['service'] === POSTGRES ? { through: await forwarded(io, hosting, pod) } : {}),
  });
}

const forwarded = (
  { signal }: CliIo,
  { access }: Hosting,
  pod: { readonly namespace: string; readonly pod: string; readonly port: number },
): Promise<Duplex> => openPodPort(access, pod, signal);

async function secretFiles(
  { client }: Hosting,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const secret = await client.find(SECRET, { namespace, name });
  if (secret === undefined)
    throw new UserError(
      `Secret ${namespace}/${name} is not there`,
      'The plane is being made, or was never Ready: `kubectl describe controlplane` says which.',
    );
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, text]) => [
      key,
      Buffer.from(text, 'base64').toString('utf8'),
    ]),
  );
}
