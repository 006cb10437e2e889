import type { PlanSpec } from '../../api/plan.ts';
import type { Quota } from '../../api/revision.ts';
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from '../../lib/quantity.ts';
import { readPlace } from './places.ts';
import { QUOTA_KEYS } from './plan-policies.ts';

/** Instances by service, as group/Kind. */
export type Usage = ReadonlyMap<string, number>;

/** The quota that each instance of a service has under the plan; undefined where it has none. */
export type QuotaOf = (service: string) => Quota | undefined;

/** Something that a plan does not offer so much of. */
export interface Excess {
  /** The service that it is about; absent: all together. */
  readonly service?: string;
  /** What is over, how much of it there is, and how much is offered. */
  readonly text: string;
}

/** Counts places, or whatever else is named like them. */
export function usageOf(places: Iterable<string>): Usage {
  const usage = new Map<string, number>();
  for (const place of places) {
    const { service } = readPlace(place);
    usage.set(service, (usage.get(service) ?? 0) + 1);
  }
  return usage;
}

/** Whether a plan limits anything that has to be counted. */
export function isCounted(plan: PlanSpec): boolean {
  return plan.instances !== undefined || plan.services !== undefined || plan.quota?.total !== undefined;
}

/** What a plan says of a service; undefined where it names services and this one is not among them. */
export function offerOf(
  plan: PlanSpec,
  service: string,
): Partial<NonNullable<PlanSpec['services']>[number]> | undefined {
  if (plan.services === undefined) return {};
  return plan.services.find(({ group, kind }) =>
    group === undefined ? service.endsWith(`/${kind}`) : service === `${group}/${kind}`,
  );
}

/** Everything that is used beyond what the plan offers. Pure. */
export function excessOf(plan: PlanSpec, usage: Usage, quotaOf: QuotaOf): readonly Excess[] {
  const total = [...usage.values()].reduce((sum, count) => sum + count, 0);
  const inAll =
    plan.instances !== undefined && total > plan.instances
      ? [{ text: `instances: ${total}, where the plan offers ${plan.instances}` }]
      : [];
  return [...inAll, ...excessByService(plan, usage), ...excessOfQuota(plan, usage, quotaOf)];
}

function excessByService(plan: PlanSpec, usage: Usage): readonly Excess[] {
  return [...usage].flatMap(([service, count]): readonly Excess[] => {
    const kind = service.split('/')[1] ?? service;
    const offer = offerOf(plan, service);
    if (count === 0) return [];
    if (offer === undefined) return [{ service, text: `${kind}: ${count}, where the plan offers none` }];
    const { instances } = offer;
    return instances !== undefined && count > instances
      ? [{ service, text: `${kind}: ${count}, where the plan offers ${instances}` }]
      : [];
  });
}

function excessOfQuota(plan: PlanSpec, usage: Usage, quotaOf: QuotaOf): readonly Excess[] {
  const limits = plan.quota?.total;
  if (limits === undefined) return [];
  const unlimited = [...usage].flatMap(([service, count]): readonly Excess[] => {
    if (count === 0 || quotaOf(service) !== undefined) return [];
    const text = `quota: an instance of ${service.split('/')[1] ?? service} has none, so the sum can't be told; set quota.instance of the plan`;
    return [{ service, text }];
  });
  const over = QUOTA_KEYS.flatMap((key): readonly Excess[] => {
    const most = parseQuantity(limits[key] ?? '');
    if (most === undefined) return [];
    const sum = [...usage].reduce(
      (total, [service, count]) => addQuantities(total, times(quotaOf(service)?.[key], count)),
      { ...most, nano: 0n },
    );
    return compareQuantities(sum, most) <= 0
      ? []
      : [{ text: `quota ${key}: ${formatQuantity(sum)}, where the plan offers ${formatQuantity(most)}` }];
  });
  return [...unlimited, ...over];
}

function times(amount: string | undefined, count: number): ReturnType<typeof addQuantities> {
  const one = parseQuantity(amount ?? '0');
  return { nano: (one?.nano ?? 0n) * BigInt(count), form: one?.form ?? 'decimal' };
}
