import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../lib/hash.ts';
import { ociIndex, toOciLayout } from './oci-layout.ts';

describe('ociIndex', () => {
  it('describes the manifest by digest and size in bytes, and names the image', () => {
    const index = JSON.parse(ociIndex('{"é":1}', 'localhost/tenantry/node:24', 'arm64'));

    expect(index.manifests[0]).toMatchObject({
      digest: `sha256:${sha256('{"é":1}')}`,
      size: 8,
      platform: { architecture: 'arm64', os: 'linux' },
      annotations: { 'io.containerd.image.name': 'localhost/tenantry/node:24' },
    });
  });
});

describe('toOciLayout', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oci-layout-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const written = async (layers: readonly string[]): Promise<string> => {
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const blob = (name: string): object => ({ digest: `sha256:${name}`, size: 1 });
    const manifest = JSON.stringify({ mediaType, config: blob('c0'), layers: layers.map(blob) });
    for (const name of new Set(['c0', ...layers])) await writeFile(join(folder, name), 'x');
    await writeFile(join(folder, 'version'), 'Directory Transport Version: 1.1');
    await writeFile(join(folder, 'manifest.json'), manifest);
    return manifest;
  };

  it('puts every blob under its digest and leaves nothing else', async () => {
    const manifest = await written(['l1', 'l2']);

    const digest = await toOciLayout(folder, 'r:1', 'amd64');

    expect(digest).toBe(`sha256:${sha256(manifest)}`);
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    expect((await readdir(join(folder, 'blobs/sha256'))).sort()).toEqual(
      ['c0', 'l1', 'l2', sha256(manifest)].sort(),
    );
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(ociIndex(manifest, 'r:1', 'amd64'));
  });

  it('takes a layer that occurs twice once', async () => {
    await written(['l1', 'l1']);

    await expect(toOciLayout(folder, 'r:1', 'amd64')).resolves.toMatch(/^sha256:/);
  });
});
