import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_PLANE } from '../../src/api/control-plane.ts';
import { POST_CREATE_HOOK } from '../../src/api/post-create-hook.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { CLUSTER_ROLE, CONFIG_MAP, JOB, ROLE_BINDING, type ConfigMap } from '../../src/kube/builtin-kinds.ts';
import { eventually as patiently } from '../doubles/eventually.ts';
import { startEngine } from './helm-engine.ts';
import { HooksRig, PATIENCE_MS } from './hooks-rig.ts';

let engine: HelmEngine;
let rig: HooksRig;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());
beforeEach(async () => {
  rig = await HooksRig.start(engine);
});
afterEach(() => rig.close());

const eventually = (what: string, check: () => boolean): Promise<unknown> =>
  patiently(what, check, PATIENCE_MS);
/** What the API server says of a change to a Job's pods; the one in memory takes it. */
const IMMUTABLE = { status: 422, reason: 'Invalid', message: 'spec.template: field is immutable' };
const configMap = (name: string, data: Record<string, string> = {}): unknown => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const job = (name: string, text = 'hello'): unknown => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: {
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'busybox', args: ['echo', text] }] },
    },
  },
});
const clusterRole = (name: string): unknown => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules: [],
});
const found = (name: string, api = rig.host): ConfigMap | undefined =>
  api.objects(CONFIG_MAP).find(({ metadata }) => metadata.name === name);
const complete = (name: string, condition: 'Complete' | 'Failed'): void => {
  const present = rig.host.objects(JOB).find(({ metadata }) => metadata.name === name);
  if (present === undefined) throw new Error(`there is no Job ${name}`);
  const at = '2026-01-01T00:00:00Z';
  const message = 'it ended with code 3';
  const conditions = [
    { type: condition, status: 'True', message, lastProbeTime: at, lastTransitionTime: at },
  ];
  rig.host.put(JOB, {
    ...present,
    status: { conditions, ...(condition === 'Complete' ? { succeeded: 1 } : {}) },
  });
};

