import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  CONFIG_MAP,
  DEPLOYMENT,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
  STORAGE_CLASS,
} from '../kube/builtin-kinds.ts';
import { apiVersionOf, type Kind } from '../kube/kind.ts';
import type { AnyObject } from '../kube/object.ts';
import type { KeyPair } from '../pki/certificate.ts';
import { agentRules } from './agent/agent-rules.ts';
import { AGENT_GROUP, API_SERVER_KUBELET_USER } from './certificates.ts';
import type { NetworkPlan } from './network-plan.ts';
import type { SystemImages } from './system-images.ts';

/** An object to apply, with the kind that tells where. */
export interface Addon {
  readonly kind: Kind;
  readonly object: AnyObject;
}

/** What add-ons are made from. */
export interface AddonOptions {
  readonly network: NetworkPlan;
  readonly images: SystemImages;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  readonly metricsServer: KeyPair;
}

/** Kubernetes' aggregation: `metrics.k8s.io` is served by another server behind the API server. */
const API_SERVICE: Kind = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  namespaced: false,
};

const NAMESPACE = 'kube-system';
const RBAC = 'rbac.authorization.k8s.io';
/**
 * The port that network policies everywhere name: they act on the pod's own port, behind the Service. A user without rights may
 * open it because the pod's namespace says so (a safe sysctl).
 */
const DNS_PORT = 53;
const METRICS_PORT = 10_250;

/** All objects that make a bare control plane a usable cluster, in the order in which they are applied. */
export function addons(options: AddonOptions): readonly Addon[] {
  return [...access(), ...storage(), ...dns(options), ...metrics(options)];
}

function make(kind: Kind, name: string, rest: Readonly<Record<string, unknown>>): Addon {
  const metadata = {
    name,
    ...(kind.namespaced ? { namespace: NAMESPACE } : {}),
    labels: { 'k8s-app': name.replaceAll(':', '.') },
  };
  return { kind, object: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, ...rest } };
}

const clusterBinding = (name: string, role: string, subject: Readonly<Record<string, string>>): Addon =>
  make(CLUSTER_ROLE_BINDING, name, {
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [subject],
  });
const account = (name: string): Record<string, string> => ({
  kind: 'ServiceAccount',
  name,
  namespace: NAMESPACE,
});

/** Rights of the cluster's own components that Kubernetes' built-in rules do not give. */
function access(): Addon[] {
  return [
    clusterBinding('tenantry:kube-apiserver-kubelet', 'system:kubelet-api-admin', {
      kind: 'User',
      name: API_SERVER_KUBELET_USER,
      apiGroup: RBAC,
    }),
    make(CLUSTER_ROLE, 'tenantry:agent', { rules: agentRules }),
    clusterBinding('tenantry:agent', 'tenantry:agent', { kind: 'Group', name: AGENT_GROUP, apiGroup: RBAC }),
  ];
}

