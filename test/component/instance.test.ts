import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  LIMIT_RANGE,
  NAMESPACE,
  NETWORK_POLICY,
  POD,
  RESOURCE_QUOTA,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { decodeRelease } from '../../src/helm/release-secret.ts';
import { eventually } from '../doubles/eventually.ts';
import { fourObjects, InstanceRig, object, OPERATOR, POLICIES, SHOP } from './instance-rig.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

/** Does what the controller of Deployments would: sees the last generation. */
function observed(): void {
  for (const one of rig.objects(DEPLOYMENT)) {
    rig.api.put(DEPLOYMENT, { ...one, status: { observedGeneration: one.metadata.generation ?? 1 } });
  }
}

async function install(name = 'shop1', spec = {}): Promise<void> {
  await rig.create(name, spec);
  await rig.until(name, { reason: 'Waiting' });
  observed();
  await rig.ready(name);
  await rig.quiet();
}

/** The writes made while `work` was done. */
async function writesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = rig.writes().length;
  await work();
  await rig.quiet();
  return rig.writes().slice(before);
}

const records = () => rig.objects(SECRET, 'shop1').filter(({ type }) => type === 'helm.sh/release.v1');

/** Helm's records as `number:status:whose`, by number. */
const helmRecords = (): readonly string[] =>
  records()
    .map(({ metadata: { labels = {} } }) => {
      const whose = labels['tenantry.dev/instance-uid'] === undefined ? 'foreign' : 'ours';
      return `${labels['version']}:${labels['status']}:${whose}`;
    })
    .sort();

/** The record that a stock helm leaves. */
async function foreignRecord(version: number): Promise<void> {
  const name = 'shopservice-shop1';
  await rig.client.create(SECRET, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace: 'shop1',
      labels: { owner: 'helm', name, status: 'deployed', version: String(version) },
    },
    type: 'helm.sh/release.v1',
    data: { release: '' },
  });
}

/** Does what a stock `helm upgrade` does: its record first, then the objects, then ours becomes history. */
async function stockUpgrade(version: number): Promise<void> {
  await foreignRecord(version);
  const [ours] = records();
  await rig.client.patch(
    SECRET,
    { namespace: 'shop1', name: ours?.metadata.name ?? '' },
    { type: 'merge', body: { metadata: { labels: { status: 'superseded' } } } },
    { fieldManager: 'helm' },
  );
  const patch = { spec: { template: { spec: { containers: [{ name: 'web', image: 'evil' }] } } } };
  await rig.client.patch(
    DEPLOYMENT,
    { namespace: 'shop1', name: 'web' },
    { type: 'merge', body: patch },
    { fieldManager: 'helm' },
  );
}

const title = (): string | undefined =>
  rig.objects(CONFIG_MAP, 'shop1').find((map) => map.metadata.name === 'settings')?.data?.['title'];

