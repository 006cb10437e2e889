import type { PlanSpec } from '../../api/plan.ts';
import { COUNT_KEYS } from '../../api/quota-counts.ts';
import type { InstancePolicies, ServicePolicies } from '../../api/revision.ts';
import type { Tenant } from '../../api/tenant.ts';
import { formatTime } from '../../kube/conditions.ts';
import { policiesUnder, QUOTA_KEYS } from './plan-policies.ts';
import { endedText, endOf, graceOf } from './term-of-tenant.ts';
import { excessOf, offerOf, type Excess, type Usage } from './usage.ts';

/** Policies of the newest revision of a service (group/Kind), of those up to the number where one is given. */
export type PoliciesOf = (service: string, newest?: number) => ServicePolicies | undefined;

/** What changes for the instances of one service. */
export interface ServiceChange {
  readonly service: string;
  readonly instances: number;
  /** In words: what is so now, and what will be. */
  readonly changes: readonly string[];
}

/** What a change of plan would do. */
export interface Preview {
  /** What is used and not offered. */
  readonly excess: readonly Excess[];
  readonly services: readonly ServiceChange[];
  /** What happens to creating, in one sentence. */
  readonly creating: string;
}

/** What a tenant may look forward to on another plan. Pure. */
export function previewPlan(
  tenant: Tenant,
  plans: { readonly from: PlanSpec; readonly to: PlanSpec },
  usage: Usage,
  policiesOf: PoliciesOf,
  now: number,
): Preview {
  const { from, to } = plans;
  const under = (plan: PlanSpec, service: string): InstancePolicies | undefined => {
    const policies = policiesOf(service, offerOf(plan, service)?.newestRevision);
    return policies === undefined ? undefined : policiesUnder(plan, policies);
  };
  const excess = excessOf(to, usage, (service) => under(to, service)?.quota);
  const services = [...usage].flatMap(([service, instances]): ServiceChange[] => {
    const changes = [
      ...changesOf(under(from, service), under(to, service)),
      ...revisionChange(offerOf(from, service)?.newestRevision, offerOf(to, service)?.newestRevision),
    ];
    return instances === 0 || changes.length === 0 ? [] : [{ service, instances, changes }];
  });
  return { excess, services, creating: creatingText(tenant, to, excess.length > 0, now) };
}

function creatingText(tenant: Tenant, plan: PlanSpec, isOver: boolean, now: number): string {
  const end = endOf(tenant, plan);
  const ended = endedText(tenant, end, now);
  if (ended !== undefined)
    return `Nothing new can be created: the plan's time for this tenant is over since ${formatTime(end?.atMs ?? now)}`;
  if (!isOver)
    return end === undefined
      ? 'New instances can be created'
      : `New instances can be created until ${formatTime(end.atMs)}`;
  const grace = graceOf(plan);
  return grace === 0
    ? 'Nothing new can be created until what is over is gone: the plan grants no time of grace'
    : `What still fits can be created for ${plan.gracePeriod ?? ''} (until ${formatTime(now + grace)}), then nothing until what is over is gone`;
}

function changesOf(from: InstancePolicies | undefined, to: InstancePolicies | undefined): readonly string[] {
  if (from === undefined || to === undefined) return [];
  const quota = QUOTA_KEYS.flatMap((key) => change(`quota ${key}`, from.quota?.[key], to.quota?.[key]));
  const counts = COUNT_KEYS.flatMap((key) => change(`quota ${key}`, from.counts?.[key], to.counts?.[key]));
  return [
    ...quota,
    ...counts,
    ...change('isolation', from.isolation, to.isolation),
    ...change('egress', from.egress, to.egress),
    ...change(
      'storage classes',
      from.storageClasses?.join(', ') ?? 'all',
      to.storageClasses?.join(', ') ?? 'all',
    ),
    ...change('nodes', nodesText(from), nodesText(to)),
    ...change('runtime class', from.runtimeClass, to.runtimeClass),
  ];
}

function nodesText({ nodePool, nodes }: InstancePolicies): string {
  const labels = Object.entries(nodePool?.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
  const which = labels.length === 0 ? 'any' : labels.join(', ');
  return nodes === undefined ? which : `${which}, each for one instance`;
}

function revisionChange(from: number | undefined, to: number | undefined): readonly string[] {
  return change('newest revision', String(from ?? 'any'), String(to ?? 'any'));
}

function change(what: string, from: string | undefined, to: string | undefined): readonly string[] {
  return from === to ? [] : [`${what}: ${from ?? 'none'} → ${to ?? 'none'}`];
}