function storage(): Addon[] {
  const standard = make(STORAGE_CLASS, 'standard', {
    provisioner: 'tenantry.dev/local',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  return [
    { ...standard, object: { ...standard.object, metadata: { ...standard.object.metadata, annotations } } },
  ];
}

/** Names outside the cluster do not exist: there is no way out, and saying so at once is better than a time-out. */
const COREFILE = `cluster.local:${DNS_PORT} in-addr.arpa:${DNS_PORT} ip6.arpa:${DNS_PORT} {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    cache {
        success 9984 5
        denial 9984 1
    }
    prometheus :9153
    loadbalance
}
.:${DNS_PORT} {
    errors
    template ANY ANY {
        rcode NXDOMAIN
    }
}
`;

function dns({ network, images }: AddonOptions): Addon[] {
  const port = (name: string, protocol: string): object => ({
    name,
    port: 53,
    targetPort: DNS_PORT,
    protocol,
  });
  const service = make(SERVICE, 'kube-dns', {
    spec: {
      selector: { 'k8s-app': 'kube-dns' },
      clusterIP: network.dns,
      ports: [port('dns', 'UDP'), port('dns-tcp', 'TCP'), { name: 'metrics', port: 9153, protocol: 'TCP' }],
    },
  });
  return [
    make(SERVICE_ACCOUNT, 'coredns', {}),
    make(CLUSTER_ROLE, 'tenantry:coredns', {
      rules: [
        {
          apiGroups: [''],
          resources: ['services', 'pods', 'namespaces', 'endpoints'],
          verbs: ['list', 'watch'],
        },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    }),
    clusterBinding('tenantry:coredns', 'tenantry:coredns', account('coredns')),
    make(CONFIG_MAP, 'coredns', { data: { Corefile: COREFILE } }),
    service,
    deployment('coredns', {
      image: images.coredns.ref,
      args: ['-conf', '/etc/coredns/Corefile'],
      ports: [
        { name: 'dns', containerPort: DNS_PORT, protocol: 'UDP' },
        { name: 'dns-tcp', containerPort: DNS_PORT, protocol: 'TCP' },
      ],
      readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
      livenessProbe: { httpGet: { path: '/health', port: 8080 }, periodSeconds: 10 },
      memory: '170Mi',
      // As everywhere: policies that let pods ask for names select this.
      app: 'kube-dns',
      lowestPort: DNS_PORT,
      volumes: [{ name: 'config', mount: '/etc/coredns', source: { configMap: { name: 'coredns' } } }],
    }),
  ];
}

function metrics({ images, ca, metricsServer }: AddonOptions): Addon[] {
  const name = 'metrics-server';
  return [
    make(SERVICE_ACCOUNT, name, {}),
    make(CLUSTER_ROLE, `system:${name}`, {
      rules: [
        { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ],
    }),
    metricsReader(),
    clusterBinding(`system:${name}`, `system:${name}`, account(name)),
    clusterBinding(`${name}:system:auth-delegator`, 'system:auth-delegator', account(name)),
    make(ROLE_BINDING, `${name}-auth-reader`, {
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects: [account(name)],
    }),
    make(SECRET, `${name}-tls`, {
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': base64(metricsServer.cert), 'tls.key': base64(metricsServer.key) },
    }),
    make(SERVICE, name, {
      spec: {
        selector: { 'k8s-app': name },
        ports: [{ name: 'https', port: 443, targetPort: METRICS_PORT }],
      },
    }),
    deployment(name, {
      image: images.metricsServer.ref,
      args: [
        `--secure-port=${METRICS_PORT}`,
        '--tls-cert-file=/tls/tls.crt',
        '--tls-private-key-file=/tls/tls.key',
        '--kubelet-certificate-authority=/ca/ca.crt',
        '--kubelet-preferred-address-types=InternalIP',
        '--kubelet-use-node-status-port',
        // The least that it takes: more than the 10 s it gives a kubelet to answer.
        '--metric-resolution=15s',
      ],
      ports: [{ name: 'https', containerPort: METRICS_PORT, protocol: 'TCP' }],
      readinessProbe: { httpGet: { path: '/readyz', port: 'https', scheme: 'HTTPS' }, periodSeconds: 2 },
      livenessProbe: { httpGet: { path: '/livez', port: 'https', scheme: 'HTTPS' }, periodSeconds: 10 },
      memory: '200Mi',
      volumes: [
        { name: 'tls', mount: '/tls', source: { secret: { secretName: `${name}-tls` } } },
        // The controller manager puts the authority into every namespace under this name.
        { name: 'ca', mount: '/ca', source: { configMap: { name: 'kube-root-ca.crt' } } },
      ],
    }),
    make(API_SERVICE, 'v1beta1.metrics.k8s.io', {
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { name, namespace: NAMESPACE },
        caBundle: base64(ca),
      },
    }),
  ];
}

/** Whoever may view a namespace may see what it uses, as on other clusters. */
function metricsReader(): Addon {
  const role = make(CLUSTER_ROLE, 'system:aggregated-metrics-reader', {
    rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
  });
  const to = (name: string): [string, string] => [`rbac.authorization.k8s.io/aggregate-to-${name}`, 'true'];
  const labels = Object.fromEntries(['view', 'edit', 'admin'].map(to));
  return { ...role, object: { ...role.object, metadata: { ...role.object.metadata, labels } } };
}

/** One container of the cluster's own, confined as Pod Security's level `restricted` asks. */
interface Program {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly unknown[];
  readonly readinessProbe: unknown;
  readonly livenessProbe: unknown;
  readonly memory: string;
  /** Value of the label `k8s-app`, where others select by it; the name otherwise. */
  readonly app?: string;
  /** Lowest port that a user without rights may open. */
  readonly lowestPort?: number;
  readonly volumes: readonly { readonly name: string; readonly mount: string; readonly source: object }[];
}

function deployment(name: string, program: Program): Addon {
  const labels = { 'k8s-app': program.app ?? name };
  const sysctls =
    program.lowestPort === undefined
      ? {}
      : { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: String(program.lowestPort) }] };
  const container = {
    name,
    image: program.image,
    imagePullPolicy: 'IfNotPresent',
    args: program.args,
    ports: program.ports,
    readinessProbe: program.readinessProbe,
    livenessProbe: program.livenessProbe,
    resources: { requests: { cpu: '10m', memory: '30Mi' }, limits: { memory: program.memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: program.volumes.map((volume) => ({
      name: volume.name,
      mountPath: volume.mount,
      readOnly: true,
    })),
  };
  return make(DEPLOYMENT, name, {
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          priorityClassName: 'system-cluster-critical',
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...sysctls },
          containers: [container],
          volumes: program.volumes.map((volume) => ({ name: volume.name, ...volume.source })),
        },
      },
    },
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
