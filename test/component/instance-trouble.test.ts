import { CONFIG_MAP, NAMESPACE, POD } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fourObjects, InstanceRig, object, OPERATOR, SHOP } from './instance-rig.ts';
import { install, title } from './instance-steps.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

describe('what goes wrong', () => {
  it('refuses a namespace that is not ours, and leaves it alone on deletion, too', async () => {
    await rig.client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'taken' } });
    await rig.create('taken');
    await rig.until('taken', { status: 'False', reason: 'NamespaceTaken' });
    const before = rig.namespace('taken');
    await rig.client.delete(SHOP, { namespace: OPERATOR, name: 'taken' });
    await rig.gone('taken');

    expect(rig.namespace('taken')).toEqual(before);
    expect(rig.writes().filter((line) => !line.includes('shopservices'))).toEqual([]);
  });

  it('takes no namespace that belongs to another instance of the same name', async () => {
    const labels = { 'tenantry.dev/instance-uid': 'someone-else', managedby: 'kubeplus' };
    await rig.client.create(NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop1', labels },
    });
    await rig.create('shop1');

    await rig.until('shop1', { reason: 'NamespaceTaken' });
  });

  it('goes on when the foreign namespace goes', async () => {
    await rig.client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop1' } });
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'NamespaceTaken' });

    await rig.client.delete(NAMESPACE, { name: 'shop1' });

    await rig.until('shop1', { reason: 'Waiting' });
  });

  it('writes nothing for a rendering with an object that is not allowed', async () => {
    rig.engine.template = (request) => [
      ...fourObjects(request),
      object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'admin'),
    ];
    await rig.create('shop1');

    const found = await rig.until('shop1', { reason: 'KindNotAllowed' });

    expect(findCondition(found.status?.conditions, 'Ready')?.message).toMatch(
      /ClusterRole admin \(shop\/templates\/all\.yaml\)/,
    );
    expect(rig.namespace('shop1')).toBeUndefined();
  });

  it('says which template fails, keeps what runs, and recovers with the next change', async () => {
    await install(rig, 'shop1', { title: 'A' });
    await rig.patch('shop1', { spec: { broken: true } });
    const failed = await rig.until('shop1', { reason: 'TemplateFailed' });
    expect(failed.status).toMatchObject({
      error: 'shop/templates/web.yaml:3: broken is set',
      helmrelease: 'shop1:shopservice-shop1\nError: shop/templates/web.yaml:3: broken is set',
      release: 1,
    });
    expect(title(rig)).toBe('A');

    await rig.patch('shop1', { spec: { broken: null, title: 'B' } });
    await rig.ready('shop1');

    expect(title(rig)).toBe('B');
  });

  it('never takes over a foreign object in its namespace', async () => {
    await install(rig);
    const metadata = { name: 'extra', namespace: 'shop1' };
    await rig.client.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { mine: 'yes' },
    });
    rig.engine.template = (request) => [
      ...fourObjects(request),
      object('v1', 'ConfigMap', 'extra', { data: { mine: 'no' } }),
    ];
    await rig.patch('shop1', { spec: { title: 'B' } });

    await rig.until('shop1', { reason: 'NameTaken' });

    expect(rig.objects(CONFIG_MAP, 'shop1').find((map) => map.metadata.name === 'extra')?.data).toEqual({
      mine: 'yes',
    });
  });

  it('repeats the reason of a pod', async () => {
    await rig.create('shop1');
    await rig.until('shop1', { reason: 'Waiting' });
    const uid = (await rig.find('shop1'))?.metadata.uid ?? '';
    rig.api.put(POD, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web-1', namespace: 'shop1', labels: { 'tenantry.dev/instance-uid': uid } },
      status: {
        containerStatuses: [
          {
            name: 'web',
            image: 'web',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
          },
        ],
      },
    });

    const found = await rig.until('shop1', { reason: 'ImagePullFailed' });

    expect(findCondition(found.status?.conditions, 'Ready')?.message).toContain('no such image');
  });

  it('names the Secret that values should come from', async () => {
    await rig.create('shop1', {}, { tenantry: { valuesFrom: [{ secretName: 'gone' }] } });

    const found = await rig.until('shop1', { reason: 'ValuesSecretInvalid' });

    expect(found.status?.error).toContain('Secret tenantry/gone');
  });
});
