import { describe, expect, it } from 'vitest';
import { RESOURCE_MONITOR, type ResourceMonitor } from '../../src/api/resource-monitor.ts';
import { RESOURCE_POLICY, type ResourcePolicy } from '../../src/api/resource-policy.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Condition } from '../../src/kube/object.ts';
import { eventually } from '../doubles/eventually.ts';
import { chart, isReady, NAMESPACE, useServiceRig } from './service-rig.ts';

const QUOTA = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };

type Policy = NonNullable<NonNullable<ResourcePolicy['spec']>['policy']>;

describe('a ResourcePolicy of the provider', { timeout: 30_000 }, () => {
  const rig = useServiceRig();

  async function service(policy?: Policy): Promise<void> {
    await rig().upload(chart());
    await rig().register();
    if (policy === undefined) return;
    await rig().patch({ spec: { respolicy: { spec: { policy } } } });
    await rig().until((now) => isReady(now) && now?.status?.revision === 'hello-2');
  }

  async function apply(name: string, policy: Policy, kind = 'HelloService'): Promise<void> {
    await rig().client.create(RESOURCE_POLICY, {
      apiVersion: 'workflows.kubeplus/v1alpha1',
      kind: 'ResourcePolicy',
      metadata: { name, namespace: NAMESPACE },
      spec: { resource: { kind }, policy },
    });
  }

  const remove = (name: string): Promise<unknown> =>
    rig().client.delete(RESOURCE_POLICY, { namespace: NAMESPACE, name });

  const policies = (): object[] =>
    rig()
      .revisions()
      .map(({ spec }) => spec.policies);

  async function says(name: string, reason: string): Promise<Condition | undefined> {
    let ready: Condition | undefined;
    await eventually(`ResourcePolicy ${name} says ${reason}`, async () => {
      const found = await rig().client.find(RESOURCE_POLICY, { namespace: NAMESPACE, name });
      ready = findCondition(found?.status?.conditions, 'Ready');
      return ready?.reason === reason;
    });
    return ready;
  }

  it('is laid over the composition’s field by field, in a revision of its own, and taken off again', async () => {
    await service({ quota: QUOTA, podconfig: { limits: { cpu: '100m' } } });

    await apply('more', { quota: { 'limits.cpu': '3' }, podconfig: { limits: { memory: '64Mi' } } });
    const ready = await says('more', 'InForce');

    expect(policies().at(-1)).toMatchObject({
      quota: { ...QUOTA, 'limits.cpu': '3' },
      podResources: { limits: { cpu: '100m', memory: '64Mi' } },
    });
    expect(ready).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/HelloService.*revision hello-3.*at once/),
    });
    await remove('more');
    await eventually('the next revision is as the composition says', () => rig().revisions().length === 4);
    expect(policies().at(-1)).toEqual(policies().at(1));
  });

  it('counts no more than one: the older, until it goes', async () => {
    await service({ quota: QUOTA });
    await apply('first', { quota: { 'limits.cpu': '3' } });
    await says('first', 'InForce');

    await apply('second', { quota: { 'limits.cpu': '4' } });

    expect(await says('second', 'OlderOneCounts')).toMatchObject({
      status: 'False',
      message: expect.stringMatching(/first/),
    });
    expect(policies().at(-1)).toMatchObject({ quota: { 'limits.cpu': '3' } });
    await remove('first');
    await says('second', 'InForce');
    expect(policies().at(-1)).toMatchObject({ quota: { 'limits.cpu': '4' } });
  });

  it('that does not fit says why and takes no limit away', async () => {
    await service({ quota: QUOTA });

    await apply('wrong', { quota: { 'limits.cpu': 'much' } });

    expect(await says('wrong', 'SpecInvalid')).toMatchObject({
      message: expect.stringMatching(/^spec.policy.quota\[limits.cpu\]: "much" is not a quantity/),
    });
    await rig().patch({ spec: { policies: { egress: 'closed' } } });
    await rig().until((now) => now?.status?.revision === 'hello-3');
    expect(policies().at(-1)).toMatchObject({ egress: 'closed', quota: QUOTA });
  });

  it('of a kind that nobody registers here says so', async () => {
    await service();

    await apply('other', {}, 'OtherService');

    await says('other', 'NoService');
  });

  it('is not the operator’s record of the composition, which comes back when it is deleted', async () => {
    await service({ quota: QUOTA });
    const record = await says('hello-policy', 'Record');
    expect(record).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/ResourceComposition hello; change it there/),
    });

    await remove('hello-policy');

    await says('hello-policy', 'Record');
    expect(policies()).toHaveLength(2);
  });
});

describe('a ResourceMonitor of the provider', { timeout: 30_000 }, () => {
  const rig = useServiceRig();
  const ref = { namespace: NAMESPACE, name: 'mine' };

  async function monitor(spec: NonNullable<ResourceMonitor['spec']>): Promise<void> {
    await rig().upload(chart());
    await rig().register();
    await rig().client.create(RESOURCE_MONITOR, {
      apiVersion: 'workflows.kubeplus/v1alpha1',
      kind: 'ResourceMonitor',
      metadata: ref,
      spec: { resource: { kind: 'HelloService' }, ...spec },
    });
  }

  async function says(reason: string): Promise<string | undefined> {
    let message: string | undefined;
    await eventually(`the ResourceMonitor says ${reason}`, async () => {
      const found = await rig().client.find(RESOURCE_MONITOR, ref);
      const ready = findCondition(found?.status?.conditions, 'Ready');
      message = ready?.message;
      return ready?.reason === reason;
    });
    return message;
  }

  it('lets the operator ask the application, from a revision of its own on, until it goes', async () => {
    const appEndpoints = { label: 'app=hello', endpoint: ':8080/metrics', metrics: ['greetings'] };

    await monitor({ monitorRelationships: 'owner', appEndpoints });

    expect(await says('InForce')).toMatch(/revision hello-2. Counted is: owner; .* at :8080\/metrics/);
    expect(rig().revisions().at(-1)?.spec.policies.monitored).toBe(true);
    await rig().client.delete(RESOURCE_MONITOR, ref);
    await eventually('nobody asks any more', () => rig().revisions().length === 3);
    expect(rig().revisions().at(-1)?.spec.policies.monitored).toBeUndefined();
  });

  it('that does not fit says why, and nobody is asked', async () => {
    await monitor({ appEndpoints: { endpoint: 'http://elsewhere', metrics: ['a'] } });

    expect(await says('SpecInvalid')).toMatch(/^spec.appEndpoints.endpoint: /);
    expect(rig().revisions()).toHaveLength(1);
  });
});
