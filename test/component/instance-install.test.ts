import {
  DEPLOYMENT,
  LIMIT_RANGE,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  SECRET,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { decodeRelease } from '../../src/helm/release-secret.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InstanceRig, lineOf, OPERATOR, POLICIES } from './instance-rig.ts';
import { install } from './instance-steps.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

describe('installing', () => {
  it('takes 16 writes at most', async () => {
    await install(rig);

    expect(rig.writes()).toEqual([
      'POST namespaces shop1',
      'POST resourcequotas shopservice-shop1',
      'POST limitranges shopservice-shop1',
      'POST networkpolicies restrict-cross-ns-traffic',
      'POST networkpolicies allow-external-traffic',
      'POST rolebindings tenantry-instance',
      'POST secrets sh.helm.release.v1.shopservice-shop1.v1',
      'PATCH serviceaccounts default',
      'POST configmaps settings',
      'POST secrets password',
      'POST services web',
      'POST deployments web',
      'PATCH secrets sh.helm.release.v1.shopservice-shop1.v1',
      'PATCH namespaces shop1',
      'PATCH shopservices shop1 status',
      'PATCH shopservices shop1 status',
    ]);
  });

  it('asks the API server nothing: it is told', async () => {
    // Charts and capabilities are read once.
    await install(rig, 'shop2');
    const before = rig.asked().length;

    await install(rig);

    const asked = rig.asked().slice(before);
    expect(asked.filter(({ method }) => method === 'GET').map(lineOf)).toEqual([]);
  });

  it('writes the chart’s objects as the service’s account, its own as itself', async () => {
    await install(rig);

    const writers = (path: string) =>
      rig
        .asked()
        .filter(({ method, path: at }) => method === 'POST' && at.endsWith(path))
        .map(({ user }) => user);
    expect(writers('/deployments')).toEqual([
      expect.stringMatching(/^system:serviceaccount:tenantry-services:shopservice-[0-9a-f]{32}$/),
    ]);
    expect(writers('/secrets')[0]).toMatch(/^system:serviceaccount:tenantry-services:/);
    expect(writers('/resourcequotas')).toEqual(['operator']);
  });

  it('has policies in place, the default account without a token, and pods that pass the quota', async () => {
    await install(rig);

    expect(rig.namespace('shop1')?.metadata.labels).toMatchObject({
      managedby: 'kubeplus',
      'pod-security.kubernetes.io/enforce': 'baseline',
      'tenantry.dev/instance-name': 'shop1',
    });
    expect(rig.objects(RESOURCE_QUOTA, 'shop1')[0]?.spec?.hard).toEqual(POLICIES.quota);
    expect(rig.objects(LIMIT_RANGE, 'shop1')).toHaveLength(1);
    expect(
      rig
        .objects(NETWORK_POLICY, 'shop1')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['allow-external-traffic', 'restrict-cross-ns-traffic']);
    expect(rig.objects(SERVICE_ACCOUNT, 'shop1')[0]).toMatchObject({ automountServiceAccountToken: false });
    const template = rig.objects(DEPLOYMENT, 'shop1')[0]?.spec?.template;
    expect(template?.metadata?.labels).toHaveProperty('tenantry.dev/instance-uid');
    expect(template?.spec?.containers[0]?.resources?.limits).toMatchObject({ cpu: '2' });
  });

  it('says what runs, as KubePlus did and by conditions', async () => {
    await install(rig);

    const { status } = (await rig.find('shop1')) ?? {};
    expect(status).toMatchObject({
      helmrelease: 'shop1:shopservice-shop1\nEnjoy.',
      namespace: 'shop1',
      revision: 'shop-1',
      version: '1.0.0',
      release: 1,
      observedGeneration: 1,
    });
    expect(status?.conditions?.map(({ type, status: is }) => [type, is])).toEqual([
      ['Ready', 'True'],
      ['Reconciling', 'False'],
      ['Stalled', 'False'],
      ['Applied', 'True'],
    ]);
  });

  it('keeps the release as Helm does', async () => {
    await install(rig, 'shop1', { title: 'A' });

    const secret = rig.objects(SECRET, 'shop1').find(({ type }) => type === 'helm.sh/release.v1');
    expect(secret?.metadata.labels).toMatchObject({
      owner: 'helm',
      status: 'deployed',
      name: 'shopservice-shop1',
    });
    const record = decodeRelease(secret as KubeObject & { data: Record<string, string> });
    expect(record).toMatchObject({
      version: 1,
      config: { title: 'A' },
      info: { status: 'deployed', notes: 'Enjoy.' },
    });
    expect(record.manifest).toContain('# Source: shop/templates/all.yaml');
  });

  it('puts an instance of another namespace into a namespace of its own', async () => {
    await rig.create('shop1', {}, {}, 'team');
    const found = await rig.until('shop1', { reason: 'Waiting' }, 'team');

    expect(found.status?.namespace).toMatch(/^team-shop1-[0-9a-f]{10}$/);
  });

  it('renders for what the instance, its Secrets and the provider say', async () => {
    const data = { 'values.yaml': Buffer.from('title: secret').toString('base64') };
    await rig.client.create(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'v', namespace: OPERATOR },
      data,
    });
    await rig.create('shop1', { title: 'A', size: 1 }, { tenantry: { valuesFrom: [{ secretName: 'v' }] } });
    await rig.until('shop1', { reason: 'Waiting' });

    expect(rig.engine.renderings[0]?.values).toEqual({ title: 'secret', size: 1 });
    expect(JSON.stringify(await rig.find('shop1'))).not.toContain('"secret"');
  });
});
