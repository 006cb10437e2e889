import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeRelease } from '../../src/helm/release-secret.ts';
import type { ReleaseRecord } from '../../src/helm/release.ts';
import { canCompare, helm, withFolder } from './stock-helm.ts';

function revision(version: number, more: Partial<ReleaseRecord['info']> = {}): ReleaseRecord {
  return {
    name: 'shop',
    namespace: 'customers',
    version,
    info: {
      firstDeployed: '2026-01-02T03:04:05Z',
      lastDeployed: '2026-01-03T03:04:05.678Z',
      description: 'Upgrade complete',
      status: 'deployed',
      notes: 'Visit the shop.',
      ...more,
    },
    chart: {
      metadata: { name: 'store', version: '1.2.3', appVersion: '4.5', apiVersion: 'v2' },
      values: { replicas: 1, color: 'red' },
      templates: [{ name: 'templates/a.yaml', data: Buffer.from('a: 1') }],
      files: [],
    },
    config: { color: 'blue' },
    manifest: '---\n# Source: store/templates/a.yaml\na: 1\n',
    hooks: [
      {
        source: 'store/templates/h.yaml',
        content: 'kind: Job',
        name: 'h',
        kind: 'Job',
        events: ['test'],
        weight: 2,
        deletePolicies: [],
      },
    ],
    applyMethod: 'ssa',
  };
}

/** Asks the stock helm about records of ours: it reads their JSON from a file in place of a cluster. */
async function ask(...args: string[]): Promise<string> {
  const records = [revision(1, { status: 'superseded', description: 'Install complete' }), revision(2)];
  const json = records.map((record) => {
    const stored = Buffer.from(encodeRelease(record).data.release, 'base64').toString('latin1');
    return gunzipSync(Buffer.from(stored, 'base64')).toString('utf8');
  });
  return withFolder(async (folder) => {
    const file = join(folder, 'releases.yaml');
    await writeFile(file, `[${json.join(',')}]`);
    const outcome = await helm([...args, '--namespace', 'customers'], {
      HELM_DRIVER: 'memory',
      HELM_MEMORY_DRIVER_DATA: file,
    });
    expect(outcome.stderr).toBe('');
    return outcome.stdout;
  });
}

describe.skipIf(!canCompare)('the stock helm reads our releases', { timeout: 60_000 }, () => {
  it('lists them', async () => {
    expect(JSON.parse(await ask('list', '--output', 'json'))).toEqual([
      expect.objectContaining({
        name: 'shop',
        namespace: 'customers',
        revision: '2',
        status: 'deployed',
        chart: 'store-1.2.3',
        app_version: '4.5',
      }),
    ]);
  });

  it('shows the history', async () => {
    expect(JSON.parse(await ask('history', 'shop', '--output', 'json'))).toMatchObject([
      { revision: 1, status: 'superseded', description: 'Install complete', chart: 'store-1.2.3' },
      { revision: 2, status: 'deployed', updated: '2026-01-03T03:04:05.678Z' },
    ]);
  });

  it.each([
    [['get', 'values', 'shop'], 'USER-SUPPLIED VALUES:\ncolor: blue\n'],
    [['get', 'values', 'shop', '--all', '--output', 'json'], '{"color":"blue","replicas":1}\n'],
    [['get', 'manifest', 'shop'], '---\n# Source: store/templates/a.yaml\na: 1\n\n'],
    [['get', 'notes', 'shop'], 'NOTES:\nVisit the shop.\n'],
    [['get', 'hooks', 'shop'], '---\n# Source: store/templates/h.yaml\nkind: Job\n'],
  ])('answers helm %j', async (args, answer) => {
    expect(await ask(...args)).toBe(answer);
  });
});
