import type { PlanSpec } from '../../api/plan.ts';
import { podControlsOf } from '../../api/pod-controls.ts';
import { COUNT_KEYS, type QuotaCounts } from '../../api/quota-counts.ts';
import { STRICT_QUOTA, type InstancePolicies, type Quota, type ServicePolicies } from '../../api/revision.ts';
import { compareQuantities, parseQuantity } from '../../lib/quantity.ts';

/** Four keys of a quota, in KubePlus's order. */
export const QUOTA_KEYS = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'] as const;

/** What closes more comes first. */
const EGRESS = ['closed', 'default', 'all'] as const;

/** The policies of a service's instances under a plan: a plan only ever takes away, or says what the service left open. Pure. */
export function policiesUnder(plan: PlanSpec, service: ServicePolicies): InstancePolicies {
  const isolation = plan.isolation ?? service.isolation;
  const quota =
    capped(service.quota, plan.quota?.instance) ?? (isolation === 'strict' ? STRICT_QUOTA : undefined);
  const counts = cappedCounts(service.counts, plan.quota?.counts);
  const storageClasses = plan.storageClasses?.toSorted();
  const { egress } = plan;
  return {
    ...service,
    ...(quota === undefined ? {} : { quota }),
    ...(isolation === 'strict' ? { isolation, podSecurity: 'restricted' } : {}),
    egress: EGRESS.find((one) => one === service.egress || one === egress) ?? service.egress,
    ...podControlsOf(service, plan),
    ...(counts === undefined ? {} : { counts }),
    ...(storageClasses === undefined ? {} : { storageClasses }),
  };
}

/** The smaller of each pair; a value that is no quantity gives way to the other. */
function capped(asked: Quota | undefined, cap: Quota | undefined): Quota | undefined {
  if (asked === undefined || cap === undefined) return asked ?? cap;
  const smaller = (key: keyof Quota): string => smallerOf(asked[key], cap[key]);
  return {
    'requests.cpu': smaller('requests.cpu'),
    'requests.memory': smaller('requests.memory'),
    'limits.cpu': smaller('limits.cpu'),
    'limits.memory': smaller('limits.memory'),
  };
}

/** The smaller where both count something, else whichever does. */
function cappedCounts(asked: QuotaCounts | undefined, cap: QuotaCounts | undefined): QuotaCounts | undefined {
  if (asked === undefined || cap === undefined) return asked ?? cap;
  return Object.fromEntries(
    COUNT_KEYS.flatMap((key): [string, string][] => {
      const [mine, most] = [asked[key], cap[key]];
      const both = mine === undefined || most === undefined ? (mine ?? most) : smallerOf(mine, most);
      return both === undefined ? [] : [[key, both]];
    }),
  );
}

function smallerOf(asked: string, cap: string): string {
  const [mine, most] = [parseQuantity(asked), parseQuantity(cap)];
  if (mine === undefined || most === undefined) return mine === undefined ? cap : asked;
  return compareQuantities(mine, most) <= 0 ? asked : cap;
}
