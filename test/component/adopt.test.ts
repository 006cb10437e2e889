import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { undoAdoption } from '../../src/cli/adopt/undo.ts';
import { previewAdoption } from '../../src/cli/adopt/preview.ts';
import { findRelease } from '../../src/cli/adopt/find-release.ts';
import { wantedRelease } from '../../src/cli/adopt/wanted-release.ts';
import { CONFIG_MAP, DEPLOYMENT, NAMESPACE, ROLE_BINDING, SECRET } from '../../src/kube/builtin-kinds.ts';
import { claim, deployment, give, LEGACY, questionOf, recordsOf, stockRelease } from './adopt-rig.ts';
import { InstanceRig, POLICIES, SHOP } from './instance-rig.ts';
import { observed } from './instance-steps.ts';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

const template = () => deployment(rig)?.spec?.template;
const password = () => rig.objects(SECRET, LEGACY).find(({ metadata }) => metadata.name === 'password')?.data;
const settings = () =>
  rig.objects(CONFIG_MAP, LEGACY).find(({ metadata }) => metadata.name === 'settings')?.data;

/** Everything in the namespace, and the namespace itself, as the API server has it. */
const everything = () =>
  JSON.stringify([
    rig.namespace(LEGACY),
    ...[CONFIG_MAP, SECRET, DEPLOYMENT, ROLE_BINDING].map((kind) =>
      rig.objects<never>(kind as never, LEGACY),
    ),
  ]);

async function adopted(): Promise<void> {
  await stockRelease(rig);
  await give(rig, await claim(rig));
  await rig.until('shop1', { reason: 'Waiting' });
  observed(rig);
  rig.api.put(DEPLOYMENT, {
    ...deployment(rig)!,
    status: {
      observedGeneration: deployment(rig)?.metadata.generation ?? 1,
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 1,
      availableReplicas: 1,
    },
  });
  await rig.ready('shop1');
  await rig.quiet();
}

describe('a release that is taken over', () => {
  it('goes on as it runs: no template changes, and no password is made up anew', async () => {
    await stockRelease(rig);
    const before = { template: template(), password: password(), uid: deployment(rig)?.metadata.uid };

    await give(rig, await claim(rig));
    await rig.until('shop1', { reason: 'Waiting' });

    expect({ template: template(), password: password(), uid: deployment(rig)?.metadata.uid }).toEqual(
      before,
    );
    expect(rig.engine.renderings).toHaveLength(0);
  });

  it('goes on as it runs where the operator has a registry of its own', async () => {
    await rig.close();
    rig = await InstanceRig.start({ settings: { imageRegistry: 'registry.example' } });
    await stockRelease(rig);
    const before = password();

    await give(rig, await claim(rig));
    await rig.until('shop1', { reason: 'Waiting' });

    expect(password()).toEqual(before);
  });

  it('becomes the next revision of the release, and Helm’s own stay as history', async () => {
    await adopted();

    expect(recordsOf(rig)).toEqual([
      '1:superseded:ours',
      '2:superseded:ours',
      '3:superseded:ours',
      '4:deployed:ours',
    ]);
    expect((await rig.find('shop1'))?.status).toMatchObject({
      namespace: LEGACY,
      release: 4,
      revision: 'shop-1',
    });
    expect(rig.namespace(LEGACY)?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'baseline',
    });
  });

  it('stays as it is over a restart and a repair', async () => {
    await adopted();
    const before = template();

    await rig.restart();
    await rig.ready('shop1');
    const patch = { spec: { template: { spec: { containers: [{ name: 'web', image: 'evil' }] } } } };
    await rig.client.patch(DEPLOYMENT, { namespace: LEGACY, name: 'web' }, { type: 'merge', body: patch });
    await rig.until('shop1', { reason: 'Waiting' });

    expect(template()).toEqual(before);
  });

  it('is like all others from its next release on: fields that it drops go, pods are set up', async () => {
    await adopted();
    await rig.patch('shop1', { spec: { title: 'new' } });
    await rig.until('shop1', { generation: 2, reason: 'Waiting' });

    expect(settings()).toEqual({ title: 'new', release: 'wp' });
    expect(template()?.metadata?.labels).toHaveProperty('tenantry.dev/instance-uid');
    expect(recordsOf(rig)).toContain('5:deployed:ours');
  });

  it('is an upgrade where the service has another version of the chart', async () => {
    await stockRelease(rig, { version: '0.9.0' });
    await give(rig, await claim(rig));
    await rig.until('shop1', { reason: 'Waiting' });

    const upgrade = { name: 'wp', namespace: LEGACY, revision: 4, isUpgrade: true };
    expect(rig.engine.renderings.at(-1)?.release).toEqual(upgrade);
    expect(settings()).toEqual({ title: 'old', release: 'wp' });
  });

  it('goes with its namespace when it is deleted', async () => {
    await adopted();
    await rig.client.delete(SHOP, { namespace: 'tenantry', name: 'shop1' });
    await rig.gone('shop1');

    expect(rig.namespace(LEGACY)).toBeUndefined();
  });

  it('is given back: it runs on, and nothing of ours keeps a right there', async () => {
    await adopted();
    const before = template();
    const instance = await rig.find('shop1');

    await undoAdoption(rig.client, SHOP, instance!);
    await rig.gone('shop1');

    expect(template()).toEqual(before);
    expect(rig.namespace(LEGACY)?.metadata.labels?.['tenantry.dev/instance-uid']).toBeUndefined();
    expect(rig.objects(ROLE_BINDING, LEGACY)).toEqual([]);
  });
});

