import { NETWORK_POLICY, type NetworkPolicy } from '../../kube/builtin-kinds.ts';
import type { LabelSelector } from '../../kube/selector.ts';
import {
  hostAnnotations,
  hostLabels,
  hostSelector,
  markerLabels,
  namespaceLabelKey,
  selectorKeys,
  hostLabelKey,
} from '../marks.ts';
import { rowOf, type Row } from '../row.ts';
import type { Surroundings, Translation } from '../translation.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
type Peer = NonNullable<NonNullable<NonNullable<Spec['ingress']>[number]['from']>>[number];

/** Network policies: between the tenant's own pods. What they allow is never more than the host's own policies do. */
export const NETWORK_POLICY_ROW: Row<NetworkPolicy> = rowOf<NetworkPolicy>({
  kind: NETWORK_POLICY,
  translate: translatePolicy,
});

function translatePolicy(policy: NetworkPolicy, around: Surroundings): Translation<NetworkPolicy> {
  const { tenant } = around;
  const { namespace = '', name } = policy.metadata;
  const { podSelector, ingress, egress, policyTypes } = policy.spec ?? { podSelector: {} };
  const peers = (given: readonly Peer[] | undefined): readonly Peer[] | undefined =>
    given?.map((peer) => hostPeer(peer, namespace, around));
  return {
    is: 'object',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: {
        name: around.hostName(NETWORK_POLICY, { namespace, name }),
        namespace: tenant.hostNamespace,
        labels: hostLabels(policy, tenant),
        annotations: hostAnnotations(policy, NETWORK_POLICY),
        ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
      },
      spec: {
        podSelector: selectorOf(hostSelector(podSelector, tenant, namespace)),
        ...(policyTypes === undefined ? {} : { policyTypes }),
        ...(ingress === undefined
          ? {}
          : {
              ingress: ingress.map(({ from, ...rule }) => ({
                ...rule,
                ...(from === undefined ? {} : { from: peers(from) ?? [] }),
              })),
            }),
        ...(egress === undefined
          ? {}
          : {
              egress: egress.map(({ to, ...rule }) => ({
                ...rule,
                ...(to === undefined ? {} : { to: peers(to) ?? [] }),
              })),
            }),
      },
    },
  };
}

/** All namespaces of the tenant are one on the host: which are meant becomes part of the pods' selector. */
function hostPeer(peer: Peer, namespace: string, { tenant }: Surroundings): Peer {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (ipBlock !== undefined) return { ipBlock };
  const pods: LabelSelector = selectorKeys(podSelector ?? {}, (key) => hostLabelKey(key, tenant));
  if (namespaceSelector === undefined)
    return { podSelector: selectorOf(withMarks(pods, markerLabels(tenant, namespace))) };
  const spaces = selectorKeys(namespaceSelector, (key) => namespaceLabelKey(key, tenant));
  const both: LabelSelector = {
    matchLabels: { ...pods.matchLabels, ...spaces.matchLabels },
    matchExpressions: [...(pods.matchExpressions ?? []), ...(spaces.matchExpressions ?? [])],
  };
  return { podSelector: selectorOf(withMarks(both, markerLabels(tenant))) };
}

function withMarks(selector: LabelSelector, marks: Readonly<Record<string, string>>): LabelSelector {
  return { ...selector, matchLabels: { ...selector.matchLabels, ...marks } };
}

/** As the API's types have it. */
function selectorOf(selector: LabelSelector | undefined): Spec['podSelector'] {
  const { matchLabels, matchExpressions } = selector ?? {};
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined ? {} : { matchExpressions }),
  };
}
