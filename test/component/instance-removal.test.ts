import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hook, HookEvent } from '../../src/helm/rendering.ts';
import { CLUSTER_ROLE, CONFIG_MAP, JOB, NAMESPACE, type Job } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import { toYaml } from '../../src/kube/yaml.ts';
import { eventually } from '../doubles/eventually.ts';
import { fourObjects, InstanceRig, object, OPERATOR, POLICIES, SHOP } from './instance-rig.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

const remove = (name: string) => rig.client.delete(SHOP, { namespace: OPERATOR, name });

function hook(event: HookEvent, name: string, deletePolicies: Hook['deletePolicies'] = []): Hook {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } };
  const content = toYaml(object('batch/v1', 'Job', name, { spec: { template } }));
  return {
    source: 'shop/templates/hook.yaml',
    content,
    name,
    kind: 'Job',
    events: [event],
    weight: 0,
    deletePolicies,
  };
}

async function job(name: string): Promise<Job> {
  return eventually(`Job ${name} is there`, () =>
    rig.objects(JOB, 'shop1').find(({ metadata }) => metadata.name === name),
  );
}

/** Ends a Job as its controller would. */
async function end(name: string, type: 'Complete' | 'Failed', message = ''): Promise<void> {
  const found = await job(name);
  const lastTransitionTime = new Date().toISOString();
  rig.api.put(JOB, {
    ...found,
    status: { conditions: [{ type, status: 'True', message, lastTransitionTime }] },
  });
}

const settings = () =>
  rig.objects(CONFIG_MAP, 'shop1').filter(({ metadata }) => metadata.name === 'settings');

describe('deleting', () => {
  it('deletes the chart’s objects by UID as the service’s account, then the namespace, then lets go', async () => {
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    await rig.quiet();
    const before = rig.asked().length;

    await remove('shop1');
    await rig.gone('shop1');

    const deletes = rig
      .asked()
      .slice(before)
      .filter(({ method }) => method === 'DELETE');
    expect(deletes.map(({ path }) => path.split('/').at(-2)).sort()).toEqual([
      'configmaps',
      'deployments',
      'namespaces',
      'secrets',
      'services',
    ]);
    expect(deletes.at(-1)?.path).toBe('/api/v1/namespaces/shop1');
    for (const { body } of deletes)
      expect(body).toMatchObject({ preconditions: { uid: expect.any(String) } });
    expect(rig.namespace('shop1')).toBeUndefined();
  });

  it('deletes cluster-scoped objects that the service allows by name', async () => {
    await rig.revise(2, {
      policies: { ...POLICIES, allowedClusterKinds: ['rbac.authorization.k8s.io/ClusterRole'] },
    });
    rig.engine.template = (request) => [
      ...fourObjects(request),
      object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'shop-reader', { rules: [] }),
    ];
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    expect(rig.objects(CLUSTER_ROLE).map(({ metadata }) => metadata.name)).toContain('shop-reader');

    await remove('shop1');
    await rig.gone('shop1');

    expect(rig.objects(CLUSTER_ROLE).map(({ metadata }) => metadata.name)).not.toContain('shop-reader');
  });

  it('leaves an object alone that took the name of ours', async () => {
    await rig.revise(2, {
      policies: { ...POLICIES, allowedClusterKinds: ['rbac.authorization.k8s.io/ClusterRole'] },
    });
    rig.engine.template = () => [
      object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'shop-reader', { rules: [] }),
    ];
    await rig.create('shop1');
    await rig.ready('shop1');
    await rig.client.delete(CLUSTER_ROLE, { name: 'shop-reader' });
    await rig.client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'shop-reader' },
    });

    await remove('shop1');
    await rig.gone('shop1');

    expect(rig.objects(CLUSTER_ROLE).map(({ metadata }) => metadata.name)).toContain('shop-reader');
  });

  it('goes on without the service’s account: the rest goes with the namespace', async () => {
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    await rig.quiet();
    rig.api.fail(({ user }) => user.startsWith('system:serviceaccount:'), {
      status: 403,
      reason: 'Forbidden',
      message: 'no such account',
    });

    await remove('shop1');
    await rig.gone('shop1');

    expect(rig.namespace('shop1')).toBeUndefined();
  });

  it('lets go of an instance that never came to anything', async () => {
    await rig.create('shop1', { broken: true });
    await rig.until('shop1', { reason: 'TemplateFailed' });

    await remove('shop1');

    await rig.gone('shop1');
  });

  it('makes an instance of the same name anew after it', async () => {
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    await remove('shop1');
    await rig.gone('shop1');

    await rig.create('shop1');
    const found = await rig.until('shop1', { reason: 'Waiting' });

    expect(rig.namespace('shop1')?.metadata.labels?.['tenantry.dev/instance-uid']).toBe(found.metadata.uid);
  });
});

