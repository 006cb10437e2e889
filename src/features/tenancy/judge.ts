import type { PlanSpec } from '../../api/plan.ts';
import type { Tenant } from '../../api/tenant.ts';
import { formatTime } from '../../kube/conditions.ts';
import type { Finding } from '../../runtime/admission.ts';
import { readPlace, withCreation, type Places } from './places.ts';
import { endedText, endOf, graceOf } from './term-of-tenant.ts';
import { excessOf, usageOf, type Excess, type QuotaOf } from './usage.ts';

/** What is taken, as the ledger has it. */
export interface Taken {
  readonly places: Places;
  readonly overSince?: string | undefined;
}

/** Somebody wants to create something. */
export interface Ask {
  readonly place: string;
  readonly uid: string;
  readonly tenant: Tenant;
  readonly plan: PlanSpec;
  readonly quotaOf: QuotaOf;
  readonly now: number;
}

/**
 * Creations of one name whose outcome is open. Each stands in the ledger until it is known or can't succeed any more; somebody who
 * creates the same name without end must not fill it.
 */
const MAX_PENDING = 32;
const TOO_MANY =
  'metadata.name: many creations of this name are under way, and the outcome of none is known yet; try again in a minute';

/** Why a creation can't have its place; nothing if it can. Pure: the same answer wherever the ledger reads the same. */
export function judgePlace(
  taken: Taken,
  { place, uid, tenant, plan, quotaOf, now }: Ask,
): readonly Finding[] {
  const ended = endedText(tenant, endOf(tenant, plan), now);
  if (ended !== undefined) return [{ message: ended }];
  const before = excessOf(plan, usageOf(Object.keys(taken.places)), quotaOf);
  const frozenAt = frozenAtMs(taken, plan);
  if (before.length > 0 && frozenAt !== undefined && now >= frozenAt)
    return [overdue(tenant, before, frozenAt)];
  const { service } = readPlace(place);
  if ((taken.places[place]?.length ?? 0) >= MAX_PENDING) return [{ message: TOO_MANY }];
  const places = withCreation(taken.places, place, uid);
  const excess = excessOf(plan, usageOf(Object.keys(places)), quotaOf).filter(
    (one) => one.service === undefined || one.service === service,
  );
  return excess.length === 0 ? [] : [full(tenant, excess)];
}

/** When a tenant that is over its plan may create nothing any more; undefined while it is not known to be over. */
export function frozenAtMs({ overSince }: Pick<Taken, 'overSince'>, plan: PlanSpec): number | undefined {
  return overSince === undefined ? undefined : Date.parse(overSince) + graceOf(plan);
}

const REMEDY = 'Delete what is not needed, or ask the provider for another plan';

/** Excesses in one line. */
export function excessText(excess: readonly Excess[]): string {
  return excess.map(({ text }) => text).join('; ');
}

function full({ metadata, spec }: Tenant, excess: readonly Excess[]): Finding {
  const text = `Plan ${spec?.plan ?? ''} of tenant ${metadata.name} has no place for it. There would be ${excessText(excess)}. ${REMEDY} (tenantry tenant show ${metadata.name})`;
  return { message: text };
}

function overdue({ metadata, spec }: Tenant, excess: readonly Excess[], frozenAt: number): Finding {
  const text = `Tenant ${metadata.name} uses more than its plan ${spec?.plan ?? ''} offers, and its time of grace ended at ${formatTime(frozenAt)}: what runs goes on, but nothing new is created. There are ${excessText(excess)}. ${REMEDY} (tenantry tenant set-plan ${metadata.name} PLAN)`;
  return { message: text };
}
