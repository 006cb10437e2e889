import { LEDGER, type Ledger } from '../../api/ledger.ts';
import type { Tenant, TenantStatus } from '../../api/tenant.ts';
import { formatTime, setCondition, type NextCondition } from '../../kube/conditions.ts';
import type { Condition } from '../../kube/object.ts';
import type { Plan, Stage } from '../../runtime/plan.ts';
import { excessText, frozenAtMs } from './judge.ts';
import { isLedgerOf, newLedger } from './ledger-object.ts';
import { changedPlaces } from './places.ts';
import type { TenantWorld } from './tenant-world.ts';
import { endedText, endOf } from './term-of-tenant.ts';
import { excessOf, isCounted, usageOf, type Excess } from './usage.ts';

/** Milliseconds between counts of a tenant that no creation wakes, for it is on no plan: the number in its status may be so old. */
const RECOUNT_MS = 60_000;
/** Longest wait for a date: timers take no more than 24 days. */
const DAY_MS = 86_400_000;

/** What should be true of a tenant's ledger, and what to say about the tenant. Pure. */
export function planTenant(tenant: Tenant, world: TenantWorld, now: number): Plan<TenantStatus> {
  const { terms, ledger } = world;
  const plan = terms.is === 'on-plan' ? terms.plan : undefined;
  const counted = plan !== undefined && isCounted(plan);
  const places = counted ? world.places : undefined;
  const excess =
    plan === undefined
      ? []
      : excessOf(plan, places ? usageOf(Object.keys(places)) : world.usage, world.quotaOf);
  const overSince = overSinceOf(ledger, tenant, excess.length > 0, now);
  const stages = counted
    ? ledgerStages(tenant, world, overSince)
    : terms.is === 'unknown'
      ? []
      : removedLedger(ledger);
  const end = endOf(tenant, plan);
  const frozenAt = plan === undefined ? undefined : frozenAtMs({ overSince }, plan);
  const next = [end?.atMs, frozenAt].flatMap((at) => (at !== undefined && at > now ? [at - now] : []));
  const conditions = conditionsOf(tenant, world, { excess, frozenAt }, now);
  return {
    stages,
    status: {
      conditions,
      ...(tenant.metadata.generation === undefined ? {} : { observedGeneration: tenant.metadata.generation }),
      instances: [...world.usage.values()].reduce((sum, count) => sum + count, 0),
      ...(world.usage.size === 0 ? {} : { services: Object.fromEntries([...world.usage].sort()) }),
      ...(end === undefined ? {} : { until: formatTime(end.atMs) }),
    },
    events: conditions.filter(isTold).map(({ status, reason, message }) => ({
      type: status === 'True' ? 'Normal' : 'Warning',
      reason,
      message,
    })),
    lookAgainMs: Math.min(plan === undefined ? RECOUNT_MS : DAY_MS, world.nextExpiryMs ?? DAY_MS, ...next),
  };
}

/** That it uses what it may is no news. */
function isTold({ type, status }: Condition): boolean {
  return type === 'Ready' || status !== 'True';
}

/** The moment that a tenant began to be over; kept in the ledger, for the time of grace counts from it over restarts. */
function overSinceOf(
  ledger: Ledger | undefined,
  tenant: Tenant,
  isOver: boolean,
  now: number,
): string | undefined {
  if (!isOver) return undefined;
  return (isLedgerOf(ledger, tenant) ? ledger.spec.overSince : undefined) ?? formatTime(now);
}

function ledgerStages(
  tenant: Tenant,
  { ledger, places }: TenantWorld,
  overSince: string | undefined,
): readonly Stage[] {
  const fresh = newLedger(tenant, places);
  const spec = { ...fresh.spec, ...(overSince === undefined ? {} : { overSince }) };
  if (ledger === undefined) {
    const owner = tenant.metadata.uid ?? '';
    const withSpec: Ledger = { ...fresh, spec };
    // Admission makes it as well: whoever comes second looks again at what is there.
    return [
      { name: 'ledger', writes: [{ verb: 'own', kind: LEDGER, object: withSpec, owner, onlyNew: true }] },
    ];
  }
  if (!isLedgerOf(ledger, tenant)) return removedLedger(ledger);
  const changed = changedPlaces(ledger.spec.places, places);
  if (changed === undefined && ledger.spec.overSince === overSince) return [];
  const { uid, resourceVersion, name, namespace } = ledger.metadata;
  const body = {
    // Only over what was read: whoever took a place meanwhile keeps it, and we look again.
    metadata: { uid, resourceVersion },
    spec: { ...(changed === undefined ? {} : { places: changed }), overSince: overSince ?? null },
  };
  return [{ name: 'ledger', writes: [{ verb: 'patch', kind: LEDGER, ref: { namespace, name }, body }] }];
}

/** Nothing is counted, or it is another tenant's. A plan that counts begins with a new one. */
function removedLedger(ledger: Ledger | undefined): readonly Stage[] {
  if (ledger?.metadata.uid === undefined) return [];
  const { uid, name, namespace } = ledger.metadata;
  return [{ name: 'ledger', writes: [{ verb: 'delete', kind: LEDGER, ref: { namespace, name }, uid }] }];
}

interface Judged {
  readonly excess: readonly Excess[];
  readonly frozenAt: number | undefined;
}

function conditionsOf(
  tenant: Tenant,
  { terms }: TenantWorld,
  { excess, frozenAt }: Judged,
  now: number,
): readonly Condition[] {
  const observedGeneration = tenant.metadata.generation;
  const generation = observedGeneration === undefined ? {} : { observedGeneration };
  const plan = terms.is === 'on-plan' ? terms.plan : undefined;
  const ended = endedText(tenant, endOf(tenant, plan), now);
  const frozen = frozenAt !== undefined && now >= frozenAt;
  const within: NextCondition =
    excess.length === 0
      ? {
          type: 'WithinPlan',
          status: 'True',
          reason: 'WithinPlan',
          message: 'Nothing is used that the plan does not offer',
        }
      : { type: 'WithinPlan', status: 'False', reason: 'OverPlan', message: overText(excess, frozenAt) };
  const ready: NextCondition =
    terms.is === 'unknown'
      ? { type: 'Ready', status: 'False', reason: 'PlanUnknown', message: terms.problem }
      : ended !== undefined
        ? { type: 'Ready', status: 'False', reason: 'Ended', message: ended }
        : frozen
          ? { type: 'Ready', status: 'False', reason: 'OverPlan', message: overText(excess, frozenAt) }
          : { type: 'Ready', status: 'True', reason: 'Active', message: 'Instances can be created' };
  return [ready, within].reduce<readonly Condition[]>(
    (conditions, one) => setCondition(conditions, { ...one, ...generation }, now),
    tenant.status?.conditions ?? [],
  );
}

function overText(excess: readonly Excess[], frozenAt: number | undefined): string {
  const until =
    frozenAt === undefined
      ? ''
      : `; new instances that fit are accepted until ${formatTime(frozenAt)}, then none until it fits again`;
  return `More is used than the plan offers: ${excessText(excess)}${until}. What runs goes on`;
}