describe('a hook', () => {
  it('is applied in the namespace of the plane as the hooks’ account, and told in both statuses', async () => {
    await rig.hook(
      'hello',
      [configMap('{{.HookName}}', { plane: '{{.ControlPlaneName}}' })],
      {},
      { flavor: 'a' },
    );
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'hello' }] });

    const state = await rig.until('cp1', 'hello', { applied: true, ready: true });

    expect(state.objects).toMatchObject([{ kind: 'ConfigMap', name: 'hello' }]);
    expect(found('hello')).toMatchObject({
      metadata: { namespace: 'cp1-system', labels: { 'tenantry.dev/post-create-hook': 'hello' } },
      data: { plane: 'cp1' },
    });
    const made = rig.host.requests.find(
      ({ method, path }) => method === 'POST' && path.includes('configmaps'),
    );
    expect(made?.user).toBe('system:serviceaccount:tenantry-services:tenantry-hooks');
    expect(
      rig.host
        .objects(ROLE_BINDING, 'cp1-system')
        .map(({ roleRef }) => roleRef.name)
        .sort(),
    ).toEqual(['tenantry-hooks', 'tenantry-instance']);
    await eventually('the hook counts its planes', () => {
      const [hook] = rig.host.objects(POST_CREATE_HOOK);
      return hook?.status?.applied === 1 && hook.status.conditions?.[0]?.status === 'True';
    });
    expect(rig.status('cp1')).toMatchObject({
      postCreateHooks: { hello: true },
      postCreateHookCompleted: true,
    });
    expect(rig.host.objects(CONTROL_PLANE)[0]?.metadata.labels).toEqual({ flavor: 'a' });
  });

  it('leaves what the plane’s own controller says alone', async () => {
    await rig.hook('hello', [configMap('hello')]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'hello' }] });
    await rig.until('cp1', 'hello', { ready: true });

    await rig.serve('cp1', {}, false);

    expect(rig.status('cp1')).toMatchObject({
      conditions: [{ reason: 'Unavailable' }],
      postCreateHookCompleted: true,
    });
  });

  it('waits for the API server, and counts as done where there is none', async () => {
    await rig.plane('cp2');
    await eventually('nothing to wait for', () => rig.status('cp2').postCreateHookCompleted === true);
    await rig.hook('hello', [configMap('hello')]);
    await rig.plane('cp1', {});
    await rig.serve('cp1', {}, false);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'hello' }] });

    await rig.hook('other', [configMap('other')]);
    await rig.plane('cp2', { postCreateHooks: [{ hookName: 'other' }] });
    await rig.until('cp2', 'other', { ready: true });
    expect(found('hello')).toBeUndefined();

    await rig.serve('cp1');
    await rig.until('cp1', 'hello', { ready: true });
  });

  it('is applied again when it or a variable changes, and what it made before and no longer does goes', async () => {
    await rig.hook('hello', [configMap('a', { v: '{{.V}}' }), configMap('b')]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'hello', vars: { V: '1' } }] });
    await rig.until('cp1', 'hello', { ready: true });

    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'hello', vars: { V: '2' } }] });
    await eventually('the variable is applied', () => found('a')?.data?.['v'] === '2');
    await rig.hook('hello', [configMap('a', { v: '{{.V}}', w: 'new' })]);
    await eventually('the hook is applied', () => found('a')?.data?.['w'] === 'new');
    await eventually('what it dropped is gone', () => found('b') === undefined);

    await rig.plane('cp1', {});
    await eventually('nothing is left', () => found('a') === undefined);
    await eventually('the state is gone', () => rig.status('cp1').hooks === undefined);
  });

  it('is left as it is with reapply: false', async () => {
    await rig.hook('once', [configMap('once', { v: '1' })], { reapply: false });
    await rig.hook('marker', [configMap('marker', { v: '1' })]);
    const uses = { postCreateHooks: [{ hookName: 'once' }, { hookName: 'marker' }] };
    await rig.plane('cp1', uses);
    await rig.until('cp1', 'marker', { ready: true });

    await rig.hook('once', [configMap('once', { v: '2' })], { reapply: false });
    await rig.hook('marker', [configMap('marker', { v: '2' })]);

    await eventually('the other one is applied', () => found('marker')?.data?.['v'] === '2');
    expect(found('once')?.data).toEqual({ v: '1' });
  });

  it('makes a Job anew when it changes, which can’t be changed in place', async () => {
    await rig.hook('job', [job('run', '{{.V}}')]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'job', vars: { V: '1' } }] });
    await rig.until('cp1', 'job', { applied: true });
    const first = rig.host.objects(JOB)[0]?.metadata.uid;
    rig.host.fail({ method: 'PATCH', path: /\/jobs\/run/ }, IMMUTABLE, 1);

    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'job', vars: { V: '2' } }] });

    await eventually('the Job is another one', () => {
      const [now] = rig.host.objects(JOB);
      return now !== undefined && now.metadata.uid !== first;
    });
  });
});

describe('waiting', () => {
  it('holds back later hooks until a hook works that asks for it', async () => {
    await rig.hook('first', [job('first')]);
    await rig.hook('second', [configMap('second')]);
    await rig.plane('cp1', {
      postCreateHooks: [{ hookName: 'first', wait: true }, { hookName: 'second' }],
    });
    await rig.until('cp1', 'second', /waits for hook first/);
    await rig.until('cp1', 'first', { applied: true });
    expect(found('second')).toBeUndefined();

    complete('first', 'Complete');

    await rig.until('cp1', 'second', { ready: true });
  });

  it('says that a Job failed, and why', async () => {
    await rig.hook('first', [job('first')]);
    await rig.plane('cp1', { waitForPostCreateHooks: true, postCreateHooks: [{ hookName: 'first' }] });
    await rig.until('cp1', 'first', /Waiting for Job first/);

    complete('first', 'Failed');

    await rig.until('cp1', 'first', /Job first failed: it ended with code 3/);
    expect(rig.status('cp1').postCreateHookCompleted).toBe(false);
  });

  it('counts a Job that ended and was taken away, and a hook that is gone', async () => {
    await rig.hook('first', [job('first')]);
    await rig.plane('cp1', { waitForPostCreateHooks: true, postCreateHooks: [{ hookName: 'first' }] });
    await rig.until('cp1', 'first', /Waiting for Job first/);

    await rig.client.delete(JOB, { namespace: 'cp1-system', name: 'first' });
    await rig.until('cp1', 'first', { ready: true });
    await rig.client.delete(POST_CREATE_HOOK, { name: 'first' });
    await rig.until('cp1', 'first', /the PostCreateHook is gone; what it made stays/);
    expect(rig.status('cp1').postCreateHookCompleted).toBe(true);
  });
});

