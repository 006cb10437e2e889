import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../lib/progress.ts';
import type { Finished, Run } from '../run.ts';
import { buildImages, buildRecipes, imageArchive, type ImageOptions } from './build-images.ts';
import { imageRecipe } from './image-list.ts';

const done: Finished = { code: 0, stdout: '', stderr: '' };
const mediaType = 'application/vnd.oci.image.manifest.v1+json';

let root: string;
let calls: string[];
/** The files of each build's context. */
let contexts: string[][];
let inStore: Set<string>;

/** Stands in for buildah, mmdebstrap, apt-get, go and tar: enough of each for files to come to be where they do. */
const fakeRun: Run = async (program, args) => {
  if (program === 'mmdebstrap') {
    calls.push('mmdebstrap');
    const folder = args.find((arg) => arg.endsWith('/mounted')) ?? '';
    for (const path of ['var/lib/apt/lists', 'usr/sbin'])
      await mkdir(join(folder, path), { recursive: true });
    await writeFile(join(folder, 'var/lib/apt/lists/list'), 'x');
  }
  if (program === 'tar') await writeFile(args[1] ?? '', 'archive');
  if (program === 'go') await writeFile(args[args.indexOf('-o') + 1] ?? '', 'program');
  return program === 'buildah' ? buildah(args) : done;
};

async function buildah(args: readonly string[]): Promise<Finished> {
  const last = args.at(-1) ?? '';
  const command = args[6] ?? '';
  switch (command) {
    case 'inspect':
      return { ...done, code: inStore.has(last) ? 0 : 1 };
    case 'mount':
      return { ...done, stdout: `${join(root, 'mounted')}\n` };
    case 'commit':
      inStore.add(last);
      return done;
    case 'images':
      return { ...done, stdout: [...inStore].join('\n') };
    case 'rmi':
      inStore.delete(last);
      return done;
    case 'build': {
      const ref = args.find((arg) => arg.startsWith('--tag='))?.slice('--tag='.length) ?? '';
      calls.push(`build ${ref.replace(/^.*\/|:.*$/g, '')}`);
      inStore.add(ref);
      contexts.push((await readdir(last)).sort());
      return done;
    }
    case 'push': {
      const folder = last.replace(/^dir:/, '');
      await mkdir(folder);
      await writeFile(join(folder, 'c0'), 'config');
      await writeFile(
        join(folder, 'manifest.json'),
        JSON.stringify({ mediaType, config: { digest: 'sha256:c0' }, layers: [] }),
      );
      return done;
    }
    default:
      return done;
  }
}

const options = (): ImageOptions => ({
  root: join(root, 'package'),
  cacheDir: join(root, 'cache'),
  arch: 'amd64',
  env: {},
  run: fakeRun,
  progress: silentProgress,
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'build-images-'));
  calls = [];
  contexts = [];
  inStore = new Set();
  const real = join(import.meta.dirname, '../../..');
  await mkdir(join(root, 'package'), { recursive: true });
  await cp(join(real, 'tools/images'), join(root, 'package/tools/images'), { recursive: true });
  await cp(join(real, 'package.json'), join(root, 'package/package.json'));
});
afterEach(() => rm(root, { recursive: true }));

describe('buildImages', () => {
  it('makes the base once for all that stand on it', async () => {
    const archives = await buildImages(['wordpress', 'mariadb'], options());

    expect(calls.toSorted()).toEqual(['build mariadb', 'build wordpress', 'mmdebstrap']);
    expect(archives.map((archive) => archive.ref)).toEqual([
      'localhost/tenantry/wordpress:6-apache',
      'localhost/tenantry/mariadb:10.11',
    ]);
  });

  it('makes nothing again that is in the cache', async () => {
    const first = await buildImages(['mariadb', 'http-echo'], options());
    calls = [];

    const second = await buildImages(['mariadb', 'http-echo'], options());

    expect(second).toEqual(first);
    expect(calls).toEqual([]);
  });

  it('builds again on the base that is there when a file of the image changes', async () => {
    const first = await imageArchive('mariadb', options());
    calls = [];
    await writeFile(join(root, 'package/tools/images/mariadb/entrypoint.sh'), '#!/bin/sh\n');

    const second = await imageArchive('mariadb', options());

    expect(calls).toEqual(['build mariadb']);
    expect(second.path).not.toBe(first.path);
  });

  it('puts given files beside the Containerfile’s own, and knows them by their folder', async () => {
    const build = async (folder: string): Promise<string> => {
      await mkdir(join(root, folder));
      await writeFile(join(root, folder, 'program'), 'x');
      const recipe = {
        ...imageRecipe('http-echo'),
        ref: 'localhost/other:1',
        files: new Map([['http-echo', join(root, folder, 'program')]]),
      };
      const [made] = await buildRecipes([recipe], options());
      expect(made?.ref).toBe('localhost/other:1');
      return made?.path ?? '';
    };

    expect(await build('program-1')).not.toBe(await build('program-2'));
    expect(contexts).toEqual([
      ['Containerfile', 'go.mod', 'http-echo', 'main.go'],
      ['Containerfile', 'go.mod', 'http-echo', 'main.go'],
    ]);
  });

  it('keeps the archive before the newest, and none older', async () => {
    for (const text of ['1', '2', '3', '4']) {
      await writeFile(join(root, 'package/tools/images/mariadb/entrypoint.sh'), text);
      await imageArchive('mariadb', options());
    }

    const kept = (await readdir(join(root, 'cache'))).filter((file) => file.startsWith('mariadb-'));

    expect(kept.filter((file) => file.endsWith('.tar'))).toHaveLength(2);
    expect(kept.filter((file) => file.endsWith('.tar.json'))).toHaveLength(2);
  });

  it('builds once more what another process forgot before it was exported', async () => {
    let forgotten = false;
    const run: Run = async (program, args, settings) => {
      const exported = args.find((arg) => inStore.has(arg) && arg.includes('http-echo'));
      if (args[6] !== 'push' || forgotten || exported === undefined) return fakeRun(program, args, settings);
      forgotten = true;
      inStore.delete(exported);
      return { ...done, code: 125, stderr: 'image not known' };
    };

    const { path } = await imageArchive('http-echo', { ...options(), run });

    expect(calls).toEqual(['build http-echo', 'build http-echo']);
    expect(await readdir(dirname(path))).toContain(basename(path));
  });

  it('leaves no working folder behind', async () => {
    const { path } = await imageArchive('http-echo', options());

    expect((await readdir(dirname(path))).filter((file) => file.startsWith('making-'))).toEqual([]);
  });

  it('says what to do when the operator has not been built', async () => {
    await expect(imageArchive('operator', options())).rejects.toMatchObject({
      name: 'LocalError',
      remedy: expect.stringContaining('npm run build'),
    });
  });
});
