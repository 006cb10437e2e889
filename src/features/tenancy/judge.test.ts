import { describe, expect, it } from 'vitest';
import type { PlanSpec } from '../../api/plan.ts';
import type { Tenant } from '../../api/tenant.ts';
import { judgePlace, type Ask, type Taken } from './judge.ts';

const QUOTA = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };
const NOW = Date.parse('2026-06-01T00:00:00Z');

const tenant = (spec: Tenant['spec'] = {}): Tenant => ({
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'acme', namespace: 'op', creationTimestamp: '2026-05-01T00:00:00Z' },
  spec: { plan: 'bronze', ...spec },
});

/** What stands against one more Shop `new`, where these places are taken. */
function against(
  plan: PlanSpec,
  places: readonly string[],
  more: Partial<Ask> & Partial<Taken> = {},
): string[] {
  const { overSince, ...ask } = more;
  const taken = { places: Object.fromEntries(places.map((place) => [place, []])), overSince };
  return judgePlace(taken, {
    place: 'g/Shop/ns/new',
    uid: 'u',
    tenant: tenant(),
    plan,
    quotaOf: () => QUOTA,
    now: NOW,
    ...ask,
  }).map(({ message }) => message);
}

const SHOPS = ['g/Shop/ns/a', 'g/Shop/ns/b'];

describe('a place of a plan', () => {
  it.each<[string, PlanSpec, readonly string[]]>([
    ['without limits', {}, SHOPS],
    ['with room', { instances: 3 }, SHOPS],
    ['with room for the service', { services: [{ kind: 'Shop', instances: 3 }] }, [...SHOPS, 'g/Wiki/ns/a']],
    ['of a service by its group', { services: [{ kind: 'Shop', group: 'g' }] }, SHOPS],
    ['within the sum of quotas', { quota: { total: { 'limits.cpu': '6' } } }, SHOPS],
    ['that its name has already', { instances: 3 }, [...SHOPS, 'g/Shop/ns/new']],
  ])('is there %s', (_name, plan, places) => expect(against(plan, places)).toEqual([]));

  it.each<[string, PlanSpec, readonly string[], string]>([
    ['in all', { instances: 2 }, SHOPS, 'instances: 3, where the plan offers 2'],
    [
      'of a service',
      { services: [{ kind: 'Shop', instances: 2 }] },
      SHOPS,
      'Shop: 3, where the plan offers 2',
    ],
    [
      'of a service that is not offered',
      { services: [{ kind: 'Wiki' }] },
      [],
      'Shop: 1, where the plan offers none',
    ],
    [
      'of a namesake in another group',
      { services: [{ kind: 'Shop', group: 'other' }] },
      [],
      'Shop: 1, where the plan offers none',
    ],
    [
      'in the sum of quotas',
      { quota: { total: { 'limits.memory': '5Gi' } } },
      SHOPS,
      'quota limits.memory: 6Gi, where the plan offers 5Gi',
    ],
  ])('is not there %s', (_name, plan, places, text) => {
    const [message] = against(plan, places);

    expect(message).toBe(
      `Plan bronze of tenant acme has no place for it. There would be ${text}. Delete what is not needed, or ask the provider for another plan (tenantry tenant show acme)`,
    );
  });

  it('is not there for what has no quota under a sum of quotas', () => {
    const [message] = against({ quota: { total: { 'limits.cpu': '6' } } }, [], { quotaOf: () => undefined });

    expect(message).toContain('set quota.instance of the plan');
  });

  it('is there for one service while another is over, within the time of grace', () => {
    const plan = { services: [{ kind: 'Wiki', instances: 1 }, { kind: 'Shop' }], gracePeriod: '2d' };
    const wikis = ['g/Wiki/ns/a', 'g/Wiki/ns/b'];

    expect(against(plan, wikis, { overSince: '2026-05-31T00:00:00Z' })).toEqual([]);
    expect(against(plan, wikis, { overSince: '2026-05-30T00:00:00Z' })).toEqual([
      'Tenant acme uses more than its plan bronze offers, and its time of grace ended at 2026-06-01T00:00:00Z: what runs goes on, but nothing new is created. There are Wiki: 2, where the plan offers 1. Delete what is not needed, or ask the provider for another plan (tenantry tenant set-plan acme PLAN)',
    ]);
    // It fits again, and nobody has noted it yet.
    expect(against(plan, wikis.slice(1), { overSince: '2026-05-30T00:00:00Z' })).toEqual([]);
  });

  it('is not there after a trial, and the text names plan, date and remedy', () => {
    const trial = { trialPeriod: '14d' };
    const since = '2026-05-18T02:00:00+02:00';

    expect(against(trial, [], { tenant: tenant({ since }), now: NOW - 1 })).toEqual([]);
    expect(against(trial, [], { tenant: tenant({ since }) })).toEqual([
      'The trial of plan bronze that tenant acme is on ended at 2026-06-01T00:00:00Z: what runs goes on, but nothing new is created. Ask the provider for another plan (tenantry tenant set-plan acme PLAN)',
    ]);
    // Without a date of its own it counts from the tenant's creation.
    expect(against(trial, [])[0]).toContain('2026-05-15T00:00:00Z');
  });

  it('is not there after the tenant’s end', () => {
    expect(against({}, [], { tenant: tenant({ until: '2026-06-01T00:00:00Z' }) })).toEqual([
      'Tenant acme (plan bronze) ended at 2026-06-01T00:00:00Z: what runs goes on, but nothing new is created. Ask the provider for a later spec.until of the tenant',
    ]);
    expect(against({}, [], { tenant: tenant({ until: '2026-06-01T00:00:01Z' }) })).toEqual([]);
  });

  it('is not filled by somebody who creates the same name without end', () => {
    const uids = Array.from({ length: 32 }, (_, n) => `u${n}`);
    const ask = { place: 'p/q/r/s', uid: 'u', tenant: tenant(), plan: {}, quotaOf: () => QUOTA, now: NOW };

    expect(judgePlace({ places: { 'p/q/r/s': uids } }, ask)[0]?.message).toContain('try again in a minute');
    expect(judgePlace({ places: { 'p/q/r/s': uids.slice(1) } }, ask)).toEqual([]);
  });
});