describe('hooks', () => {
  it('run before the objects, one after another', async () => {
    rig.engine.hooks = [hook('pre-install', 'a'), { ...hook('pre-install', 'b'), weight: 1 }];
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'HookRunning' });
    await job('a');
    expect(rig.objects(JOB, 'shop1').map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(settings()).toEqual([]);

    await end('a', 'Complete');
    await job('b');
    expect(settings()).toEqual([]);
    await end('b', 'Complete');

    await eventually('the objects are written', () => settings().length === 1);
    await rig.until('shop1', { reason: 'Waiting' });
  });

  it('run after the objects, and go when they succeeded if they say so', async () => {
    rig.engine.hooks = [hook('post-install', 'a', ['hook-succeeded'])];
    await rig.create('shop1');
    await job('a');
    expect(settings()).toHaveLength(1);
    await end('a', 'Complete');

    await rig.until('shop1', { reason: 'Waiting' });

    expect(rig.objects(JOB, 'shop1')).toEqual([]);
  });

  it('are not run again by a restart', async () => {
    rig.engine.hooks = [hook('pre-install', 'a')];
    await rig.create('shop1');
    const { metadata } = await job('a');
    await rig.restart();
    await end('a', 'Complete');
    await rig.until('shop1', { reason: 'Waiting' });

    expect((await job('a')).metadata.uid).toBe(metadata.uid);
    expect(rig.engine.renderings).toHaveLength(1);
  });

  it('say why they fail, and nothing is written', async () => {
    rig.engine.hooks = [hook('pre-install', 'a')];
    await rig.create('shop1');
    await end('a', 'Failed', 'Job has reached the specified backoff limit');

    const found = await rig.until('shop1', { reason: 'HookFailed' });

    expect(findCondition(found.status?.conditions, 'Ready')?.message).toBe(
      'Hook pre-install Job a (shop/templates/hook.yaml) failed: Job has reached the specified backoff limit',
    );
    expect(settings()).toEqual([]);
  });

  it('run on an upgrade for the upgrade, with the last run’s object cleared away', async () => {
    rig.engine.hooks = [{ ...hook('pre-install', 'a'), events: ['pre-install', 'pre-upgrade'] }];
    await rig.create('shop1');
    const first = await job('a');
    await end('a', 'Complete');
    await rig.until('shop1', { reason: 'Waiting' });

    await rig.patch('shop1', { spec: { title: 'B' } });
    await eventually('the hook runs anew', async () => (await job('a')).metadata.uid !== first.metadata.uid);
    expect(settings()[0]?.data?.['title']).not.toBe('B');
    await end('a', 'Complete');

    await eventually('the title is B', () => settings()[0]?.data?.['title'] === 'B');
  });

  it('run before the deletion, unless it is forced', async () => {
    rig.engine.hooks = [hook('pre-delete', 'bye')];
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    await remove('shop1');
    await job('bye');
    expect(settings()).toHaveLength(1);
    await end('bye', 'Complete');
    await rig.gone('shop1');

    await rig.create('shop1', {}, {});
    await rig.until('shop1', { reason: 'Waiting' });
    await rig.patch('shop1', { metadata: { labels: { delete: 'yes' } } });
    await remove('shop1');
    await rig.gone('shop1');
    expect(rig.objects(NAMESPACE).map(({ metadata }) => metadata.name)).not.toContain('shop1');
  });

  it('run after the deletion of the objects', async () => {
    rig.engine.hooks = [hook('post-delete', 'bye')];
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    await remove('shop1');
    await job('bye');
    expect(settings()).toEqual([]);
    expect(rig.namespace('shop1')).toBeDefined();
    await end('bye', 'Complete');

    await rig.gone('shop1');
  });
});
