import { FIELD_MANAGER, type Client } from '../../client/client.ts';
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  CONFIG_MAP,
  DEPLOYMENT,
  SERVICE,
  SERVICE_ACCOUNT,
} from '../../kube/builtin-kinds.ts';
import { apiVersionOf, type Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { VirtualClusterSettings } from './settings.ts';

const NAMESPACE = 'kube-system';
const NAME = 'coredns';
/** As every distribution names it; policies that let pods ask for names select its pods by this, too. */
const SERVICE_NAME = 'kube-dns';
const LABELS = { 'k8s-app': SERVICE_NAME };
/** Not 53: the user without rights may not. */
const PORT = 1053;
const USER = 65_532;

/** Names of the tenant's cluster; everything else is asked where the node asks, so the host's Services are no names here. */
const COREFILE = `.:${PORT} {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }
    forward . /etc/resolv.conf
    cache {
        success 9984 30
        denial 9984 1
    }
    loadbalance
    reload
}
`;

/** Writes the name server of a virtual cluster into it; what its tenant changed of it is put back. Throws KubeError. */
export async function applyNameServer(cluster: Client, settings: VirtualClusterSettings): Promise<void> {
  for (const [kind, object] of nameServer(settings))
    await cluster.apply(kind, object, { fieldManager: FIELD_MANAGER });
}

/** The objects of the name server, in the order in which they are written. Pure. */
export function nameServer({
  dnsImage,
  pullPolicy,
}: Pick<VirtualClusterSettings, 'dnsImage' | 'pullPolicy'>): readonly (readonly [Kind, KubeObject])[] {
  const make = (kind: Kind, name: string, content: object, isNamespaced = true): [Kind, KubeObject] => [
    kind,
    {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { name, labels: LABELS, ...(isNamespaced ? { namespace: NAMESPACE } : {}) },
      ...content,
    },
  ];
  const port = (name: string, protocol: string) => ({ name, port: 53, targetPort: PORT, protocol });
  return [
    // First of all: pods wait for its address.
    make(SERVICE, SERVICE_NAME, {
      spec: { selector: LABELS, ports: [port('dns', 'UDP'), port('dns-tcp', 'TCP')] },
    }),
    make(SERVICE_ACCOUNT, NAME, {}),
    make(
      CLUSTER_ROLE,
      'tenantry:coredns',
      {
        rules: [
          { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
        ],
      },
      false,
    ),
    make(
      CLUSTER_ROLE_BINDING,
      'tenantry:coredns',
      {
        roleRef: { apiGroup: CLUSTER_ROLE.group, kind: 'ClusterRole', name: 'tenantry:coredns' },
        subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
      },
      false,
    ),
    make(CONFIG_MAP, NAME, { data: { Corefile: COREFILE } }),
    make(DEPLOYMENT, NAME, {
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS },
        template: { metadata: { labels: LABELS }, spec: podSpec(dnsImage, pullPolicy) },
      },
    }),
  ];
}

function podSpec(image: string, imagePullPolicy: string) {
  const probe = (path: string, port: number) => ({ httpGet: { path, port } });
  return {
    serviceAccountName: NAME,
    // It asks nobody in the cluster for names: it is whom they ask.
    dnsPolicy: 'Default',
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: NAME,
        image,
        imagePullPolicy,
        args: ['-conf', '/etc/coredns/Corefile'],
        ports: [
          { name: 'dns', containerPort: PORT, protocol: 'UDP' },
          { name: 'dns-tcp', containerPort: PORT, protocol: 'TCP' },
        ],
        readinessProbe: { ...probe('/ready', 8181), periodSeconds: 1 },
        livenessProbe: { ...probe('/health', 8080), periodSeconds: 10, failureThreshold: 5 },
        resources: {
          requests: { cpu: '20m', memory: '64Mi' },
          limits: { cpu: '1', memory: '170Mi' },
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
      },
    ],
    volumes: [{ name: 'config', configMap: { name: NAME } }],
  };
}