describe('an operator that is to be talked into taking over what was not given', () => {
  it('touches nothing in a namespace that an instance only names', async () => {
    await stockRelease(rig);
    const before = everything();

    await claim(rig);
    await rig.until('shop1', { reason: 'NotHandedOver' });
    await rig.client.delete(SHOP, { namespace: 'tenantry', name: 'shop1' });
    await rig.gone('shop1');

    expect(everything()).toBe(before);
  });

  it('touches nothing in a namespace that was given to another instance', async () => {
    await adopted();
    const before = everything();
    const { tenantry } = (await rig.find('shop1'))!;

    await rig.create('thief', {}, { tenantry });
    await rig.until('thief', { reason: 'NotHandedOver' });
    await rig.client.delete(SHOP, { namespace: 'tenantry', name: 'thief' });
    await rig.gone('thief');

    expect(everything()).toBe(before);
  });

  it('makes no namespace by a name of the user’s choice', async () => {
    const adoptedRelease = { namespace: 'kube-wanted', release: 'x', revision: 1, content: '' };
    await rig.create('shop1', {}, { tenantry: { adopted: adoptedRelease } });
    await rig.until('shop1', { reason: 'NotHandedOver' });

    expect(rig.namespace('kube-wanted')).toBeUndefined();
  });

  it('installs nothing a second time that KubePlus deployed', async () => {
    const labels = { 'created-by': 'kubeplus' };
    const metadata = { name: 'shop1', namespace: 'team', labels, finalizers: ['tenantry.dev/cleanup'] };
    const before = rig.objects(NAMESPACE).length;
    await rig.create('shop1', {}, { metadata }, 'team');
    await rig.until('shop1', { reason: 'NotHandedOver' }, 'team');

    expect(rig.objects(NAMESPACE)).toHaveLength(before);
  });

  it('writes nothing of a release that is another than was looked at', async () => {
    await stockRelease(rig);
    const instance = await claim(rig);
    const name = 'sh.helm.release.v1.wp.v3';
    const [forged] = rig.objects(SECRET, LEGACY).filter(({ metadata }) => metadata.name === name);
    const { decodeRelease, encodeRelease } = await import('../../src/helm/release-secret.ts');
    const record = decodeRelease(forged!);
    const { data } = encodeRelease({
      ...record,
      manifest: record.manifest.replace('image: web', 'image: evil'),
    });

    const found = await findRelease(rig.client, LEGACY, undefined);
    const wanted = await wantedRelease(instance, await questionOf(rig));
    await rig.client.patch(SECRET, { namespace: LEGACY, name }, { type: 'merge', body: { data } });
    const { handOver } = await import('../../src/cli/adopt/hand-over.ts');
    await handOver(rig.client, found, wanted);
    await rig.until('shop1', { reason: 'FoundAnother' });

    expect(JSON.stringify(template())).toContain('"web"');
    expect(JSON.stringify(template())).not.toContain('evil');
    expect(recordsOf(rig)).not.toContain('4:deployed:ours');
  });
});

describe('the preview', () => {
  const preview = async () => {
    const question = await questionOf(rig);
    const found = await findRelease(rig.client, LEGACY, undefined);
    const { instanceFor } = await import('../../src/cli/adopt/wanted-release.ts');
    const wanted = await wantedRelease(instanceFor(SHOP, 'shop1', 'tenantry', found.record), question);
    return previewAdoption(rig.client, await question.discovery.resources(), found, wanted, POLICIES);
  };

  it('says that nothing changes where the service has what runs, and changes nothing', async () => {
    await stockRelease(rig);
    const before = everything();

    const { objects, restarts } = await preview();

    expect(restarts).toEqual([]);
    expect(objects.map(({ found }) => found)).toEqual([true, true, true]);
    // Marks that Helm itself leaves, which the test's release has not.
    expect(objects.flatMap(({ changes }) => changes).filter((path) => !path.startsWith('metadata.'))).toEqual(
      [],
    );
    expect(everything()).toBe(before);
  });

  it('names fields, pods that restart and what is left where the service has another version', async () => {
    await stockRelease(rig, { version: '0.9.0' });

    const { objects, restarts } = await preview();

    expect(restarts).toEqual(['Deployment web']);
    const of = (kind: string) => objects.find((one) => one.kind.kind === kind);
    expect(of('Secret')?.changes).toContain('data.password');
    expect(of('Service')).toMatchObject({ found: false });
  });
});
