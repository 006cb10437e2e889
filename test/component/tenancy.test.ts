import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEDGER } from '../../src/api/ledger.ts';
import { TENANT } from '../../src/api/tenant.ts';
import { NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { eventually } from '../doubles/eventually.ts';
import { OPERATOR, TenancyRig } from './tenancy-rig.ts';

let rig: TenancyRig;
beforeEach(async () => {
  rig = await TenancyRig.start();
});
afterEach(() => rig.close());

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(3, '0')}`);

describe('100 creations at once over two replicas, 30 of which are refused later', () => {
  it('leave exactly as many as the plan offers, and no place is lost', { timeout: 60_000 }, async () => {
    const offered = 40;
    await rig.plan('silver', { instances: offered });
    await rig.tenant('acme', { plan: 'silver' });
    await rig.own('team', 'acme');
    const all = names('shop', 100);
    rig.refusedLater = new Set(all.filter((_, n) => n % 10 < 3));

    const first = await rig.createAll(all);

    const refused = first.filter((text) => text !== undefined);
    const later = refused.filter((text) => text.includes('refused later'));
    const full = refused.filter((text) => text.includes('Plan silver of tenant acme has no place for it'));
    expect(rig.names()).toHaveLength(100 - refused.length);
    expect(rig.names().length).toBeLessThanOrEqual(offered);
    expect(later.length).toBeGreaterThan(0);
    expect(full).toHaveLength(refused.length - later.length);
    // Each place was taken by one that was stored or refused later; on a slow machine some of the latter are free again by now.
    expect(rig.names().length + later.length).toBeGreaterThanOrEqual(offered);

    // The places of those that did not come to be are given back, and no others.
    await eventually(
      'places are those of the objects',
      () => rig.places('acme').length === rig.names().length,
    );
    rig.refusedLater = new Set();
    await rig.createAll(all);

    expect(rig.names()).toHaveLength(offered);
    await eventually(
      'nothing is open',
      () => Object.values(rig.ledger('acme')?.spec.places ?? {}).flat().length === 0,
    );
    expect(rig.places('acme').toSorted()).toEqual(rig.names().toSorted());
    expect(await rig.createAll(['another'])).toEqual([
      expect.stringContaining('instances: 41, where the plan offers 40'),
    ]);
  });
});

describe('a place', () => {
  beforeEach(async () => {
    await rig.plan('bronze', { instances: 1 });
    await rig.tenant('acme', { plan: 'bronze' });
    await rig.own('team', 'acme');
  });

  it('is free again when its instance is gone', async () => {
    await rig.create('a');
    expect(await rig.createAll(['b'])).toEqual([expect.stringContaining('has no place')]);

    await rig.delete('a');
    await eventually('the place is free', () => rig.places('acme').length === 0);

    expect(await rig.createAll(['b'])).toEqual([undefined]);
  });

  it('is not taken by a dry run, which is answered alike', async () => {
    await rig.create('a', 'team', true);
    expect(rig.places('acme')).toEqual([]);

    await rig.create('b');
    await expect(rig.create('c', 'team', true)).rejects.toThrow('has no place');
  });

  it('is kept in a ledger that comes back with what there is when somebody deletes it', async () => {
    await rig.create('a');
    await rig.lead(false);
    await rig.client.delete(LEDGER, { namespace: OPERATOR, name: 'acme' });
    expect(await rig.createAll(['b'])).toEqual([expect.stringContaining('has no place')]);

    await rig.lead(true);
    await eventually('the ledger is back', () => rig.places('acme').length === 1);
  });
});

describe('whoever is on no plan', () => {
  it('creates as much as he likes, and admission writes nothing', async () => {
    const before = rig.api.requests.length;
    expect(await rig.createAll(names('a', 5))).toEqual(Array.from({ length: 5 }, () => undefined));

    const writes = rig.api.requests
      .slice(before)
      .filter(({ user, method }) => user === 'operator' && method !== 'GET');
    expect(writes).toEqual([]);
  });
});

describe('a change of plan', () => {
  it('freezes nothing at once: what is over has its time of grace, then nothing new, and nothing goes', async () => {
    await rig.plan('gold', { instances: 5 });
    await rig.plan('bronze', { instances: 1, gracePeriod: '1h' });
    await rig.tenant('acme', { plan: 'gold' });
    await rig.own('team', 'acme');
    await rig.createAll(['a', 'b']);

    await rig.tenant('acme', { plan: 'bronze' });
    const during = await rig.until('acme', { type: 'WithinPlan', status: 'False' });
    expect(during.status?.instances).toBe(2);
    await rig.until('acme', { type: 'Ready', status: 'True' });

    await rig.plan('bronze', { instances: 1 });
    await rig.until('acme', { type: 'Ready', status: 'False', reason: 'OverPlan' });
    expect(await rig.createAll(['c'])).toEqual([
      expect.stringContaining('uses more than its plan bronze offers, and its time of grace ended'),
    ]);
    expect(rig.names()).toEqual(['a', 'b']);

    await rig.tenant('acme', { plan: 'gold' });
    expect(await rig.createAll(['c'])).toEqual([undefined]);
    await rig.until('acme', { type: 'WithinPlan', status: 'True' });
  });

  it('counts what was there before', async () => {
    await rig.tenant('acme');
    await rig.own('team', 'acme');
    await rig.createAll(['a', 'b']);
    await rig.plan('bronze', { instances: 3 });
    await rig.tenant('acme', { plan: 'bronze' });

    const results = await rig.createAll(['c', 'd']);

    expect(results.filter((text) => text === undefined)).toHaveLength(1);
  });
});

describe('a plan that holds instances on a revision', () => {
  it('lets none be created that would have none to run', async () => {
    await rig.plan('old', { services: [{ kind: 'ShopService', newestRevision: 1 }] });
    await rig.tenant('acme', { plan: 'old' });
    await rig.own('team', 'acme');
    rig.oldestRevision = 2;

    expect(await rig.createAll(['a'])).toEqual([
      expect.stringContaining('ShopService has no revision up to number 1, the newest that plan old lets'),
    ]);
    rig.oldestRevision = 1;
    expect(await rig.createAll(['a'])).toEqual([undefined]);
  });
});

describe('a trial', () => {
  it('ends: nothing new is created, and the tenant says so', async () => {
    await rig.plan('trial', { trialPeriod: '14d' });
    await rig.tenant('acme', { plan: 'trial', since: '2020-01-01T00:00:00Z' });
    await rig.own('team', 'acme');

    const { status } = await rig.until('acme', { status: 'False', reason: 'Ended' });

    expect(status?.until).toBe('2020-01-15T00:00:00Z');
    expect(await rig.createAll(['a'])).toEqual([
      expect.stringContaining(
        'The trial of plan trial that tenant acme is on ended at 2020-01-15T00:00:00Z: what runs goes on, but nothing new is created. Ask the provider for another plan (tenantry tenant set-plan acme PLAN)',
      ),
    ]);
  });
});

describe('whose a namespace is', () => {
  it('is nobody’s guess: a tenant or a plan that is not there refuses what is new', async () => {
    await rig.own('team', 'ghost');
    expect(await rig.createAll(['a'])).toEqual([
      expect.stringContaining('Tenant ghost of namespace tenantry does not exist'),
    ]);

    await rig.tenant('ghost', { plan: 'none' });
    expect(await rig.createAll(['a'])).toEqual([
      expect.stringContaining('is on plan none, which does not exist there'),
    ]);
  });

  it('is not for whoever administers a namespace to say: only tenants of providers count', async () => {
    const own = { name: 'mine', namespace: 'team' };
    await rig.client.create(
      { group: 'tenantry.dev', version: 'v1alpha1', kind: 'Tenant', plural: 'tenants', namespaced: true },
      {
        apiVersion: 'tenantry.dev/v1alpha1',
        kind: 'Tenant',
        metadata: own,
      },
    );
    const labels = { 'tenantry.dev/tenant': 'mine', 'tenantry.dev/tenant-namespace': 'team' };
    await rig.client.patch(NAMESPACE, { name: 'team' }, { type: 'merge', body: { metadata: { labels } } });

    await eventually('it is refused', async () =>
      ((await rig.createAll(['a']))[0] ?? '').includes('team is no provider’s namespace'.replace('’', "'")),
    );
  });

  it('decides who may create: members, and who may use the tenant', async () => {
    rig.rights.mayUse = ({ user }) => user === 'provider';
    await rig.tenant('acme', { members: [{ kind: 'User', name: 'ann' }] });
    await rig.own('team', 'acme');

    expect(await rig.createAll(['a'])).toEqual([
      expect.stringContaining('tester is no member of tenant acme'),
    ]);
    rig.user = { ...rig.user, username: 'ann' };
    expect(await rig.createAll(['a'])).toEqual([undefined]);
    rig.user = { ...rig.user, username: 'provider' };
    expect(await rig.createAll(['b'])).toEqual([undefined]);
  });
});

describe('a leader that has just begun', () => {
  it('lets the count stand until the instances are in its stores', async () => {
    await rig.plan('silver', { isolation: 'strict' });
    await rig.tenant('acme', { plan: 'silver' });
    await rig.own('team', 'acme');
    await rig.create('a');
    await rig.counted('acme', 1);
    await rig.lead(false);
    rig.isStored = false;
    const ref = { namespace: OPERATOR, name: 'acme' };
    await rig.client.patch(TENANT, ref, { type: 'merge', body: { spec: { displayName: 'Acme' } } });

    await rig.lead(true);
    const { status } = await rig.until('acme', {});

    expect(status).toMatchObject({ instances: 1, services: { 'platformapi.kubeplus/ShopService': 1 } });
  });
});
