import type { Pod } from '../../kube/builtin-kinds.ts';
import { matchesSelector, type LabelSelector, type LabelSelectorRequirement } from '../../kube/selector.ts';
import {
  hostLabelKey,
  markerLabels,
  NAMESPACE_LABEL,
  namespaceLabelKey,
  plainLabels,
  selectorKeys,
} from '../marks.ts';
import type { Tenant } from '../tenant.ts';
import type { Surroundings } from '../translation.ts';

type Spec = NonNullable<Pod['spec']>;
type Affinity = NonNullable<Spec['affinity']>;
type Term = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];
type Spread = NonNullable<Spec['topologySpreadConstraints']>[number];

/** Keys whose values the pod itself gives, on top of a selector. */
interface ByKeys {
  readonly labelSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** Where the host's scheduler puts the pod, in words that select the tenant's own pods only. */
export function hostScheduling(
  pod: Pod,
  around: Surroundings,
): Pick<Spec, 'affinity' | 'topologySpreadConstraints'> {
  const { affinity, topologySpreadConstraints } = pod.spec ?? {};
  return {
    ...(affinity === undefined ? {} : { affinity: hostAffinity(affinity, pod, around) }),
    ...(topologySpreadConstraints === undefined
      ? {}
      : {
          topologySpreadConstraints: topologySpreadConstraints.map((one) =>
            hostSpread(one, pod, around.tenant),
          ),
        }),
  };
}

function hostAffinity(affinity: Affinity, pod: Pod, around: Surroundings): Affinity {
  const terms = (group: Affinity['podAffinity']): Affinity['podAffinity'] => {
    if (group === undefined) return undefined;
    const required = group.requiredDuringSchedulingIgnoredDuringExecution;
    const preferred = group.preferredDuringSchedulingIgnoredDuringExecution;
    return {
      ...(required === undefined
        ? {}
        : {
            requiredDuringSchedulingIgnoredDuringExecution: required.map((one) => hostTerm(one, pod, around)),
          }),
      ...(preferred === undefined
        ? {}
        : {
            preferredDuringSchedulingIgnoredDuringExecution: preferred.map((one) => ({
              ...one,
              podAffinityTerm: hostTerm(one.podAffinityTerm, pod, around),
            })),
          }),
    };
  };
  const { podAffinity, podAntiAffinity, ...nodes } = affinity;
  return {
    ...nodes,
    ...(podAffinity === undefined ? {} : { podAffinity: terms(podAffinity) ?? {} }),
    ...(podAntiAffinity === undefined ? {} : { podAntiAffinity: terms(podAntiAffinity) ?? {} }),
  };
}

/** On the host all of a tenant's namespaces are one, so which of them is meant becomes part of the selector. */
function hostTerm(term: Term, pod: Pod, around: Surroundings): Term {
  const { namespaces, namespaceSelector, labelSelector: _selector, ...rest } = term;
  const { matchLabelKeys: _match, mismatchLabelKeys: _mismatch, ...plain } = rest;
  // A term without a selector matches no pod: a selector of ours would make it match.
  if (term.labelSelector === undefined) return plain;
  const own = ownSelector(term, pod, around.tenant);
  const where = namespacesOf(namespaces ?? [], namespaceSelector, pod, around);
  return {
    ...plain,
    labelSelector: {
      matchLabels: { ...own.matchLabels, ...markerLabels(around.tenant) },
      matchExpressions: [...(own.matchExpressions ?? []), ...where].map(mutable),
    },
  };
}

function namespacesOf(
  listed: readonly string[],
  selector: LabelSelector | undefined,
  pod: Pod,
  around: Surroundings,
): readonly LabelSelectorRequirement[] {
  const { tenant } = around;
  const among = (values: readonly string[]): readonly LabelSelectorRequirement[] => [
    { key: NAMESPACE_LABEL, operator: 'In', values },
  ];
  if (selector === undefined) return among(listed.length > 0 ? listed : [pod.metadata.namespace ?? '']);
  if (listed.length === 0) {
    const { matchLabels = {}, matchExpressions = [] } = selectorKeys(selector, (key) =>
      namespaceLabelKey(key, tenant),
    );
    const equal = Object.entries(matchLabels).map(([key, value]) => ({
      key,
      operator: 'In',
      values: [value],
    }));
    return [...equal, ...matchExpressions];
  }
  // Listed ones or selected ones: one selector cannot say "or", so those that are selected now are listed.
  const selected = around
    .namespaces()
    .filter((name) => matchesSelector(selector, around.namespaceLabels(name)));
  return among([...new Set([...listed, ...selected])].sort());
}

function hostSpread(spread: Spread, pod: Pod, tenant: Tenant): Spread {
  const { matchLabelKeys: _keys, ...plain } = spread;
  if (spread.labelSelector === undefined) return plain;
  const own = ownSelector(spread, pod, tenant);
  return {
    ...plain,
    labelSelector: {
      matchLabels: { ...own.matchLabels, ...markerLabels(tenant, pod.metadata.namespace) },
      matchExpressions: (own.matchExpressions ?? []).map(mutable),
    },
  };
}

/**
 * The term's selector with the host's keys, and with the values of the pod's own labels for the keys it names. The API
 * server has put these into the selector already in some versions, and refuses them a second time: so they go in once here,
 * and the keys are left out.
 */
function ownSelector(term: ByKeys, pod: Pod, tenant: Tenant): LabelSelector {
  const { matchLabels, matchExpressions = [] } = term.labelSelector ?? {};
  const labels = pod.metadata.labels ?? {};
  const given = (keys: readonly string[], operator: string): readonly LabelSelectorRequirement[] =>
    keys.flatMap((key) => {
      const value = labels[key];
      const present = matchExpressions.some((one) => one.key === key && one.operator === operator);
      return value === undefined || present ? [] : [{ key, operator, values: [value] }];
    });
  const all = [
    ...matchExpressions,
    ...given(term.matchLabelKeys ?? [], 'In'),
    ...given(term.mismatchLabelKeys ?? [], 'NotIn'),
  ];
  return {
    matchLabels: plainLabels(matchLabels, tenant),
    matchExpressions: all.map((one) => ({ ...one, key: hostLabelKey(one.key, tenant) })),
  };
}

/** The form of the requirement in the API's types, whose lists are plain. */
function mutable(one: LabelSelectorRequirement): { key: string; operator: string; values?: string[] } {
  const { key, operator, values } = one;
  return values === undefined ? { key, operator } : { key, operator, values: [...values] };
}
