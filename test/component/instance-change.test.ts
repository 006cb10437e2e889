import { CONFIG_MAP, RESOURCE_QUOTA, SECRET } from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../doubles/eventually.ts';
import { fourObjects, InstanceRig, object, POLICIES } from './instance-rig.ts';
import { install, observed, title, writesOf } from './instance-steps.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

describe('changing', () => {
  it('writes only the objects whose content changed, as the next release', async () => {
    await install(rig, 'shop1', { title: 'A' });

    const writes = await writesOf(rig, async () => {
      await rig.patch('shop1', { spec: { title: 'B' } });
      await eventually('the title is B', async () => title(rig) === 'B');
      await rig.until('shop1', { generation: 2 });
    });

    expect(writes.filter((line) => line.includes(' deployments') || line.includes(' services'))).toEqual([]);
    expect(writes.filter((line) => line.includes(' configmaps'))).not.toEqual([]);
    expect((await rig.find('shop1'))?.status?.release).toBe(2);
    const statuses = rig
      .objects(SECRET, 'shop1')
      .filter(({ type }) => type === 'helm.sh/release.v1')
      .map(({ metadata }) => metadata.labels?.['status']);
    expect(statuses.sort()).toEqual(['deployed', 'superseded']);
  });

  it('renders an upgrade with lookup in its own namespace', async () => {
    await install(rig);
    let seen: unknown;
    rig.engine.template = async (request) => {
      seen = await request.lookup?.({
        apiVersion: 'v1',
        kind: 'Secret',
        namespace: 'shop1',
        name: 'password',
      });
      return fourObjects(request);
    };
    await rig.patch('shop1', { spec: { title: 'B' } });
    await rig.until('shop1', { generation: 2, status: 'True' });

    expect(seen).toMatchObject({ data: { password: 'cA==' } });
    expect(
      rig.engine.renderings.map(({ release, lookup }) => [release.isUpgrade, lookup !== undefined]),
    ).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it('deletes what the new release leaves out, and removes fields that it leaves out', async () => {
    await install(rig);
    rig.engine.template = (request) =>
      fourObjects(request)
        .filter((one) => (one as KubeObject).kind !== 'Secret')
        .map((one) =>
          (one as KubeObject).kind === 'ConfigMap'
            ? object('v1', 'ConfigMap', 'settings', { data: { only: 'this' } })
            : one,
        );
    await rig.patch('shop1', { spec: { title: 'B' } });
    await rig.until('shop1', { generation: 2, status: 'True' });

    expect(rig.objects(SECRET, 'shop1').filter(({ metadata }) => metadata.name === 'password')).toEqual([]);
    expect(
      rig.objects(CONFIG_MAP, 'shop1').find(({ metadata }) => metadata.name === 'settings')?.data,
    ).toEqual({ only: 'this' });
  });

  it('keeps ten releases', async () => {
    await install(rig);
    for (let generation = 2; generation <= 12; generation += 1) {
      await rig.patch('shop1', { spec: { title: `T${generation}` } });
      await rig.until('shop1', { generation, status: 'True' });
    }
    const numbers = rig
      .objects(SECRET, 'shop1')
      .filter(({ type }) => type === 'helm.sh/release.v1')
      .map(({ metadata }) => Number(metadata.labels?.['version']));

    expect(numbers.sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('upgrades all instances to a new revision', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `shop${i}`);
    await Promise.all(names.map((name) => rig.create(name)));
    for (const name of names) await rig.until(name, { reason: 'Waiting' });
    observed(rig);
    for (const name of names) await rig.ready(name);

    await rig.revise(2, { providerValues: { title: 'new' } });

    for (const name of names) {
      await eventually(
        `${name} runs the new revision`,
        async () => (await rig.find(name))?.status?.revision === 'shop-2',
      );
    }
  });

  it('writes no object for a revision with the same content, and takes its name', async () => {
    await install(rig);

    const writes = await writesOf(rig, async () => {
      await rig.revise(2);
      await eventually(
        'the revision is named',
        async () => (await rig.find('shop1'))?.status?.revision === 'shop-2',
      );
    });

    expect(rig.engine.renderings).toHaveLength(1);
    expect(writes).toEqual(['PATCH namespaces shop1', 'PATCH shopservices shop1 status']);
  });

  it('writes policies anew when the service’s change', async () => {
    await install(rig);
    const quota = {
      'requests.cpu': '3',
      'requests.memory': '3Gi',
      'limits.cpu': '4',
      'limits.memory': '4Gi',
    };
    await rig.revise(2, { policies: { ...POLICIES, quota, podSecurity: 'restricted' } });
    await eventually(
      'the quota is the new one',
      () => rig.objects(RESOURCE_QUOTA, 'shop1')[0]?.spec?.hard?.['requests.cpu'] === '3',
    );
    await rig.quiet();

    expect(rig.namespace('shop1')?.metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe(
      'restricted',
    );
  });
});