describe('installing', () => {
  it('takes 16 writes at most', async () => {
    await install();

    expect(rig.writes()).toEqual([
      'POST namespaces shop1',
      'POST resourcequotas shopservice-shop1',
      'POST limitranges shopservice-shop1',
      'POST networkpolicies restrict-cross-ns-traffic',
      'POST networkpolicies allow-external-traffic',
      'POST rolebindings tenantry-instance',
      'POST secrets sh.helm.release.v1.shopservice-shop1.v1',
      'POST serviceaccounts default',
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

  it('writes the chart’s objects as the service’s account, its own as itself', async () => {
    await install();

    const writers = (path: string) =>
      rig
        .asked()
        .filter(({ method, path: at }) => method === 'POST' && at.endsWith(path))
        .map(({ user }) => user);
    expect(writers('/deployments')).toEqual([
      expect.stringMatching(/^system:serviceaccount:tenantry-services:shopservice-[0-9a-f]{8}$/),
    ]);
    expect(writers('/secrets')[0]).toMatch(/^system:serviceaccount:tenantry-services:/);
    expect(writers('/resourcequotas')).toEqual(['operator']);
  });

  it('has policies in place, the default account without a token, and pods that pass the quota', async () => {
    await install();

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
    await install();

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
    await install('shop1', { title: 'A' });

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
    await install('shop1', { title: 'A' });
    await rig.patch('shop1', { spec: { broken: true } });
    const failed = await rig.until('shop1', { reason: 'TemplateFailed' });
    expect(failed.status).toMatchObject({
      error: 'shop/templates/web.yaml:3: broken is set',
      helmrelease: 'shop1:shopservice-shop1\nError: shop/templates/web.yaml:3: broken is set',
      release: 1,
    });
    expect(title()).toBe('A');

    await rig.patch('shop1', { spec: { broken: null, title: 'B' } });
    await rig.ready('shop1');

    expect(title()).toBe('B');
  });

  it('never takes over a foreign object in its namespace', async () => {
    await install();
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

describe('changing', () => {
  it('writes only the objects whose content changed, as the next release', async () => {
    await install('shop1', { title: 'A' });

    const writes = await writesOf(async () => {
      await rig.patch('shop1', { spec: { title: 'B' } });
      await eventually('the title is B', async () => title() === 'B');
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
    await install();
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
    await install();
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
    await install();
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
    observed();
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
    await install();

    const writes = await writesOf(async () => {
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
    await install();
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

describe('staying as it should be', () => {
  it('makes no call at rest, and no write after a restart', async () => {
    await install();
    const calls = rig.asked().length;

    await rig.restart();
    await rig.ready('shop1');
    await rig.quiet();

    const after = rig.asked().slice(calls);
    expect(after.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(rig.engine.renderings).toHaveLength(1);
  });

  it('puts a changed field back, once', async () => {
    await install();
    const writes = await writesOf(async () => {
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
    observed();
    await rig.ready('shop1');
  });

  it('leaves alone what others own', async () => {
    await install();
    const writes = await writesOf(() =>
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
    await install();
    await rig.client.delete(kind, { namespace: 'shop1', name });

    await eventually(`${name} is back`, () =>
      rig.objects<KubeObject>(kind, 'shop1').some(({ metadata }) => metadata.name === name),
    );
    await rig.quiet();
    observed();
    await rig.ready('shop1');
  });

  it('notices drift that happened while nobody looked', async () => {
    await install();
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
    await install();
    await stockUpgrade(2);
    await eventually('our record is the deployed one', () => helmRecords().join() === '1:deployed:ours');
    observed();
    await rig.ready('shop1');

    await rig.patch('shop1', { spec: { title: 'B' } });
    await eventually(
      'the next release is ours',
      () => helmRecords().join() === '1:superseded:ours,2:deployed:ours',
    );
    expect(rig.engine.renderings).toHaveLength(2);
  });

  it('clears a foreign record out of the way of the next release', async () => {
    await install();
    await rig.stop();
    await foreignRecord(2);
    await rig.patch('shop1', { spec: { title: 'B' } });
    await rig.restart();

    await eventually(
      'the next release is ours',
      () => helmRecords().join() === '1:superseded:ours,2:deployed:ours',
    );
  });

  it('writes Helm’s record again after a stock uninstall, also one that ends after the repair', async () => {
    await install();
    await rig.client.delete(DEPLOYMENT, { namespace: 'shop1', name: 'web' });
    await eventually('the Deployment is back', () => rig.objects(DEPLOYMENT, 'shop1').length === 1);
    await rig.quiet();
    for (const { metadata } of records())
      await rig.client.delete(SECRET, { namespace: 'shop1', name: metadata.name });

    await eventually('the record is back', () => helmRecords().join() === '1:deployed:ours');
    expect(rig.engine.renderings).toHaveLength(1);
  });

  it('makes everything again when the namespace is deleted', async () => {
    await install();
    await rig.client.delete(NAMESPACE, { name: 'shop1' });

    await eventually('the Deployment is back', () => rig.objects(DEPLOYMENT, 'shop1').length === 1);
    observed();
    await rig.ready('shop1');
  });

  it('puts a forged status back and never obeys it', async () => {
    await install();
    await install('shop2');
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
