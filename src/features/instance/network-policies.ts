import {
  EXTERNAL_POLICY,
  INSTANCE_UID_LABEL,
  OPERATOR_POD_LABELS,
  RESTRICT_POLICY,
} from '../../api/names.ts';
import type { ServicePolicies } from '../../api/revision.ts';
import type { AnyObject, Json } from '../../kube/object.ts';
import type { ExposedService } from './exposure.ts';
import type { TrafficPeer } from './traffic.ts';

/** Addresses that are public in no network: cluster, node and metadata addresses are among them. IPv4. */
const PRIVATE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; pod ranges of some clouds
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local: metadata services
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** The same for IPv6, and the ranges that embed IPv4 addresses (a way around the list above). */
const PRIVATE_V6 = [
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/** Where cluster DNS runs: namespace, values of its pods' label (undefined: all pods) and the port they listen on. */
const DNS_PEERS: readonly {
  readonly namespace: string;
  readonly apps?: readonly string[];
  readonly port: number;
}[] = [
  // kube-dns is what CoreDNS is labelled with nearly everywhere, for the sake of its predecessor's Service.
  { namespace: 'kube-system', apps: ['kube-dns', 'coredns'], port: 53 },
  { namespace: 'openshift-dns', port: 5353 },
];
const DNS_APP_LABEL = 'k8s-app';
/** Address of the node-local DNS cache, which is link-local. */
const NODE_LOCAL_DNS = '169.254.20.10/32';

/** Namespaces that ingress controllers are commonly installed in. */
export const INGRESS_NAMESPACES: readonly string[] = [
  'contour',
  'haproxy-controller',
  'ingress-nginx',
  'istio-ingress',
  'istio-system',
  'kong',
  'nginx-gateway',
  'openshift-ingress',
  'projectcontour',
  'traefik',
];
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Where the API server answers, behind its Service. */
export interface ApiServerAddress {
  readonly cidr: string;
  readonly port: number;
}

/** What the two policies of an instance depend on. */
export interface NetworkFacts {
  readonly egress: ServicePolicies['egress'];
  readonly exposed: readonly ExposedService[];
  /** Pods of the instance talk to the API server (the chart binds a Role). */
  readonly usesApi: boolean;
  readonly apiServer: readonly ApiServerAddress[];
  /** Ranges of the cluster's pods and services: closed to egress even where they are public, and not outside. */
  readonly clusterCidrs: readonly string[];
  /** Public addresses of nodes: closed to egress, but traffic from outside may come through them. */
  readonly nodeCidrs: readonly string[];
  readonly ingressNamespaces: readonly string[];
  /** The operator's namespace where its pods ask the instance's for metrics; undefined where they don't. */
  readonly monitor: string | undefined;
  /** Instances whose packets are let in and, where the service leaves egress open, out. */
  readonly peers: readonly TrafficPeer[];
}

/**
 * NetworkPolicies of an instance, with KubePlus's names. Several policies add up: `restrict-cross-ns-traffic` isolates
 * all pods in both directions, `allow-external-traffic` (and `allow-external-traffic-<service>` for every further exposed
 * Service, whose selector is another) opens the pods that are meant to be reached.
 */
export function networkPolicies(facts: NetworkFacts): readonly AnyObject[] {
  const [first, ...others] = facts.exposed;
  return [
    policy(RESTRICT_POLICY, restrictSpec(facts)),
    policy(EXTERNAL_POLICY, first === undefined ? closedSpec() : externalSpec(first, facts)),
    ...others.map((service) =>
      policy(`${EXTERNAL_POLICY}-${service.name}`.slice(0, 253), externalSpec(service, facts)),
    ),
  ];
}

function policy(name: string, spec: Json): AnyObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec };
}

function restrictSpec(facts: NetworkFacts): Json {
  return {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [{ podSelector: {} }] },
      ...facts.peers.map((peer) => ({ from: [peerSelector(peer)] })),
      ...(facts.monitor === undefined ? [] : [{ from: [operatorSelector(facts.monitor)] }]),
    ],
    egress: facts.egress === 'all' ? [{}] : limitedEgress(facts),
  };
}

