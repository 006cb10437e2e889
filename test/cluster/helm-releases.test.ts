import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeRelease,
  encodeRelease,
  RELEASE_SELECTOR,
  releaseSecretName,
} from '../../src/helm/release-secret.ts';
import type { ReleaseRecord } from '../../src/helm/release.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { helm } from '../component/stock-helm.ts';

const NAMESPACE = 'helm-releases-test';
const CHART = fileURLToPath(new URL('../fixtures/charts/guarded', import.meta.url));
const KUBECONFIG = process.env['KUBECONFIG'] ?? '';

function kubectl(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.env['KUBECTL'] ?? 'kubectl',
      ['--kubeconfig', KUBECONFIG, ...args],
      { maxBuffer: 64 * 1_048_576 },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr))),
    );
    child.stdin?.end(input);
  });
}

async function stock(...args: string[]): Promise<string> {
  const outcome = await helm([...args, '--namespace', NAMESPACE], { KUBECONFIG });
  if (!outcome.ok) throw new Error(`helm ${args.join(' ')}: ${outcome.stderr}`);
  return outcome.stdout;
}

function revision(
  version: number,
  status: ReleaseRecord['info']['status'],
  filler: Uint8Array,
): ReleaseRecord {
  return {
    name: 'ours',
    namespace: NAMESPACE,
    version,
    info: {
      firstDeployed: '2026-01-02T03:04:05Z',
      lastDeployed: '2026-01-03T03:04:05.678Z',
      description: `Revision ${version}`,
      status,
      notes: 'It is there.',
    },
    chart: {
      metadata: { name: 'store', version: '1.2.3', appVersion: '4.5', apiVersion: 'v2' },
      values: { size: 1 },
      templates: [],
      files: [{ name: 'filler', data: filler }],
    },
    config: { color: 'blue' },
    manifest: '---\n# Source: store/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n',
    hooks: [],
    applyMethod: 'ssa',
  };
}

/** Bytes that do not pack. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state >> 16) & 0xff;
  });
}

async function secretOf(
  release: string,
  version: number,
): Promise<KubeObject & { data: Record<string, string> }> {
  const text = await kubectl([
    'get',
    'secret',
    releaseSecretName(release, version),
    '-n',
    NAMESPACE,
    '-o',
    'json',
  ]);
  // What kubectl prints for a Secret.
  return JSON.parse(text) as KubeObject & { data: Record<string, string> };
}

describe('releases in a cluster', () => {
  beforeAll(async () => {
    expect(KUBECONFIG, 'KUBECONFIG names the test cluster').not.toBe('');
    await kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
    await kubectl(['create', 'namespace', NAMESPACE]);
  });
  afterAll(() => kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false']));

  it('are ours and shown by the stock helm, also one whose chart is too large to keep', async () => {
    const records = [revision(1, 'superseded', noise(100)), revision(2, 'deployed', noise(800_000))];
    for (const record of records)
      await kubectl(['create', '-f', '-'], JSON.stringify(encodeRelease(record, { createdAt: Date.now() })));

    expect(JSON.parse(await stock('list', '--output', 'json'))).toEqual([
      expect.objectContaining({ name: 'ours', revision: '2', status: 'deployed', chart: 'store-1.2.3' }),
    ]);
    expect(JSON.parse(await stock('history', 'ours', '--output', 'json'))).toMatchObject([
      { revision: 1, status: 'superseded', description: 'Revision 1' },
      { revision: 2, status: 'deployed', description: 'Revision 2' },
    ]);
    expect(await stock('get', 'values', 'ours', '--all', '--output', 'json')).toBe(
      '{"color":"blue","size":1}\n',
    );
    expect(await stock('get', 'manifest', 'ours')).toContain('kind: ConfigMap');
    expect(await stock('get', 'notes', 'ours')).toContain('It is there.');
    expect(decodeRelease(await secretOf('ours', 2)).chart.files).toEqual([]);
  });

  it('are those of the stock helm and read by us', async () => {
    await stock('install', 'theirs', CHART, '--set', 'replicas=2');
    await stock('upgrade', 'theirs', CHART, '--set', 'replicas=3', '--description', 'more of it');

    const first = await secretOf('theirs', 1);
    const second = decodeRelease(await secretOf('theirs', 2));

    expect(decodeRelease(first).info.status).toBe('superseded');
    expect(second).toMatchObject({
      name: 'theirs',
      namespace: NAMESPACE,
      version: 2,
      info: { status: 'deployed', description: 'more of it' },
      config: { replicas: 3 },
      chart: { metadata: { name: 'guarded', version: '0.1.0' }, values: { replicas: 1, mode: 'plain' } },
    });
    expect(second.manifest).toContain('replicas: "3"');
    expect(second.chart.templates.map(({ name }) => name)).toEqual(['templates/map.yaml']);
    // Written again by us, the stock helm still reads it.
    await kubectl(
      ['replace', '-f', '-'],
      JSON.stringify(encodeRelease({ ...second, info: { ...second.info, description: 'by us' } })),
    );
    expect(await stock('history', 'theirs')).toContain('by us');
    expect(
      await kubectl(['get', 'secrets', '-n', NAMESPACE, '-l', RELEASE_SELECTOR, '-o', 'name']),
    ).toContain('theirs.v2');
  });
});
