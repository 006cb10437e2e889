import { OPERATOR_POD_LABELS } from '../api/names.ts';
import { NETWORK_POLICY, type NetworkPolicy } from '../kube/builtin-kinds.ts';
import { partOf, type Part } from './object-of.ts';
import { operatorPods } from './operator-pods.ts';
import {
  API_SERVER,
  API_SERVER_PORT,
  CONTROLLER_MANAGER,
  ETCD,
  ETCD_PEER_PORT,
  ETCD_PORT,
} from './plane-names.ts';
import type { PlaneDoor, PlaneSpec, PlaneStore } from './plane-spec.ts';
import { podLabels } from './pod-form.ts';

type PolicySpec = NonNullable<NetworkPolicy['spec']>;
type Egress = NonNullable<PolicySpec['egress']>[number];

/** Address of the node-local DNS cache, which is link-local. */
const NODE_LOCAL_DNS = '169.254.20.10/32';
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

const DNS: Egress = {
  to: [{ namespaceSelector: {} }, { ipBlock: { cidr: NODE_LOCAL_DNS } }],
  ports: [53, 5353].flatMap((port) => [
    { port, protocol: 'UDP' },
    { port, protocol: 'TCP' },
  ]),
};

/** A member also asks another one as a client does, when it has just come. */
const PEER_PORTS = [ETCD_PORT, ETCD_PEER_PORT].map((port) => ({ port, protocol: 'TCP' }));

/**
 * Who reaches what: everybody the API server, which asks who he is; the API server its store and nothing else of the hosting cluster,
 * though its tenant may name any URL in a webhook; the controllers the API server; the store
 * nobody else but the operator, which looks after it.
 */
export function networkParts(spec: PlaneSpec, store: PlaneStore): readonly Part[] {
  const of = (app: string) => ({ podSelector: { matchLabels: podLabels(spec, app) } });
  const policy = (app: string, rules: Pick<PolicySpec, 'ingress' | 'egress'>): Part =>
    partOf(spec, NETWORK_POLICY, app, {
      spec: { ...of(app), policyTypes: ['Ingress', 'Egress'], ...rules },
    });
  const hasPeers = (spec.etcdMembers ?? 1) > 1;
  return [
    policy(API_SERVER, {
      ingress: [{ ports: [{ port: API_SERVER_PORT, protocol: 'TCP' }] }],
      egress: [DNS, toStore(store, of(ETCD)), ...(spec.door === undefined ? [] : [toDoor(spec.door)])],
    }),
    // What is left out lets nothing in; an empty list would be left out by the API server.
    policy(CONTROLLER_MANAGER, {
      egress: [DNS, { to: [of(API_SERVER)], ports: [{ port: API_SERVER_PORT, protocol: 'TCP' }] }],
    }),
    ...(store.kind === 'etcd'
      ? [
          policy(ETCD, {
            ingress: [
              {
                from: [
                  of(API_SERVER),
                  ...(spec.operatorNamespace === undefined ? [] : [operatorPods(spec.operatorNamespace)]),
                ],
                ports: [{ port: ETCD_PORT, protocol: 'TCP' }],
              },
              ...(hasPeers ? [{ from: [of(ETCD)], ports: PEER_PORTS }] : []),
            ],
            // Peers know each other by name; one alone asks nobody.
            ...(hasPeers ? { egress: [DNS, { to: [of(ETCD)], ports: PEER_PORTS }] } : {}),
          }),
        ]
      : []),
  ];
}

function toDoor({ namespace, port }: PlaneDoor): Egress {
  const namespaceSelector = { matchLabels: { [NAMESPACE_NAME]: namespace } };
  return {
    to: [{ namespaceSelector, podSelector: { matchLabels: OPERATOR_POD_LABELS } }],
    ports: [{ port, protocol: 'TCP' }],
  };
}

function toStore(store: PlaneStore, etcd: { readonly podSelector: object }): Egress {
  if (store.kind === 'etcd') return { to: [etcd], ports: [{ port: ETCD_PORT, protocol: 'TCP' }] };
  // Wherever it is: names and balancers hide where its members are.
  if (store.kind === 'etcd-prefix')
    return {
      ports: [...new Set(store.endpoints.map(({ port }) => port))].map((port) => ({ port, protocol: 'TCP' })),
    };
  const ports = [{ port: store.port, protocol: 'TCP' }];
  if (store.namespace === undefined) return { ports };
  return { to: [{ namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: store.namespace } } }], ports };
}
