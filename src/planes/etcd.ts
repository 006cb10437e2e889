import { POD_DISRUPTION_BUDGET, SERVICE, STATEFUL_SET } from '../kube/builtin-kinds.ts';
import { partOf, type Part } from './object-of.ts';
import {
  CERTIFICATES_SECRET,
  ETCD,
  ETCD_PEER_PORT,
  ETCD_PEERS,
  ETCD_PORT,
  etcdMemberHosts,
} from './plane-names.ts';
import { resourcesOf } from './program-resources.ts';
import type { PlanePki } from './plane-pki.ts';
import type { PlaneSpec, PlaneStore } from './plane-spec.ts';
import { CONTAINER_SECURITY, podLabels, podTemplate, secretVolume, type Container } from './pod-form.ts';
import { keysAnnotation } from './keys-annotation.ts';
import type { EtcdLimits } from './store/etcd-store.ts';

/** Health alone, without TLS, for the kubelet; the network policy lets nobody else in. */
const HEALTH_PORT = 2381;
/** etcd's own advice for the largest database; what is above needs a plane of another kind. */
export const ETCD_QUOTA_BYTES = 2 * 1024 ** 3;
/** A restore of a plane is one transaction: all of its objects. What is larger takes several. */
export const ETCD_LIMITS: EtcdLimits = { operations: 50_000, bytes: 12 * 1024 ** 2 };
/** etcd counts what is around a request as well. */
const MAX_REQUEST_BYTES = 16 * 1024 ** 2;
const DATA = '/var/lib/etcd';
const CERTS = '/etc/etcd';

/** An etcd for one plane, of one member or several, the data of each on a volume. */
export function etcdParts(
  spec: PlaneSpec,
  pki: PlanePki,
  { size }: Extract<PlaneStore, { kind: 'etcd' }>,
): { readonly base: readonly Part[]; readonly servers: readonly Part[] } {
  const labels = podLabels(spec, ETCD);
  const service = partOf(spec, SERVICE, ETCD, {
    spec: {
      type: 'ClusterIP',
      selector: labels,
      // The API server tries until etcd answers: it need not wait for a probe as well.
      publishNotReadyAddresses: true,
      ports: [{ name: ETCD, port: ETCD_PORT, targetPort: ETCD_PORT, protocol: 'TCP' }],
    },
  });
  const members = spec.etcdMembers ?? 1;
  const template = podTemplate({ ...spec, replicas: members }, ETCD, {
    // Whatever is acknowledged is on the disk.
    terminationGracePeriodSeconds: 10,
    containers: [etcdContainer(spec)],
    volumes: [secretVolume('certs', CERTIFICATES_SECRET, ['etcd-ca.crt', 'etcd.crt', 'etcd.key'])],
  });
  const set = partOf(spec, STATEFUL_SET, ETCD, {
    spec: {
      // Each member has a name of its own; both fields can't be changed later.
      ...(members === 1
        ? { serviceName: ETCD }
        : { serviceName: ETCD_PEERS, podManagementPolicy: 'Parallel' }),
      replicas: spec.asleep === true ? 0 : members,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, annotations: keysAnnotation(pki) } },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data', labels },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
        },
      ],
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
    },
  });
  return { base: [service, ...(members === 1 ? [] : peerParts(spec, labels))], servers: [set] };
}

/** What several members need beside one: a name for each before it is ready, and never two away at a time by intent. */
function peerParts(spec: PlaneSpec, labels: Readonly<Record<string, string>>): readonly Part[] {
  return [
    partOf(spec, SERVICE, ETCD_PEERS, {
      spec: {
        type: 'ClusterIP',
        clusterIP: 'None',
        selector: labels,
        publishNotReadyAddresses: true,
        ports: [{ name: 'peer', port: ETCD_PEER_PORT, targetPort: ETCD_PEER_PORT, protocol: 'TCP' }],
      },
    }),
    partOf(spec, POD_DISRUPTION_BUDGET, ETCD, {
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    }),
  ];
}

/** How a member is called among the members; the kubelet puts the pod's name in. */
function membership(spec: PlaneSpec): {
  readonly name: string;
  readonly own: string;
  readonly others: readonly string[];
} {
  const hosts = etcdMemberHosts(spec);
  const url = (host: string): string => `https://${host}:${ETCD_PEER_PORT}`;
  if (hosts.length === 0) return { name: ETCD, own: url('127.0.0.1'), others: [] };
  return {
    name: '$(POD_NAME)',
    own: url(`$(POD_NAME).${ETCD_PEERS}.${spec.namespace}.svc`),
    others: hosts.map((host, n) => `${ETCD}-${n}=${url(host)}`),
  };
}

function etcdContainer(spec: PlaneSpec): Container {
  const { images, namespace, resources } = spec;
  const { name, own, others } = membership(spec);
  const pem = (file: string): string => `${CERTS}/${file}`;
  const files = (prefix: string): readonly string[] => [
    `--${prefix}cert-file=${pem('etcd.crt')}`,
    `--${prefix}key-file=${pem('etcd.key')}`,
    `--${prefix}trusted-ca-file=${pem('etcd-ca.crt')}`,
    `--${prefix}client-cert-auth=true`,
  ];
  return {
    name: ETCD,
    image: images.etcd,
    imagePullPolicy: images.pullPolicy,
    args: [
      `--name=${name}`,
      `--data-dir=${DATA}/data`,
      `--listen-client-urls=https://0.0.0.0:${ETCD_PORT}`,
      `--advertise-client-urls=https://${ETCD}.${namespace}.svc:${ETCD_PORT}`,
      `--listen-peer-urls=https://${others.length === 0 ? '127.0.0.1' : '0.0.0.0'}:${ETCD_PEER_PORT}`,
      `--initial-advertise-peer-urls=${own}`,
      `--initial-cluster=${others.length === 0 ? `${name}=${own}` : others.join(',')}`,
      `--listen-metrics-urls=http://0.0.0.0:${HEALTH_PORT}`,
      ...files(''),
      ...files('peer-'),
      // Fewer entries in memory between snapshots: 5 MB less a plane.
      '--snapshot-count=1000',
      `--quota-backend-bytes=${ETCD_QUOTA_BYTES}`,
      `--max-txn-ops=${ETCD_LIMITS.operations}`,
      `--max-request-bytes=${MAX_REQUEST_BYTES}`,
      '--log-level=warn',
    ],
    env: [
      { name: 'GOGC', value: '40' },
      ...(others.length === 0
        ? []
        : [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }]),
    ],
    readinessProbe: { httpGet: { path: '/readyz', port: HEALTH_PORT }, periodSeconds: 5 },
    livenessProbe: {
      httpGet: { path: '/livez', port: HEALTH_PORT },
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 10,
      failureThreshold: 6,
    },
    resources: resourcesOf(resources?.etcd, { cpu: '20m', memory: '48Mi' }),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'data', mountPath: DATA },
      { name: 'certs', mountPath: CERTS, readOnly: true },
    ],
  };
}
