import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { TENANT } from '../../src/api/tenant.ts';
import { startPlugins, type PluginRig, type Typed } from './plugin-rig.ts';
import { OPERATOR, TenancyRig } from './tenancy-rig.ts';

let rig: TenancyRig;
let terminal: PluginRig;
beforeEach(async () => {
  rig = await TenancyRig.start();
  terminal = await startPlugins(rig.api.url, { token: 'tester', namespace: OPERATOR });
  await rig.plan('gold', { displayName: 'Gold', instances: 5, prices: { 'cpu hour': '0.03 EUR' } });
  await rig.plan('bronze', { instances: 1, gracePeriod: '2d' });
});
afterEach(async () => {
  await terminal.close();
  await rig.close();
});

const tenant = (...words: string[]): Promise<Typed> =>
  terminal.type('tenantry', 'tenant', ...words, '-n', OPERATOR);

describe('tenantry tenant', () => {
  it('creates a tenant with its plan, its members and its namespaces', async () => {
    const who = ['--member', 'user:ann', '--member', 'account:ci/robot'];
    const { out, failed } = await tenant('create', 'acme', '--plan', 'gold', ...who, '--owns', 'team');

    expect({ out, failed }).toEqual({
      out: 'Tenant acme is in namespace tenantry.\nInstances created in team are its own.\n',
      failed: false,
    });
    const created = rig.api.objects(TENANT).find(({ metadata }) => metadata.name === 'acme');
    expect(created?.spec).toEqual({
      plan: 'gold',
      members: [
        { kind: 'User', name: 'ann' },
        { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
      ],
    });
    expect(
      rig.api.objects(NAMESPACE).find(({ metadata }) => metadata.name === 'team')?.metadata.labels,
    ).toMatchObject({ 'tenantry.dev/tenant': 'acme', 'tenantry.dev/tenant-namespace': OPERATOR });
  });

  it('lists and shows what is used, what is offered and what it costs', async () => {
    await rig.tenant('acme', { plan: 'gold', displayName: 'Acme Ltd.' });
    await rig.own('team', 'acme');
    await rig.createAll(['a', 'b']);
    await rig.until('acme', {});
    await rig.counted('acme', 2);

    expect((await tenant('list')).out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['TENANT', 'PLAN', 'INSTANCES', 'READY', 'UNTIL', 'NAME'],
      ['acme', 'gold', '2', 'True', '-', 'Acme Ltd.'],
      [''],
    ]);
    const { out } = await tenant('show', 'acme');
    expect(out).toContain('Plan:       gold (Gold)\n');
    expect(out).toContain('WithinPlan: True: Nothing is used that the plan does not offer\n');
    expect(out).toMatch(/^instances +2 +5$/m);
    expect(out).toMatch(/^ShopService +2 +no limit$/m);
    expect(out).toMatch(/^cpu hour +0\.03 EUR$/m);
  });

  it('shows what a smaller plan would do, asks, and deletes nothing', async () => {
    await rig.tenant('acme', { plan: 'gold' });
    await rig.own('team', 'acme');
    await rig.createAll(['a', 'b']);
    await rig.counted('acme', 2);
    const over = `Tenant acme, from plan gold to plan bronze:
More is used than it offers; nothing is deleted, what runs goes on:
  instances: 2, where the plan offers 1
What still fits can be created for 2d (until `;

    expect((await tenant('preview', 'acme', '--plan', 'bronze')).out).toContain(over);
    const refused = await tenant('set-plan', 'acme', 'bronze');
    expect(refused.out).toContain(over);
    expect(refused.err).toContain('more is used than plan bronze offers; nothing was changed');
    expect((await tenant('set-plan', 'acme', 'bronze', '--yes')).out).toContain(
      'Tenant acme is on plan bronze.\n',
    );

    await rig.until('acme', { type: 'WithinPlan', status: 'False' });
    expect(rig.names()).toEqual(['a', 'b']);
  });

  it.each([
    [['show', 'nobody'], 'there is no tenant nobody in namespace tenantry'],
    [['create', 'acme', '--plan', 'none'], 'there is no plan none in namespace tenantry'],
    [['create', 'a'.repeat(64)], 'namespaces name their tenant by a label of at most 63'],
    [['create', 'acme', '--until', '2026-12-24'], 'Write date, time and zone'],
    [['create', 'acme', '--member', 'ann'], 'Write user:NAME, group:NAME or account:NAMESPACE/NAME'],
  ])('says what is wrong: %j', async (words, text) => {
    const { failed, err } = await tenant(...words);

    expect(failed).toBe(true);
    expect(err).toContain(text);
    expect(rig.api.objects(TENANT)).toEqual([]);
  });
});
