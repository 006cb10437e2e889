import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { CONFIG_MAP } from '../../src/kube/builtin-kinds.ts';
import { InstanceRig, OPERATOR, SERVICE_UID } from './instance-rig.ts';
import { startPlugins, type PluginRig } from './plugin-rig.ts';

/** A busy machine installs in seconds what takes half of one elsewhere. */
const HOOK_MS = 60_000;

let rig: InstanceRig;
let plugins: PluginRig;
beforeAll(async () => {
  rig = await InstanceRig.start();
  plugins = await startPlugins(rig.api.url, { token: 'tester', namespace: 'team' });
  await writeFile(join(plugins.folder, 'license.txt'), 'For you alone.');
  const resource = { kind: 'ShopService', plural: 'shopservices' };
  rig.api.put(RESOURCE_COMPOSITION, {
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { name: 'shop', namespace: OPERATOR, uid: SERVICE_UID },
    spec: { newResource: { resource, chartURL: 'file:///shop.tgz' } },
  });
}, HOOK_MS);
afterAll(async () => {
  await plugins.close();
  await rig.close();
});

const license = (verb: string, ...words: readonly string[]) =>
  plugins.type(`kubectl-license-${verb}`, ...words);

describe('kubectl license', () => {
  it('keeps a licence beside the composition, shows it and takes it away', async () => {
    const file = 'license.txt';
    const created = await license('create', 'ShopService', file, '-e', '12/31/2026', '-n', '2');

    expect(created).toEqual({ out: 'License for Kind ShopService created.\n', err: '', failed: false });
    const kept = rig
      .objects(CONFIG_MAP, OPERATOR)
      .find(({ metadata }) => metadata.name === 'shopservice-license');
    expect(kept).toMatchObject({
      metadata: {
        annotations: { allowed_instances: '2', expiry: '12/31/2026' },
        ownerReferences: [{ kind: 'ResourceComposition', name: 'shop', uid: SERVICE_UID }],
      },
      data: { license_file: 'For you alone.' },
    });
    expect((await license('get', 'ShopService')).out).toBe(
      'EXPIRY       ALLOWED_INSTANCES   LICENSE_FILE\n12/31/2026   2                   For you alone.\n',
    );
    expect((await license('create', 'ShopService', file, '-n', '9')).err).toBe(
      'License for Kind ShopService already exists.\n',
    );
    expect((await license('delete', 'ShopService')).out).toBe('License for Kind ShopService deleted.\n');
    expect(await license('get', 'ShopService')).toEqual({
      out: '',
      err: 'License for Kind ShopService not found.\n',
      failed: true,
    });
    expect((await license('delete', 'ShopService')).failed).toBe(true);
  });

  it.each([
    [
      ['ShopService', 'license.txt'],
      'Both expiry date and number of app instances to create is empty.\nSpecify at least one criteria.',
    ],
    [['ShopService', 'license.txt', '-n', '0'], 'App instances should be > 0.'],
    [['ShopService', 'license.txt', '-e', '2026-12-31'], 'Required expiry date format: MM/DD/YYYY'],
    [['ShopService', 'none.txt', '-n', '1'], 'License file none.txt does not exist.'],
    [
      ['Other', 'license.txt', '-n', '1'],
      'Kind Other does not exist in the cluster in the platformapi.kubeplus api group.',
    ],
  ])('refuses %j in KubePlus’s words', async (words, message) => {
    expect(await license('create', ...words)).toEqual({ out: '', err: `${message}\n`, failed: true });
  });
});