function limitedEgress(facts: NetworkFacts): readonly Json[] {
  const { v4, v6 } = byFamily([...facts.clusterCidrs, ...facts.nodeCidrs]);
  const everywhere = [block('0.0.0.0/0', [...PRIVATE_V4, ...v4]), block('::/0', [...PRIVATE_V6, ...v6])];
  return [
    { to: [{ podSelector: {} }] },
    ...DNS_PEERS.map(dnsRule),
    { to: [{ ipBlock: { cidr: NODE_LOCAL_DNS } }], ports: dnsPorts(53) },
    // What the service closes, its consumers don't open: they may be asked, but don't call by themselves.
    ...(facts.egress === 'default'
      ? [{ to: everywhere }, ...facts.peers.map((peer) => ({ to: [peerSelector(peer)] }))]
      : []),
    ...(facts.usesApi ? facts.apiServer.map(apiRule) : []),
  ];
}

/**
 * The namespace by its name, where KubePlus's users look for it, and by the UID, which only the operator gives to a namespace: who takes the
 * name later is not meant, nor is a namespace that no policies close.
 */
function peerSelector({ namespace, uid }: TrafficPeer): Json {
  const matchExpressions = [
    { key: NAMESPACE_NAME_LABEL, operator: 'In', values: [namespace] },
    { key: INSTANCE_UID_LABEL, operator: 'In', values: [uid] },
  ];
  return { namespaceSelector: { matchExpressions } };
}

/** The operator's own pods and no others in its namespace: only who may make pods there could look like one. */
function operatorSelector(namespace: string): Json {
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME_LABEL]: namespace } },
    podSelector: { matchLabels: OPERATOR_POD_LABELS },
  };
}

function dnsRule({ namespace, apps, port }: (typeof DNS_PEERS)[number]): Json {
  const namespaceSelector = { matchLabels: { [NAMESPACE_NAME_LABEL]: namespace } };
  const podSelector = { matchExpressions: [{ key: DNS_APP_LABEL, operator: 'In', values: apps ?? [] }] };
  return {
    to: [apps === undefined ? { namespaceSelector } : { namespaceSelector, podSelector }],
    ports: dnsPorts(port),
  };
}

function dnsPorts(port: number): Json {
  return [
    { protocol: 'UDP', port },
    { protocol: 'TCP', port },
  ];
}

function apiRule({ cidr, port }: ApiServerAddress): Json {
  return { to: [{ ipBlock: { cidr } }], ports: [{ protocol: 'TCP', port }] };
}

/** Nothing is exposed: the policy stands there, as in KubePlus, and opens nothing. */
function closedSpec(): Json {
  return { podSelector: {}, policyTypes: ['Ingress'], ingress: [] };
}

function externalSpec(service: ExposedService, facts: NetworkFacts): Json {
  const controllers = {
    namespaceSelector: {
      matchExpressions: [{ key: NAMESPACE_NAME_LABEL, operator: 'In', values: [...facts.ingressNamespaces] }],
    },
  };
  return {
    podSelector: { matchLabels: { ...service.selector } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: service.outside ? [...outsideBlocks(facts), controllers] : [controllers],
        ports: service.ports.map(({ port, protocol }) => ({ port, protocol })),
      },
    ],
  };
}

/** Everything but the cluster's own ranges: other tenants' pods come with a pod's address, nodes are let in. */
function outsideBlocks(facts: NetworkFacts): readonly Json[] {
  const { v4, v6 } = byFamily(facts.clusterCidrs);
  return [block('0.0.0.0/0', v4), block('::/0', v6)];
}

function block(cidr: string, except: readonly string[]): Json {
  const unique = [...new Set(except)].sort();
  return { ipBlock: unique.length === 0 ? { cidr } : { cidr, except: unique } };
}

function byFamily(cidrs: readonly string[]): {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
} {
  return { v4: cidrs.filter((cidr) => !cidr.includes(':')), v6: cidrs.filter((cidr) => cidr.includes(':')) };
}