describe('a hook that fails', () => {
  it('is shown and keeps no other hook from going on', async () => {
    await rig.hook('typo', [configMap('typo', { v: '{{.VERSON}}' })]);
    await rig.hook('good', [configMap('good')]);
    await rig.plane('cp1', {
      postCreateHooks: [{ hookName: 'none' }, { hookName: 'typo' }, { hookName: 'good' }],
    });

    await rig.until('cp1', 'none', /there is no PostCreateHook none/);
    await rig.until('cp1', 'typo', /variable VERSON has no value/);
    await rig.until('cp1', 'good', { ready: true });
    expect(rig.status('cp1')).toMatchObject({
      postCreateHooks: { none: false, typo: false, good: true },
      postCreateHookCompleted: false,
    });

    await rig.hook('none', [configMap('none')]);
    await rig.until('cp1', 'none', { ready: true });
  });

  it('touches nothing that it did not make', async () => {
    await rig.client.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'theirs', namespace: 'cp1-system' },
      data: { a: '1' },
    });
    await rig.hook('bad', [configMap('theirs', { a: '2' })]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'bad' }] });
    await rig.until('cp1', 'bad', /theirs/);

    await rig.plane('cp1', {});
    await eventually('the hook is dropped', () => rig.status('cp1').hooks === undefined);
    expect(found('theirs')?.data).toEqual({ a: '1' });
  });

  it('makes nothing in another namespace', async () => {
    const elsewhere = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', namespace: 'cp2-system' },
    };
    await rig.hook('bad', [elsewhere]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'bad' }] });

    await rig.until('cp1', 'bad', /names namespace cp2-system/);
    expect(found('x')).toBeUndefined();
  });
});

describe('what belongs to no namespace', () => {
  const roles = (): readonly string[] =>
    rig.host.objects(CLUSTER_ROLE).flatMap(({ metadata }) => (metadata.name === 'shared' ? ['shared'] : []));

  it('is made where the account may, shared by planes, and goes with the last of them', async () => {
    await rig.hook('role', [clusterRole('shared')]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'role' }] });
    await rig.plane('cp2', { postCreateHooks: [{ hookName: 'role' }] });
    await rig.until('cp1', 'role', { ready: true });
    await rig.until('cp2', 'role', { ready: true });
    const owners = rig.host.objects(CLUSTER_ROLE).find(({ metadata }) => metadata.name === 'shared')
      ?.metadata.ownerReferences;
    expect(owners?.map(({ name }) => name).sort()).toEqual(['cp1', 'cp2']);

    await rig.plane('cp1', {});
    await eventually('cp1 is out', () => rig.status('cp1').hooks === undefined);
    expect(roles()).toEqual(['shared']);
    await rig.plane('cp2', {});
    await eventually('cp2 is out', () => rig.status('cp2').hooks === undefined);
    expect(roles()).toEqual([]);
  });

  it('is refused where nobody allowed it, and that is shown', async () => {
    rig.mayCluster = ({ resource }) => resource !== 'clusterroles';
    await rig.hook('role', [clusterRole('shared')]);
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'role' }] });

    await rig.until('cp1', 'role', /forbidden|cannot/i);
    expect(roles()).toEqual([]);
  });
});

describe('target: controlPlane', () => {
  it('makes the objects on the tenant’s API server and removes them there', async () => {
    await rig.hook('inside', [configMap('hello', { of: '{{.ControlPlaneName}}' })], {
      target: 'controlPlane',
    });
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'inside' }] });
    await rig.until('cp1', 'inside', { ready: true });

    expect(found('hello')).toBeUndefined();
    expect(found('hello', rig.inside)).toMatchObject({
      metadata: { namespace: 'default' },
      data: { of: 'cp1' },
    });

    await rig.plane('cp1', {});
    await eventually('it is gone there', () => found('hello', rig.inside) === undefined);
  });

  it('moves when the target changes', async () => {
    await rig.hook('mover', [configMap('hello')], { target: 'controlPlane' });
    await rig.plane('cp1', { postCreateHooks: [{ hookName: 'mover' }] });
    await rig.until('cp1', 'mover', { ready: true });

    await rig.hook('mover', [configMap('hello')]);

    await eventually('it is on the hosting cluster', () => found('hello') !== undefined);
    expect(found('hello', rig.inside)).toBeUndefined();
  });
});
