import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../api/ledger.ts';
import type { PlanSpec } from '../../api/plan.ts';
import type { Tenant } from '../../api/tenant.ts';
import { findCondition } from '../../kube/conditions.ts';
import type { TenantWorld } from './tenant-world.ts';
import { planTenant } from './plan-tenant.ts';
import { usageOf } from './usage.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const TENANT: Tenant = {
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Tenant',
  metadata: {
    name: 'acme',
    namespace: 'op',
    uid: 'u',
    generation: 3,
    creationTimestamp: '2026-05-01T00:00:00Z',
  },
  spec: { plan: 'bronze' },
};
const REF = { namespace: 'op', name: 'acme' };

const ledger = (spec: Partial<Ledger['spec']> = {}): Ledger => ({
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Ledger',
  metadata: { ...REF, uid: 'l', resourceVersion: '7' },
  spec: { tenantUid: 'u', places: {}, ...spec },
});

function look(plan: PlanSpec | undefined, more: Partial<TenantWorld> = {}): ReturnType<typeof planTenant> {
  const places = more.places ?? {};
  const terms: TenantWorld['terms'] =
    plan === undefined
      ? { is: 'free', ref: REF, tenant: TENANT }
      : { is: 'on-plan', ref: REF, tenant: TENANT, plan };
  return planTenant(
    TENANT,
    {
      terms,
      ledger: undefined,
      places,
      usage: usageOf(Object.keys(places)),
      quotaOf: () => undefined,
      nextExpiryMs: undefined,
      ...more,
    },
    NOW,
  );
}

const writes = (plan: ReturnType<typeof planTenant>): unknown[] =>
  plan.stages.flatMap((stage) => stage.writes);
const TWO = { 'g/Shop/ns/a': [], 'g/Shop/ns/b': [] };

describe('the ledger', () => {
  it('is made for a plan that counts, and for no other', () => {
    expect(writes(look({ instances: 2 }, { places: TWO }))).toMatchObject([
      { verb: 'own', onlyNew: true, object: { spec: { tenantUid: 'u', places: TWO } } },
    ]);
    expect(writes(look({ egress: 'closed' }))).toEqual([]);
    expect(writes(look(undefined))).toEqual([]);
  });

  it('goes when nothing is counted any more, and when it was another tenant’s', () => {
    const gone = { verb: 'delete', ref: REF, uid: 'l' };

    expect(writes(look(undefined, { ledger: ledger() }))).toMatchObject([gone]);
    expect(writes(look({ instances: 2 }, { ledger: ledger({ tenantUid: 'old' }) }))).toMatchObject([gone]);
  });

  it('stays where the plan can’t be found', () => {
    const terms = { is: 'unknown', ref: REF, problem: 'no plan' } as const;

    expect(writes(look(undefined, { terms, ledger: ledger() }))).toEqual([]);
  });

  it('is changed only over the version that was read', () => {
    const before = ledger({ places: { ...TWO, 'g/Shop/ns/c': ['u1'] } });

    expect(writes(look({ instances: 3 }, { ledger: before, places: TWO }))).toMatchObject([
      {
        verb: 'patch',
        body: { metadata: { uid: 'l', resourceVersion: '7' }, spec: { places: { 'g/Shop/ns/c': null } } },
      },
    ]);
    expect(writes(look({ instances: 3 }, { ledger: ledger({ places: TWO }), places: TWO }))).toEqual([]);
  });

  it('keeps since when more is used than offered, and forgets it', () => {
    const now = '2026-06-01T00:00:00Z';
    const over = (spec: Partial<Ledger['spec']>): unknown[] =>
      writes(look({ instances: 1 }, { ledger: ledger({ places: TWO, ...spec }), places: TWO }));

    expect(over({})).toMatchObject([{ body: { spec: { overSince: now } } }]);
    expect(over({ overSince: '2026-05-01T00:00:00Z' })).toEqual([]);
    expect(
      writes(look({ instances: 2 }, { ledger: ledger({ places: TWO, overSince: now }), places: TWO })),
    ).toMatchObject([{ body: { spec: { overSince: null } } }]);
  });
});

describe('the status of a tenant', () => {
  const ready = (plan: ReturnType<typeof planTenant>): unknown =>
    findCondition(plan.status?.conditions, 'Ready');
  const within = (plan: ReturnType<typeof planTenant>): unknown =>
    findCondition(plan.status?.conditions, 'WithinPlan');

  it('counts what there is', () => {
    expect(look({ instances: 2 }, { places: TWO }).status).toMatchObject({
      observedGeneration: 3,
      instances: 2,
      services: { 'g/Shop': 2 },
    });
  });

  it('says that a trial ended, and until when it goes', () => {
    expect(ready(look({ trialPeriod: '31d' }))).toMatchObject({ status: 'False', reason: 'Ended' });

    const going = look({ trialPeriod: '32d' });
    expect(ready(going)).toMatchObject({ status: 'True' });
    expect(going.status?.until).toBe('2026-06-02T00:00:00Z');
    expect(going.lookAgainMs).toBe(86_400_000);
  });

  it('says what is over during the time of grace and after it', () => {
    const plan = { instances: 1, gracePeriod: '1h' };
    const during = look(plan, { ledger: ledger({ places: TWO }), places: TWO });

    expect(ready(during)).toMatchObject({ status: 'True' });
    expect(within(during)).toMatchObject({
      status: 'False',
      message:
        'More is used than the plan offers: instances: 2, where the plan offers 1; new instances that fit are accepted until 2026-06-01T01:00:00Z, then none until it fits again. What runs goes on',
    });
    expect(during.lookAgainMs).toBe(3_600_000);
    const overSince = '2026-05-31T23:00:00Z';
    const after = look(plan, { ledger: ledger({ places: TWO, overSince }), places: TWO });
    expect(ready(after)).toMatchObject({ status: 'False', reason: 'OverPlan' });
    expect(writes(after)).toEqual([]);
  });

  it('says why nobody can tell what is allowed', () => {
    const terms = { is: 'unknown', ref: REF, problem: 'the plan is not there' } as const;

    expect(ready(look(undefined, { terms }))).toMatchObject({
      status: 'False',
      reason: 'PlanUnknown',
      message: 'the plan is not there',
    });
  });
});
