import type { PlanSpec } from '../../api/plan.ts';
import type { Tenant } from '../../api/tenant.ts';
import { formatTime } from '../../kube/conditions.ts';
import { parseDuration } from '../../lib/duration.ts';

/** When a tenant's creating ends, and why. */
export interface End {
  readonly atMs: number;
  readonly why: 'trial' | 'until';
}

/** The earlier of the end that the tenant has and that of the plan's trial; undefined: there is none. Pure. */
export function endOf({ metadata, spec }: Tenant, plan: PlanSpec | undefined): End | undefined {
  const until = timeOf(spec?.until);
  const since = timeOf(spec?.since ?? metadata.creationTimestamp);
  const period = plan?.trialPeriod === undefined ? undefined : parseDuration(plan.trialPeriod);
  const trial = period === undefined || since === undefined ? undefined : since + period;
  if (trial !== undefined && (until === undefined || trial <= until)) return { atMs: trial, why: 'trial' };
  return until === undefined ? undefined : { atMs: until, why: 'until' };
}

/** Why nothing new is created any more; undefined before the end. */
export function endedText({ metadata, spec }: Tenant, end: End | undefined, now: number): string | undefined {
  if (end === undefined || now < end.atMs) return undefined;
  const { name } = metadata;
  const plan = spec?.plan ?? '';
  const when = formatTime(end.atMs);
  return end.why === 'trial'
    ? `The trial of plan ${plan} that tenant ${name} is on ended at ${when}: what runs goes on, but nothing new is created. Ask the provider for another plan (tenantry tenant set-plan ${name} PLAN)`
    : `Tenant ${name} (plan ${plan === '' ? 'none' : plan}) ended at ${when}: what runs goes on, but nothing new is created. Ask the provider for a later spec.until of the tenant`;
}

/** Milliseconds of time that a tenant may use more than its plan offers before creating ends. */
export function graceOf(plan: PlanSpec): number {
  return plan.gracePeriod === undefined ? 0 : (parseDuration(plan.gracePeriod) ?? 0);
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
