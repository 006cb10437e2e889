import { INSTANCE_UID_LABEL } from '../api/names.ts';
import { NETWORK_POLICY, SERVICE, STATEFUL_SET } from '../kube/builtin-kinds.ts';
import { sha256 } from '../lib/hash.ts';
import { partOf, type Part, type PartOwner } from './object-of.ts';
import { operatorPods } from './operator-pods.ts';
import { API_SERVER, PLANE_LABEL, POSTGRES, POSTGRES_PORT } from './plane-names.ts';
import type { PlaneImages } from './plane-spec.ts';
import { CONTAINER_SECURITY, podLabels, podTemplate, secretVolume, type Container } from './pod-form.ts';
import { secretPart } from './secrets.ts';

/** Keys and password of the server; random, so what there is is kept. */
export interface PostgresKeys {
  readonly authority: { readonly cert: string; readonly key: string };
  readonly server: { readonly cert: string; readonly key: string };
  /** Of the role `postgres`. */
  readonly password: string;
}

/** One PostgreSQL for the planes of a cluster. */
export interface PostgresSpec extends PartOwner {
  readonly images: Pick<PlaneImages, 'postgres' | 'pullPolicy'>;
  /** Where the operator runs, which makes roles and databases. */
  readonly operatorNamespace: string;
  readonly size: string;
}

/** Secret with the server's keys and its password. */
export const POSTGRES_SECRET = 'postgres-server';
/** User and group of PostgreSQL's images. */
const POSTGRES_USER = 999;
const DATA = '/var/lib/postgresql/data';
const KEYS = '/etc/postgresql/keys';
/** Connections of all planes: each idle one holds two, one under load eight. */
const MAX_CONNECTIONS = 600;
/** A role reaches the database of its own name alone, by TLS; the first line is for the server's own first start. */
const HBA = `local all postgres scram-sha-256
hostssl all postgres all scram-sha-256
hostssl sameuser all all scram-sha-256
`;

/** The server's name for planes and the operator. */
export function postgresHost(namespace: string): string {
  return `${POSTGRES}.${namespace}.svc`;
}

/** Its objects. Pure. */
export function postgresParts(spec: PostgresSpec, keys: PostgresKeys): readonly Part[] {
  const labels = podLabels(spec, POSTGRES);
  const template = podTemplate({ ...spec, replicas: 1, images: {} }, POSTGRES, {
    user: POSTGRES_USER,
    containers: [container(spec)],
    volumes: [
      secretVolume('keys', POSTGRES_SECRET, ['tls.crt', 'tls.key', 'pg_hba.conf', 'password']),
      { name: 'run', emptyDir: {} },
    ],
  });
  // Read at the start alone.
  const annotations = { 'tenantry.dev/keys': sha256(keys.server.cert).slice(0, 16) };
  return [
    secretPart(spec, POSTGRES_SECRET, {
      'ca.crt': keys.authority.cert,
      'ca.key': keys.authority.key,
      'tls.crt': keys.server.cert,
      'tls.key': keys.server.key,
      password: keys.password,
      'pg_hba.conf': HBA,
    }),
    partOf(spec, NETWORK_POLICY, POSTGRES, { spec: networkOf(spec) }),
    partOf(spec, SERVICE, POSTGRES, {
      spec: {
        type: 'ClusterIP',
        selector: labels,
        ports: [{ name: POSTGRES, port: POSTGRES_PORT, targetPort: POSTGRES_PORT, protocol: 'TCP' }],
      },
    }),
    partOf(spec, STATEFUL_SET, POSTGRES, {
      spec: {
        serviceName: POSTGRES,
        replicas: 1,
        selector: { matchLabels: labels },
        template: { ...template, metadata: { ...template.metadata, annotations } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data', labels },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: spec.size } } },
          },
        ],
      },
    }),
  ];
}

/** Keys out of the Secret's texts; undefined where a part is missing. */
export function readPostgresKeys(files: Readonly<Record<string, string>>): PostgresKeys | undefined {
  const text = (key: string): string => files[key] ?? '';
  const keys = {
    authority: { cert: text('ca.crt'), key: text('ca.key') },
    server: { cert: text('tls.crt'), key: text('tls.key') },
    password: text('password'),
  };
  const parts = [...Object.values(keys.authority), ...Object.values(keys.server), keys.password];
  return parts.every((part) => part !== '') ? keys : undefined;
}

/** The pods of API servers of planes and the operator come in, nothing goes out. */
function networkOf(spec: PostgresSpec) {
  const planes = {
    namespaceSelector: {
      matchExpressions: [INSTANCE_UID_LABEL, PLANE_LABEL].map((key) => ({ key, operator: 'Exists' })),
    },
    podSelector: { matchLabels: { app: API_SERVER } },
  };
  const operator = operatorPods(spec.operatorNamespace);
  return {
    podSelector: { matchLabels: podLabels(spec, POSTGRES) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [planes, operator], ports: [{ port: POSTGRES_PORT, protocol: 'TCP' }] }],
  };
}

function container({ images }: PostgresSpec): Container {
  const settings = {
    ssl: 'on',
    ssl_cert_file: `${KEYS}/tls.crt`,
    ssl_key_file: `${KEYS}/tls.key`,
    hba_file: `${KEYS}/pg_hba.conf`,
    listen_addresses: '*',
    max_connections: String(MAX_CONNECTIONS),
  };
  return {
    name: POSTGRES,
    image: images.postgres,
    imagePullPolicy: images.pullPolicy,
    args: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    env: [
      { name: 'PGDATA', value: `${DATA}/pgdata` },
      { name: 'POSTGRES_PASSWORD_FILE', value: `${KEYS}/password` },
    ],
    readinessProbe: { tcpSocket: { port: POSTGRES_PORT }, periodSeconds: 2 },
    resources: { requests: { cpu: '50m', memory: '128Mi' } },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'keys', mountPath: KEYS, readOnly: true },
      { name: 'run', mountPath: '/var/run/postgresql' },
    ],
  };
}
