import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clusterPaths, nodePaths } from './cluster-paths.ts';
import type { ImageStore } from './containerd-images.ts';
import { hostsFile, parseReference, publishImages } from './image-registry.ts';

/** Two nodes' stores; the first holds the blobs given and lists the images given. */
async function stores(
  blobs: readonly string[],
  images: Readonly<Record<string, string>>,
): Promise<ImageStore[]> {
  const home = await mkdtemp(join(tmpdir(), 'registry-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const cluster = clusterPaths(home, 'a');
  const content = join(cluster.home, 'var-lib/containerd/io.containerd.content.v1.content/blobs/sha256');
  await mkdir(content, { recursive: true });
  for (const blob of blobs) await writeFile(join(content, digestOf(blob).slice(7)), blob);
  const rows = Object.entries(images).map(([ref, digest]) => `${ref} type ${digest} 1 MiB linux/amd64 -`);
  return [1, 2].map((number) => ({
    node: nodePaths(cluster, number),
    registry: 'https://10.0.0.11:5000',
    snapshotter: 'overlayfs',
    run: async () => ({ code: 0, stdout: `REF TYPE DIGEST\n${rows.join('\n')}`, stderr: '' }),
  }));
}

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const layer = 'a layer';
const config = '{"os":"linux"}';
const manifest = JSON.stringify({
  config: { digest: digestOf(config) },
  layers: [{ digest: digestOf(layer) }],
});
const list = JSON.stringify({
  manifests: [{ digest: digestOf(manifest) }, { digest: digestOf('of another processor') }],
});
const registry = (first: ImageStore | undefined, path: string): string =>
  join(first?.node.home ?? '', 'registry/docker/registry/v2', path);

describe('publishImages', () => {
  it('serves an image by its tag and its digest, with the bytes that containerd has', async () => {
    const all = await stores([layer, config, manifest, list], { 'docker.io/library/web:1': digestOf(list) });
    await publishImages(all);

    const repository = registry(all[0], 'repositories/docker.io/library/web');
    const read = (path: string): Promise<string> => readFile(join(repository, path, 'link'), 'utf8');
    expect(await read('_manifests/tags/1/current')).toBe(digestOf(list));
    expect(await read(`_manifests/revisions/sha256/${digestOf(manifest).slice(7)}`)).toBe(digestOf(manifest));
    expect(await read(`_layers/sha256/${digestOf(layer).slice(7)}`)).toBe(digestOf(layer));
    expect(await read(`_layers/sha256/${digestOf(config).slice(7)}`)).toBe(digestOf(config));
    const hex = digestOf(layer).slice(7);
    const blob = await stat(registry(all[0], `blobs/sha256/${hex.slice(0, 2)}/${hex}/data`));
    expect(blob.nlink).toBe(2);
  });

  it('moves a tag to what was imported last', async () => {
    const all = await stores([layer, config, manifest], { 'docker.io/library/web:1': digestOf(manifest) });
    await publishImages(all);
    const tag = registry(all[0], 'repositories/docker.io/library/web/_manifests/tags/1/current/link');
    await writeFile(tag, digestOf(list));

    await publishImages(all);

    expect(await readFile(tag, 'utf8')).toBe(digestOf(manifest));
  });

  it('tells every node where a host’s images are', async () => {
    const all = await stores([layer, config, manifest], {
      'docker.io/library/web:1': digestOf(manifest),
      'localhost:5000/web:1': digestOf(manifest),
      [digestOf(config)]: digestOf(config),
    });
    await publishImages(all);

    for (const { node } of all) {
      const file = await readFile(join(node.etc, 'certs.d/docker.io/hosts.toml'), 'utf8');
      expect(file).toBe(hostsFile('https://10.0.0.11:5000', 'docker.io'));
      expect(file).toContain('server = "https://10.0.0.11:5000/v2/docker.io"');
      expect(await readFile(join(node.etc, 'certs.d/localhost:5000/hosts.toml'), 'utf8')).toContain(
        '/v2/localhost_5000"',
      );
    }
  });
});

describe('parseReference', () => {
  it.each([
    ['docker.io/library/web:1.2', { host: 'docker.io', path: 'library/web', tag: '1.2' }],
    ['localhost:5000/a/b:x', { host: 'localhost:5000', path: 'a/b', tag: 'x' }],
    [`docker.io/library/web@${digestOf('')}`, undefined],
    [digestOf(''), undefined],
    ['web:1', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });
});
