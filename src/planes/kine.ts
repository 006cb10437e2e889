import type { Part } from './object-of.ts';
import type { PlaneSpec, PlaneStore } from './plane-spec.ts';
import { CONTAINER_SECURITY, secretVolume, type Container, type Volume } from './pod-form.ts';
import { secretPart } from './secrets.ts';
import { pgpassLine } from './store/pgpass.ts';

type PostgresStore = Extract<PlaneStore, { kind: 'postgres' }>;

/** Secret with what kine reads; under `password` the password alone. */
export const DATASTORE_SECRET = 'datastore';
const FOLDER = '/etc/datastore';
/** A folder of the pod's own: nobody outside reaches kine, which asks nobody who he is. */
const SOCKET_FOLDER = '/var/run/kine';
/** Connections of one kine: what a plane under load needs, and little enough that hundreds share one server. */
const MAX_CONNECTIONS = 8;
const IDLE_CONNECTIONS = 2;

/** Where the API server finds kine. */
export const KINE_SOCKET = `unix://${SOCKET_FOLDER}/kine.sock`;

/** Connections that the role of a plane may hold: two API servers more than there are, for an update. */
export function connectionLimit(replicas: number): number {
  return MAX_CONNECTIONS * (replicas + 2);
}

/** What kine reads: the password and whom to trust. */
export function kineParts(spec: PlaneSpec, store: PostgresStore): readonly Part[] {
  const { host, port, database, role, password, ca } = store;
  return [
    secretPart(spec, DATASTORE_SECRET, {
      password,
      pgpass: pgpassLine({ host, port, database, user: role, password }),
      'ca.crt': ca,
    }),
  ];
}

/** The program that speaks etcd's language to one API server and SQL to the database, in the API server's pod. */
export function kineSidecar(
  { images }: PlaneSpec,
  { host, port, database, role }: PostgresStore,
): { readonly container: Container; readonly volumes: readonly Volume[] } {
  const container: Container = {
    name: 'kine',
    image: images.kine,
    imagePullPolicy: images.pullPolicy,
    // Starts before the API server and ends after it.
    restartPolicy: 'Always',
    args: [
      `--endpoint=postgres://${role}@${host}:${port}/${database}?sslmode=verify-full&sslrootcert=${FOLDER}/ca.crt`,
      `--listen-address=${KINE_SOCKET}`,
      '--metrics-bind-address=0',
      `--datastore-max-open-connections=${MAX_CONNECTIONS}`,
      `--datastore-max-idle-connections=${IDLE_CONNECTIONS}`,
    ],
    env: [
      { name: 'GOGC', value: '40' },
      { name: 'PGPASSFILE', value: `${FOLDER}/pgpass` },
    ],
    resources: { requests: { cpu: '20m', memory: '48Mi' } },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'datastore', mountPath: FOLDER, readOnly: true },
      { name: 'kine', mountPath: SOCKET_FOLDER },
    ],
  };
  return {
    container,
    volumes: [
      secretVolume('datastore', DATASTORE_SECRET, ['pgpass', 'ca.crt']),
      { name: 'kine', emptyDir: {} },
    ],
  };
}

/** How the API server's container reaches kine. */
export const KINE_MOUNT: NonNullable<Container['volumeMounts']>[number] = {
  name: 'kine',
  mountPath: SOCKET_FOLDER,
};
