import { RESTRICT_POLICY } from '../../api/names.ts';
import type { InstancePolicies } from '../../api/revision.ts';
import { LIMIT_RANGE, NETWORK_POLICY, RESOURCE_QUOTA, ROLE_BINDING } from '../../kube/builtin-kinds.ts';
import { compareQuantities, parseQuantity } from '../../lib/quantity.ts';
import type { Facts } from './facts.ts';
import { green, hidden, notAsked, PUT_BACK, red, unknown, type Verdict } from './finding.ts';
import { judgeWritten, strangersOf } from './judge-written.ts';

/** Whether the quota stands as written, is what service and plan ask for, and is counted by the cluster. Pure. */
export function judgeQuota(facts: Facts): Verdict {
  const asked = facts.policies === 'hidden' ? undefined : askedOf(facts.policies);
  const written = judgeWritten(facts, RESOURCE_QUOTA, facts.quotas);
  if (written.state === 'notAsked' && asked !== undefined)
    return red('the service asks for a quota, and none was written', PUT_BACK);
  if (written.state !== 'green' || facts.quotas === 'hidden') return written;
  const ours = new Set(facts.account?.policies.map(({ name }) => name));
  const quota = facts.quotas.find(({ metadata }) => ours.has(metadata.name));
  const hard = quota?.spec?.hard ?? {};
  const counted = quota?.status?.hard ?? {};
  const wider = Object.entries(asked ?? {}).find(([key, value]) => !isWithin(hard[key], value));
  if (wider !== undefined)
    return red(`${wider[0]} is ${hard[wider[0]] ?? 'not limited'} instead of ${wider[1]}`, PUT_BACK);
  const uncounted = Object.keys(hard).find((key) => counted[key] === undefined);
  if (uncounted !== undefined)
    return red(
      `${uncounted} is not counted by the cluster, so it limits nothing`,
      'Look at kube-controller-manager: its resource quota controller does not run.',
    );
  return green(
    Object.entries(hard)
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
  );
}

function askedOf({
  quota,
  counts,
}: InstancePolicies): Readonly<Record<string, string | undefined>> | undefined {
  return quota === undefined && counts === undefined ? undefined : { ...quota, ...counts };
}

function isWithin(value: string | undefined, most: string | undefined): boolean {
  if (most === undefined) return true;
  const [mine, limit] = [parseQuantity(value ?? ''), parseQuantity(most)];
  return mine !== undefined && limit !== undefined && compareQuantities(mine, limit) <= 0;
}

/** Whether containers that name no resources get some. Pure. */
export const judgeLimits = (facts: Facts): Verdict => judgeWritten(facts, LIMIT_RANGE, facts.limits);

/** Whether the network policies stand as written and nobody opened more: policies add up. Pure. */
export function judgeNetworkPolicies(facts: Facts): Verdict {
  const written = judgeWritten(facts, NETWORK_POLICY, facts.networkPolicies);
  if (written.state === 'notAsked') return red(`no network policy was written in ${facts.target}`, PUT_BACK);
  if (written.state === 'red' || facts.networkPolicies === 'hidden') return written;
  const [stranger] = strangersOf(facts, NETWORK_POLICY, facts.networkPolicies);
  if (stranger === undefined) return written;
  const { name } = stranger.metadata;
  return red(
    `NetworkPolicy ${name} is neither the operator's nor the chart's, and may open what they close`,
    `kubectl delete networkpolicy ${name} -n ${facts.target}; agreed traffic goes by \`tenantry traffic allow\`.`,
  );
}

/** Whether connections out are held to what service and plan leave open. Pure. */
export function judgeEgress({ policies, networkPolicies, target }: Facts): Verdict {
  if (networkPolicies === 'hidden') return hidden(`networkpolicies in ${target}`);
  if (policies === 'hidden') return hidden('what the service and the plan ask for');
  if (policies.egress === 'all') return notAsked('the service leaves all connections out open');
  const found = networkPolicies.find(({ metadata }) => metadata.name === RESTRICT_POLICY);
  const rules = found?.spec?.egress ?? [];
  if (found?.spec?.policyTypes?.includes('Egress') !== true)
    return red(`no policy ${RESTRICT_POLICY} holds connections out`, PUT_BACK);
  if (Object.keys(found.spec.podSelector?.matchLabels ?? {}).length > 0)
    return red(`policy ${RESTRICT_POLICY} does not hold all pods`, PUT_BACK);
  if (rules.some(({ to = [] }) => to.length === 0))
    return red(`policy ${RESTRICT_POLICY} lets connections out everywhere`, PUT_BACK);
  const isWide = rules.some(({ to = [] }) => to.some(({ ipBlock }) => ipBlock?.cidr.endsWith('/0') === true));
  if (policies.egress === 'closed' && isWide)
    return red(`policy ${RESTRICT_POLICY} lets connections out to public addresses`, PUT_BACK);
  return green(
    policies.egress === 'closed' ? 'own namespace and DNS' : 'own namespace, DNS, public addresses',
  );
}

/** Whether the bindings stand as written and nobody got more rights here. Pure. */
export function judgeBindings(facts: Facts): Verdict {
  const written = judgeWritten(facts, ROLE_BINDING, facts.bindings);
  if (written.state === 'red' || facts.bindings === 'hidden') return written;
  if (written.state === 'notAsked')
    return unknown('no role binding was written yet', 'Ask again in a moment.');
  const [stranger] = strangersOf(facts, ROLE_BINDING, facts.bindings);
  if (stranger === undefined) return written;
  const { name } = stranger.metadata;
  return red(
    `RoleBinding ${name} is neither the operator's nor the chart's, and gives ${stranger.roleRef.kind} ${stranger.roleRef.name}`,
    `kubectl delete rolebinding ${name} -n ${facts.target}, or know why it is there.`,
  );
}
