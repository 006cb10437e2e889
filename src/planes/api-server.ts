import { DEPLOYMENT, POD_DISRUPTION_BUDGET, SERVICE } from '../kube/builtin-kinds.ts';
import { auditArgs, auditMounts, auditVolume } from './audit.ts';
import { doorArgs, doorMounts } from './door.ts';
import { encryptionArgs, encryptionMounts } from './encryption.ts';
import { ETCD_PREFIX_MOUNT, etcdPrefixArgs } from './etcd-client-files.ts';
import { KINE_MOUNT, KINE_SOCKET, kineSidecar } from './kine.ts';
import { keysAnnotation } from './keys-annotation.ts';
import { partOf, type Part } from './object-of.ts';
import {
  API_SERVER,
  API_SERVER_PORT,
  CERTIFICATES_SECRET,
  ETCD,
  ETCD_PORT,
  etcdMemberHosts,
  SERVICE_PORT,
} from './plane-names.ts';
import { resourcesOf } from './program-resources.ts';
import type { PlanePki } from './plane-pki.ts';
import type { ExtraMount, PlaneSpec, PlaneStore } from './plane-spec.ts';
import {
  CONTAINER_SECURITY,
  podLabels,
  podTemplate,
  secretVolume,
  type Container,
  type Volume,
} from './pod-form.ts';

const CERTS = '/etc/kubernetes/pki';
/** What the API server reads of the Secret; keys of authorities stay out of its pod. */
const CERT_FILES = [
  'ca.crt',
  'client-ca.crt',
  'front-proxy-ca.crt',
  'apiserver.crt',
  'apiserver.key',
  'apiserver-kubelet-client.crt',
  'apiserver-kubelet-client.key',
  'front-proxy-client.crt',
  'front-proxy-client.key',
  'sa.key',
  'sa.pub',
];
const ETCD_FILES = ['etcd-ca.crt', 'apiserver-etcd-client.crt', 'apiserver-etcd-client.key'];
/** Requests may still come here until every node has heard that the pod goes. */
const FAREWELL_SECONDS = 3;
/** What is under way may end; one whose store is gone already would wait for it in vain. */
const END_SECONDS = 12;
/** Seconds that a start may take before it is tried anew: a large database on a slow disk. */
const START_SECONDS = 180;

/** The API server of a plane and its Service. */
export function apiServerParts(
  spec: PlaneSpec,
  pki: PlanePki,
  store: PlaneStore,
): { readonly base: readonly Part[]; readonly servers: readonly Part[] } {
  const labels = podLabels(spec, API_SERVER);
  const service = partOf(spec, SERVICE, spec.name, {
    spec: {
      type: spec.serviceType,
      selector: labels,
      ports: [{ name: 'https', port: SERVICE_PORT, targetPort: API_SERVER_PORT, protocol: 'TCP' }],
    },
  });
  const budget = partOf(spec, POD_DISRUPTION_BUDGET, API_SERVER, {
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  });
  const template = apiServerPod(spec, store);
  const deployment = partOf(spec, DEPLOYMENT, API_SERVER, {
    spec: {
      replicas: spec.asleep === true ? 0 : spec.replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { ...template, metadata: { ...template.metadata, annotations: keysAnnotation(pki) } },
    },
  });
  return { base: [service, ...(spec.replicas > 1 ? [budget] : [])], servers: [deployment] };
}

function apiServerPod(spec: PlaneSpec, store: PlaneStore): ReturnType<typeof podTemplate> {
  const mounts = [
    ...(store.kind === 'etcd-prefix' ? [ETCD_PREFIX_MOUNT] : []),
    ...doorMounts(spec),
    ...auditMounts(spec),
    ...encryptionMounts(spec),
    ...(spec.apiServer?.mounts ?? []),
  ];
  const log = auditVolume(spec);
  const kine = store.kind === 'postgres' ? kineSidecar(spec, store) : undefined;
  const keys = [...CERT_FILES, ...(store.kind === 'etcd' ? ETCD_FILES : [])];
  return podTemplate(spec, API_SERVER, {
    ...(kine === undefined ? {} : { initContainers: [kine.container] }),
    terminationGracePeriodSeconds: END_SECONDS,
    containers: [apiServerContainer(spec, store, mounts)],
    volumes: [
      secretVolume('certs', CERTIFICATES_SECRET, keys),
      ...(kine?.volumes ?? []),
      ...mounts.map(extraVolume),
      ...(log === undefined ? [] : [log.volume]),
    ],
  });
}

