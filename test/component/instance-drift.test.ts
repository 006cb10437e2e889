import {
  DEPLOYMENT,
  NAMESPACE,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  SECRET,
  SERVICE,
} from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deepEqual } from '../../src/lib/deep-equal.ts';
import { eventually } from '../doubles/eventually.ts';
import { InstanceRig, OPERATOR, SHOP } from './instance-rig.ts';
import {
  foreignRecord,
  helmRecords,
  install,
  observed,
  records,
  stockUpgrade,
  writesOf,
} from './instance-steps.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

describe('staying as it should be', () => {
  it('makes no call at rest, and no write after a restart', async () => {
    await install(rig);
    const calls = rig.asked().length;

    await rig.restart();
    await rig.ready('shop1');
    await rig.quiet();

    const after = rig.asked().slice(calls);
    expect(after.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(rig.engine.renderings).toHaveLength(1);
  });

  it.each([
    ['widened', 'pod-security.kubernetes.io/enforce', 'privileged'],
    ['taken away', 'pod-security.kubernetes.io/enforce', null],
    ['loosened by a mark of another isolation', 'tenantry.dev/storage-classes', 'any'],
  ])('puts the namespace back that was %s', async (_what, label, value) => {
    await install(rig);
    const before = rig.namespace('shop1')?.metadata.labels;

    await rig.client.patch(
      NAMESPACE,
      { name: 'shop1' },
      { type: 'merge', body: { metadata: { labels: { [label]: value } } } },
    );

    await eventually('the labels are back', () => deepEqual(rig.namespace('shop1')?.metadata.labels, before));
  });

  it('says in the status what isolates it, and that it holds', async () => {
    await install(rig);

    expect((await rig.find('shop1'))?.status?.isolation).toEqual({
      namespace: true,
      podSecurity: true,
      quota: true,
      limits: true,
      networkPolicies: true,
      roleBindings: true,
    });
  });

  it('puts a changed field back, once', async () => {
    await install(rig);
    const writes = await writesOf(rig, async () => {
      const patch = { spec: { template: { spec: { containers: [{ name: 'web', image: 'evil' }] } } } };
      await rig.client.patch(
        DEPLOYMENT,
        { namespace: 'shop1', name: 'web' },
        { type: 'merge', body: patch },
        { fieldManager: 'kubectl-edit' },
      );
      await eventually(
        'the image is back',
        () => rig.objects(DEPLOYMENT, 'shop1')[0]?.spec?.template.spec?.containers[0]?.image === 'web',
      );
    });

    expect(writes.filter((line) => line.includes(' deployments')).length).toBeLessThanOrEqual(2);
    observed(rig);
    await rig.ready('shop1');
  });

  it('leaves alone what others own', async () => {
    await install(rig);
    const writes = await writesOf(rig, () =>
      rig.client.patch(
        SERVICE,
        { namespace: 'shop1', name: 'web' },
        { type: 'merge', body: { metadata: { annotations: { foreign: 'yes' } } } },
        { fieldManager: 'kubectl-edit' },
      ),
    );

    expect(writes).toEqual([]);
  });

  it.each([
    ['a Deployment', DEPLOYMENT, 'web'],
    ['the quota', RESOURCE_QUOTA, 'shopservice-shop1'],
    ['the isolating policy', NETWORK_POLICY, 'restrict-cross-ns-traffic'],
  ])('makes %s again that somebody deleted', async (_what, kind, name) => {
    await install(rig);
    await rig.client.delete(kind, { namespace: 'shop1', name });

    await eventually(`${name} is back`, () =>
      rig.objects<KubeObject>(kind, 'shop1').some(({ metadata }) => metadata.name === name),
    );
    await rig.quiet();
    observed(rig);
    await rig.ready('shop1');
  });

  it('notices drift that happened while nobody looked', async () => {
    await install(rig);
    await rig.stop();
    const body = { spec: { type: 'ClusterIP' } };
    await rig.client.patch(
      SERVICE,
      { namespace: 'shop1', name: 'web' },
      { type: 'merge', body },
      { fieldManager: 'kubectl-edit' },
    );
    await rig.restart();

    await eventually('the type is back', () => rig.objects(SERVICE, 'shop1')[0]?.spec?.type === 'NodePort');
    expect(rig.engine.renderings).toHaveLength(1);
  });

  it('puts Helm’s records back after a stock upgrade, and goes on counting', async () => {
    await install(rig);
    await stockUpgrade(rig, 2);
    await eventually('our record is the deployed one', () => helmRecords(rig).join() === '1:deployed:ours');
    observed(rig);
    await rig.ready('shop1');

    await rig.patch('shop1', { spec: { title: 'B' } });
    await eventually(
      'the next release is ours',
      () => helmRecords(rig).join() === '1:superseded:ours,2:deployed:ours',
    );
    expect(rig.engine.renderings).toHaveLength(2);
  });

  it('clears a foreign record out of the way of the next release', async () => {
    await install(rig);
    await rig.stop();
    await foreignRecord(rig, 2);
    await rig.patch('shop1', { spec: { title: 'B' } });
    await rig.restart();

    await eventually(
      'the next release is ours',
      () => helmRecords(rig).join() === '1:superseded:ours,2:deployed:ours',
    );
  });

  it('writes Helm’s record again after a stock uninstall, also one that ends after the repair', async () => {
    await install(rig);
    await rig.client.delete(DEPLOYMENT, { namespace: 'shop1', name: 'web' });
    await eventually('the Deployment is back', () => rig.objects(DEPLOYMENT, 'shop1').length === 1);
    await rig.quiet();
    for (const { metadata } of records(rig))
      await rig.client.delete(SECRET, { namespace: 'shop1', name: metadata.name });

    await eventually('the record is back', () => helmRecords(rig).join() === '1:deployed:ours');
    expect(rig.engine.renderings).toHaveLength(1);
  });

  it('makes everything again when the namespace is deleted', async () => {
    await install(rig);
    await rig.client.delete(NAMESPACE, { name: 'shop1' });

    await eventually('the Deployment is back', () => rig.objects(DEPLOYMENT, 'shop1').length === 1);
    observed(rig);
    await rig.ready('shop1');
  });

  it('puts a forged status back and never obeys it', async () => {
    await install(rig);
    await install(rig, 'shop2');
    const status = { helmrelease: 'shop2:shopservice-shop2\n', namespace: 'shop2', revision: 'x' };
    await rig.client.patch(
      SHOP,
      { namespace: OPERATOR, name: 'shop1' },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
    await eventually(
      'the status is back',
      async () => (await rig.find('shop1'))?.status?.helmrelease === 'shop1:shopservice-shop1\nEnjoy.',
    );

    await rig.client.delete(SHOP, { namespace: OPERATOR, name: 'shop1' });
    await rig.gone('shop1');

    expect(rig.namespace('shop2')).toBeDefined();
    expect(rig.namespace('shop1')).toBeUndefined();
  });
});
