import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TENANT_PLAN, type PlanSpec } from '../../src/api/plan.ts';
import { TENANT } from '../../src/api/tenant.ts';
import { NAMESPACE, NETWORK_POLICY, RESOURCE_QUOTA } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { eventually } from '../doubles/eventually.ts';
import { InstanceRig, object, OPERATOR, POLICIES, SHOP } from './instance-rig.ts';

/** Pods that nobody waits for. */
const CRON_JOB: Kind<AnyObject> = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  namespaced: true,
};
const CRON_SPEC = {
  schedule: '@daily',
  jobTemplate: { spec: { template: { spec: { containers: [{ name: 'web', image: 'web' }] } } } },
};
const CAP = {
  'requests.cpu': '500m',
  'requests.memory': '1Gi',
  'limits.cpu': '1',
  'limits.memory': '2Gi',
};

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
  rig.engine.template = () => [object('batch/v1', 'CronJob', 'web', { spec: CRON_SPEC })];
});
afterEach(() => rig.close());

const apply = (kind: Kind, name: string, spec: object): Promise<unknown> =>
  rig.client.apply(
    kind,
    {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: kind.kind,
      metadata: { name, namespace: OPERATOR },
      spec,
    } as AnyObject,
    { fieldManager: 'tester' },
  );
const plan = (name: string, spec: PlanSpec): Promise<unknown> => apply(TENANT_PLAN, name, spec);
const tenant = (name: string, on?: string): Promise<unknown> =>
  apply(TENANT, name, on === undefined ? {} : { plan: on });
const own = (namespace: string, name: string | null): Promise<unknown> => {
  const labels = { 'tenantry.dev/tenant': name, 'tenantry.dev/tenant-namespace': name && OPERATOR };
  return rig.client.patch(NAMESPACE, { name: namespace }, { type: 'merge', body: { metadata: { labels } } });
};

/** What isolates the instance in its namespace. */
async function target(name: string): Promise<string> {
  const { status } = await rig.ready(name, 'team');
  return status?.namespace ?? '';
}
const quota = (namespace: string): unknown =>
  (rig.objects(RESOURCE_QUOTA, namespace)[0] as AnyObject | undefined)?.['spec'];
const egress = (namespace: string): string => JSON.stringify(rig.objects(NETWORK_POLICY, namespace));
const labels = (namespace: string): Readonly<Record<string, string>> =>
  rig.namespace(namespace)?.metadata.labels ?? {};
const podSpec = (namespace: string): unknown =>
  (rig.objects(CRON_JOB, namespace)[0]?.['spec'] as typeof CRON_SPEC | undefined)?.jobTemplate.spec.template
    .spec;

/** How often instances were looked at. */
const looks = async (): Promise<string> =>
  (await rig.manager.metrics.text())
    .split('\n')
    .filter((line) => line.includes('_count') && line.includes('controller="instance'))
    .join('\n');

describe('an instance under the plan of its namespace’s tenant', () => {
  it('gets what the service asks for within what the plan offers, from the first write on', async () => {
    const nodePool = {
      nodeSelector: { pool: 'gold' },
      tolerations: [{ key: 'gold', operator: 'Exists' as const }],
    };
    await plan('silver', {
      quota: { instance: CAP },
      egress: 'closed',
      nodePool,
      storageClasses: ['slow', 'fast'],
    });
    await tenant('acme', 'silver');
    await own('team', 'acme');
    await rig.create('a', {}, {}, 'team');

    const home = await target('a');

    expect(quota(home)).toEqual({ hard: CAP });
    expect(egress(home)).not.toContain('0.0.0.0/0');
    expect(labels(home)).toMatchObject({ 'tenantry.dev/storage-classes': 'fast_slow' });
    expect(podSpec(home)).toMatchObject(nodePool);
    const quotas = rig
      .asked()
      .filter(({ path, method }) => method === 'POST' && path.endsWith('/resourcequotas'));
    expect(quotas).toHaveLength(1);
  });

  it('follows a change of the plan, of the tenant and of the namespace at once', async () => {
    await plan('silver', { quota: { instance: CAP }, isolation: 'strict', storageClasses: ['fast'] });
    await plan('gold', {});
    await tenant('acme', 'gold');
    await own('team', 'acme');
    await rig.create('a', {}, {}, 'team');
    const home = await target('a');
    expect(quota(home)).toEqual({ hard: POLICIES.quota });
    expect(egress(home)).toContain('0.0.0.0/0');

    await tenant('acme', 'silver');
    await eventually('the tenant’s plan counts', () => labels(home)['tenantry.dev/isolation'] === 'strict');
    await eventually('with its quota', () => JSON.stringify(quota(home)).includes('"500m"'));
    expect(labels(home)).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'tenantry.dev/storage-classes': 'fast',
    });

    await plan('silver', { quota: { instance: { ...CAP, 'requests.cpu': '250m' } } });
    await eventually('the plan’s change counts', () => JSON.stringify(quota(home)).includes('"250m"'));
    await eventually(
      'what it no longer says goes',
      () => labels(home)['tenantry.dev/isolation'] === undefined,
    );
    expect(labels(home)['tenantry.dev/storage-classes']).toBeUndefined();

    await rig.quiet();
    await own('team', null);
    await eventually(
      'the namespace’s tenant counts',
      () =>
        JSON.stringify(quota(home)).includes('"cpu":"1"') ||
        JSON.stringify(quota(home)).includes('"requests.cpu":"1"'),
    );
  });

  it('runs the newest revision that the plan lets it, also when the service goes on', async () => {
    await plan('old', { services: [{ kind: 'ShopService', newestRevision: 1 }] });
    await tenant('acme', 'old');
    await own('team', 'acme');
    await rig.create('a', {}, {}, 'team');
    await target('a');
    await rig.revise(2);
    await rig.create('b');
    await rig.ready('b');

    expect((await rig.find('b'))?.status?.revision).toBe('shop-2');
    expect((await rig.ready('a', 'team')).status?.revision).toBe('shop-1');

    await plan('old', { services: [{ kind: 'ShopService' }] });
    await eventually(
      'it goes on, too',
      async () => (await rig.find('a', 'team'))?.status?.revision === 'shop-2',
    );
  });

  it('waits as it is where nobody can tell the plan, and can be deleted', async () => {
    await own('team', 'ghost');
    await rig.create('a', {}, {}, 'team');

    await rig.until('a', { status: 'False', reason: 'TenantUnknown' }, 'team');
    await tenant('ghost');
    await target('a');
    await rig.client.delete(TENANT, { namespace: OPERATOR, name: 'ghost' });
    await rig.until('a', { status: 'False', reason: 'TenantUnknown' }, 'team');
    await rig.client.delete(SHOP, { namespace: 'team', name: 'a' });
    await eventually('it is gone', async () => (await rig.find('a', 'team')) === undefined);
  });

  it('is not looked at again because the tenant is counted', async () => {
    await tenant('acme');
    await own('team', 'acme');
    await rig.create('a', {}, {}, 'team');
    await target('a');
    await rig.quiet();
    const before = await looks();

    await rig.client.apply(
      TENANT,
      {
        apiVersion: 'tenantry.dev/v1alpha1',
        kind: 'Tenant',
        metadata: { name: 'acme', namespace: OPERATOR },
        status: { instances: 1 },
      },
      { fieldManager: 'status', subresource: 'status' },
    );
    await eventually('the store has it', () =>
      rig.manager.stores.list(TENANT).some(({ status }) => status?.instances === 1),
    );
    await rig.quiet();

    expect(await looks()).toBe(before);
  });
});