function apiServerContainer(spec: PlaneSpec, store: PlaneStore, mounts: readonly ExtraMount[]): Container {
  const log = auditVolume(spec);
  const probe = (path: string) => ({ httpGet: { path, port: API_SERVER_PORT, scheme: 'HTTPS' } });
  return {
    name: API_SERVER,
    image: spec.images.apiServer,
    imagePullPolicy: spec.images.pullPolicy,
    args: apiServerArgs(spec, store),
    env: [{ name: 'GOGC', value: '40' }],
    ports: [{ name: 'https', containerPort: API_SERVER_PORT, protocol: 'TCP' }],
    lifecycle: { preStop: { sleep: { seconds: FAREWELL_SECONDS } } },
    startupProbe: {
      ...probe('/readyz'),
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: START_SECONDS,
    },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 10 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 15, failureThreshold: 8 },
    resources: resourcesOf(spec.resources?.apiServer, { cpu: '50m', memory: '192Mi' }),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'certs', mountPath: CERTS, readOnly: true },
      ...(store.kind === 'postgres' ? [KINE_MOUNT] : []),
      ...mounts.map(({ name }) => ({
        name: `extra-${name}`,
        mountPath: `/etc/tenantry/${name}`,
        readOnly: true,
      })),
      ...(log === undefined ? [] : [log.mount]),
    ],
  };
}

/** Flags of one API server: Kubernetes' own, and what makes it small (measured). */
function apiServerArgs(spec: PlaneSpec, store: PlaneStore): readonly string[] {
  const pem = (name: string): string => `${CERTS}/${name}`;
  return [
    ...storeArgs(spec, store),
    `--secure-port=${API_SERVER_PORT}`,
    `--tls-cert-file=${pem('apiserver.crt')}`,
    `--tls-private-key-file=${pem('apiserver.key')}`,
    `--client-ca-file=${pem('client-ca.crt')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--enable-bootstrap-token-auth=true',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pem('sa.pub')}`,
    `--service-account-signing-key-file=${pem('sa.key')}`,
    `--service-cluster-ip-range=${spec.serviceCidr}`,
    `--kubelet-certificate-authority=${pem('ca.crt')}`,
    `--kubelet-client-certificate=${pem('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${pem('apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
    `--requestheader-client-ca-file=${pem('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pem('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${pem('front-proxy-client.key')}`,
    // One tenant needs no shares of his own requests, and no endpoints of an address that no pod of his reaches.
    '--enable-priority-and-fairness=false',
    '--endpoint-reconciler-type=none',
    '--profiling=false',
    ...doorArgs(spec),
    ...auditArgs(spec),
    ...encryptionArgs(spec),
    ...(spec.apiServer?.args ?? []),
  ];
}

function storeArgs(spec: PlaneSpec, store: PlaneStore): readonly string[] {
  if (store.kind === 'postgres') return [`--etcd-servers=${KINE_SOCKET}`];
  if (store.kind === 'etcd-prefix') return etcdPrefixArgs(store);
  return [
    `--etcd-servers=${etcdUrls(spec).join(',')}`,
    `--etcd-cafile=${CERTS}/etcd-ca.crt`,
    `--etcd-certfile=${CERTS}/apiserver-etcd-client.crt`,
    `--etcd-keyfile=${CERTS}/apiserver-etcd-client.key`,
  ];
}

/** Several are named each: the API server turns to another one when one is gone. */
function etcdUrls(spec: PlaneSpec): readonly string[] {
  const hosts = etcdMemberHosts(spec);
  return (hosts.length === 0 ? [`${ETCD}.${spec.namespace}.svc`] : hosts).map(
    (host) => `https://${host}:${ETCD_PORT}`,
  );
}

function extraVolume({ name, from }: ExtraMount): Volume {
  if ('configMap' in from) return { name: `extra-${name}`, configMap: { name: from.configMap } };
  const { secret, keys } = from;
  if (keys !== undefined) return secretVolume(`extra-${name}`, secret, keys);
  return { name: `extra-${name}`, secret: { secretName: secret, defaultMode: 0o440 } };
}
