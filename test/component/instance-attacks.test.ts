import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance.ts';
import { decodeRelease, encodeRelease } from '../../src/helm/release-secret.ts';
import { RenderError } from '../../src/helm/rendering.ts';
import { CONFIG_MAP, NAMESPACE, SECRET, SERVICE, type Secret } from '../../src/kube/builtin-kinds.ts';
import { eventually } from '../doubles/eventually.ts';
import { fourObjects, InstanceRig, object, OPERATOR, SHOP } from './instance-rig.ts';

const PLANTED = 'pl4nted-5ecret';

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

const nothingToWaitFor = (): void => {
  rig.engine.template = (request) => fourObjects(request).slice(0, 3);
};
const mapNames = (): readonly string[] =>
  rig.objects(CONFIG_MAP, 'shop1').map(({ metadata }) => metadata.name);

describe('a release record that somebody else wrote', { timeout: 20_000 }, () => {
  const releaseSecret = (): Secret => {
    const found = rig
      .objects(SECRET, 'shop1')
      .find(({ metadata }) => metadata.name.startsWith('sh.helm.release'));
    if (found === undefined) throw new Error('there is no release record');
    return found;
  };

  it('leads to no write: what it renders to is known by digest', async () => {
    nothingToWaitFor();
    await rig.create('shop1');
    await rig.ready('shop1');
    await rig.stop();
    const record = decodeRelease(releaseSecret());
    const manifest = `${record.manifest}---\n# Source: shop/templates/x.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: forged\n`;
    const { data } = encodeRelease({ ...record, manifest });
    const ref = { namespace: 'shop1', name: releaseSecret().metadata.name };
    await rig.client.patch(SECRET, ref, { type: 'merge', body: { data } });
    await rig.client.delete(SERVICE, { namespace: 'shop1', name: 'web' });

    await rig.restart();
    await eventually('the deleted object is back', () => rig.objects(SERVICE, 'shop1').length === 1);
    await rig.quiet();

    expect(mapNames()).not.toContain('forged');
  });

  it('says nothing in the status', async () => {
    nothingToWaitFor();
    await rig.create('shop1');
    await rig.ready('shop1');
    await rig.stop();
    const record = decodeRelease(releaseSecret());
    const { data } = encodeRelease({ ...record, info: { ...record.info, notes: 'Pay to this account' } });
    const ref = { namespace: 'shop1', name: releaseSecret().metadata.name };
    await rig.client.patch(SECRET, ref, { type: 'merge', body: { data } });
    const status = { helmrelease: 'forged' };
    await rig.client.patch(
      SHOP,
      { namespace: OPERATOR, name: 'shop1' },
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );

    await rig.restart();
    await eventually(
      'the forged text is gone',
      async () => (await rig.find('shop1'))?.status?.helmrelease !== 'forged',
    );

    expect((await rig.find('shop1'))?.status?.helmrelease ?? '').not.toContain('Pay');
  });
});

describe('secrets in values', { timeout: 20_000 }, () => {
  const tenantry = { valuesFrom: [{ secretName: 'more' }] };
  const said = (found: Instance): string =>
    JSON.stringify([
      found.status,
      rig
        .asked()
        .filter(({ path }) => path.includes('/events'))
        .map(({ body }) => body),
    ]);

  beforeEach(async () => {
    await rig.client.create(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'more', namespace: OPERATOR },
      data: { 'values.yaml': Buffer.from(`licence: ${PLANTED}\n`).toString('base64') },
    });
  });

  it('are in no condition and no event when a template fails with one in its text', async () => {
    rig.engine.template = ({ values }) => {
      const found = JSON.stringify(values['licence']);
      throw new RenderError('TemplateFailed', `shop/templates/a.yaml: parsing ${found}: no number`);
    };
    await rig.create('shop1', { password: `${PLANTED}-own` }, { tenantry });

    const failed = await rig.until('shop1', { reason: 'TemplateFailed' });

    expect(said(failed)).toContain('[redacted]');
    expect(said(failed)).not.toContain(PLANTED);
  });

  it('are in none when the server refuses an object and repeats what is in it', async () => {
    rig.engine.template = (request) => [
      ...fourObjects(request).slice(0, 2),
      object('v1', 'ConfigMap', 'labelled', { data: { a: 'b' } }),
    ];
    rig.api.fail(
      { method: 'POST', path: /\/namespaces\/shop1\/configmaps/ },
      { status: 422, reason: 'Invalid', message: `metadata.labels: Invalid value: "${PLANTED}"` },
    );
    await rig.create('shop1', {}, { tenantry });

    const failed = await rig.until('shop1', { reason: 'Invalid' });

    expect(said(failed)).not.toContain(PLANTED);
  });

  it('are in no notes, which stand in the status', async () => {
    nothingToWaitFor();
    rig.engine.notes = `Your licence is ${PLANTED}.`;
    await rig.create('shop1', {}, { tenantry });

    expect((await rig.ready('shop1')).status?.helmrelease).toMatch(/Your licence is \[redacted\]\./);
  });
});

describe('two instances that come to the same namespace', { timeout: 20_000 }, () => {
  it('never share it: one has it, the other says so and writes nothing', async () => {
    nothingToWaitFor();
    const other = { 'tenantry.dev/instance-uid': 'another-uid', managedby: 'kubeplus' };
    // The other one was faster, between our look and our write.
    rig.api.fail(
      ({ method, path }) => {
        if (method === 'POST' && path === '/api/v1/namespaces')
          rig.api.put(NAMESPACE, {
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name: 'shop1', labels: other },
          });
        return false;
      },
      { delayMs: 0 },
    );
    await rig.create('shop1');

    await rig.until('shop1', { status: 'False' });
    await rig.quiet();

    expect(rig.namespace('shop1')?.metadata.labels).toEqual(expect.objectContaining(other));
    expect(rig.objects(CONFIG_MAP, 'shop1')).toEqual([]);
    expect(rig.objects(SECRET, 'shop1')).toEqual([]);
  });
});
