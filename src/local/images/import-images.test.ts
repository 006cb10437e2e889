import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentProgress } from '../../lib/progress.ts';
import { clusterPaths, nodePaths } from '../cluster-paths.ts';
import { importImages } from './import-images.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const listing = `REF TYPE DIGEST SIZE PLATFORMS LABELS
localhost/tenantry/mariadb:10.11 application/vnd.oci.image.manifest.v1+json ${digest} 182.3 MiB linux/amd64 -
`;

describe('importImages', () => {
  const archive = { name: 'mariadb', ref: 'localhost/tenantry/mariadb:10.11', path: '/c/mariadb.tar' };
  /** Archives that ctr was told to import. */
  const imported = async (archiveDigest: string, importCode = 0): Promise<readonly string[]> => {
    const seen: string[] = [];
    const home = await mkdtemp(join(tmpdir(), 'import-'));
    onTestFinished(() => rm(home, { recursive: true }));
    const store = {
      node: nodePaths(clusterPaths(home, 'a'), 1),
      registry: 'https://10.0.0.1:5000',
      snapshotter: 'overlayfs',
      run: async (_program: string, args: readonly string[]) => {
        if (!args.includes('import')) return { code: 0, stdout: listing, stderr: '' };
        seen.push(args.at(-1) ?? '');
        return { code: importCode, stdout: '', stderr: 'unexpected EOF' };
      },
    };
    await importImages([store], [{ ...archive, digest: archiveDigest }], silentProgress);
    return seen;
  };

  it('leaves alone what is there with the same digest', async () => {
    expect(await imported(digest)).toEqual([]);
  });

  it('imports again what has changed under the same reference', async () => {
    expect(await imported(`sha256:${'cd'.repeat(32)}`)).toEqual(['/c/mariadb.tar']);
  });

  it('tells which archive failed and what containerd said', async () => {
    await expect(imported('sha256:0', 1)).rejects.toThrow(/\/c\/mariadb\.tar failed: unexpected EOF/);
  });
});
