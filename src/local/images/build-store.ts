import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortHash } from '../../lib/hash.ts';
import { LocalError } from '../local-error.ts';
import { lastLines, type Finished, type Run } from '../run.ts';
import { buildArgs, exportArgs, storeArgs, type BuildahBuild, type BuildahStore } from './buildah.ts';
import { bootstrapArgs, debianSources, INDEX_TARGET_FORMAT } from './debian-base.ts';

/** What building images needs from its surroundings. */
export interface StoreOptions {
  /** Folder that keeps layers, package lists and packages between builds. */
  readonly cacheDir: string;
  readonly run: Run;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** Images being made: buildah with a store of our own. Opened by `openBuildStore`. */
export interface BuildStore {
  has(ref: string): Promise<boolean>;
  /** Makes the Debian base under this reference. */
  bootstrap(ref: string): Promise<void>;
  build(build: BuildahBuild): Promise<void>;
  /** Writes the image's manifest and blobs as files into an empty folder. */
  export(ref: string, folder: string): Promise<void>;
  /** Forgets every image of this name but the one kept (undefined = all). Layers that others use stay. */
  prune(repository: string, kept: string | undefined): Promise<void>;
  /** Package lists as the base left them, or an empty folder. */
  readonly listsDir: string;
}

/** Daemons must not start while packages are installed in an image: the agreed answer of Debian's invoke-rc.d. */
const NO_SERVICES = '#!/bin/sh\nexit 101\n';

/** What mmdebstrap leaves behind that is this machine's or of no use in an image. */
const REMOVED = [
  'etc/resolv.conf',
  'etc/hostname',
  'var/lib/apt/lists',
  'var/cache/apt',
  'var/log/apt',
  'var/log/dpkg.log',
];

/** Opens the store below `cacheDir`, with overlay layers where the file system can, copies where it can't. */
export async function openBuildStore(options: StoreOptions): Promise<BuildStore> {
  const store = await findStore(options);
  const listsDir = join(options.cacheDir, 'apt', 'lists');
  await mkdir(listsDir, { recursive: true });
  const buildah = (args: readonly string[]): Promise<Finished> =>
    call(options, 'buildah', [...storeArgs(store), ...args]);
  return {
    listsDir,
    has: async (ref) => {
      const args = [...storeArgs(store), 'inspect', '--type=image', ref];
      return (await options.run('buildah', args, { env: options.env, signal: options.signal })).code === 0;
    },
    bootstrap: async (ref) => {
      const container = (await buildah(['from', '--pull-never', 'scratch'])).stdout.trim();
      try {
        const folder = (await buildah(['mount', container])).stdout.trim();
        await fillBase(options, folder, listsDir);
        await buildah(['umount', container]);
        const flags = ['--quiet', '--format=oci', '--timestamp=0', '--disable-compression'];
        await buildah(['commit', ...flags, container, ref]);
      } finally {
        await buildah(['rm', container]);
      }
    },
    build: async (build) => {
      await call(options, 'buildah', buildArgs(store, build));
    },
    export: async (ref, folder) => {
      await call(options, 'buildah', exportArgs(store, ref, folder));
    },
    prune: async (repository, kept) => {
      const list = await buildah(['images', '--format', '{{.Name}}:{{.Tag}}']);
      const old = list.stdout.split('\n').filter((ref) => ref.startsWith(`${repository}:`) && ref !== kept);
      // One that another process builds on can't be removed now; the next prune takes it.
      for (const ref of old) {
        await options.run('buildah', [...storeArgs(store), 'rmi', ref], {
          env: options.env,
          signal: options.signal,
        });
      }
    },
  };
}

async function findStore(options: StoreOptions): Promise<BuildahStore> {
  const root = join(options.cacheDir, 'storage');
  // State of mounts must not outlive a restart of the machine, hence /run.
  const runRoot = `/run/tenantry-images-${shortHash(options.cacheDir)}`;
  await mkdir(root, { recursive: true });
  for (const driver of ['overlay', 'vfs'] as const) {
    const store = { root: join(root, driver), runRoot: `${runRoot}-${driver}`, driver };
    const answer = await options.run('buildah', [...storeArgs(store), 'info'], {
      env: options.env,
      signal: options.signal,
    });
    if (answer.code === 0) return store;
    if (answer.code === 127)
      throw new LocalError(
        'buildah is not installed',
        'apt-get install buildah mmdebstrap, or run as root to have it done.',
      );
    if (driver === 'vfs')
      throw new LocalError(
        `buildah can't keep images in ${root}: ${lastLines(answer.stderr, 2)}`,
        'Building images needs root; otherwise push images to a registry and use the existing cluster’s.',
      );
  }
  throw new RangeError('unreachable: the last driver returns or throws');
}

async function fillBase(options: StoreOptions, folder: string, listsDir: string): Promise<void> {
  const targets = await call(options, 'apt-get', [
    'indextargets',
    '--format',
    INDEX_TARGET_FORMAT,
    'Created-By: Packages',
  ]);
  await call(options, 'mmdebstrap', bootstrapArgs(folder, debianSources(targets.stdout)));
  await rm(listsDir, { recursive: true, force: true });
  await cp(join(folder, 'var/lib/apt/lists'), listsDir, { recursive: true, preserveTimestamps: true });
  for (const path of REMOVED) await rm(join(folder, path), { recursive: true, force: true });
  await mkdir(join(folder, 'var/lib/apt/lists/partial'), { recursive: true });
  await mkdir(join(folder, 'var/cache/apt/archives/partial'), { recursive: true });
  await writeFile(join(folder, 'usr/sbin/policy-rc.d'), NO_SERVICES);
  await chmod(join(folder, 'usr/sbin/policy-rc.d'), 0o755);
}

/** Runs a program that must succeed. */
async function call(options: StoreOptions, program: string, args: readonly string[]): Promise<Finished> {
  const done = await options.run(program, args, { env: options.env, signal: options.signal });
  if (done.code === 0) return done;
  const what = `${program} failed (exit ${done.code}): ${lastLines(`${done.stdout}\n${done.stderr}`, 8)}`;
  if (done.code === 127)
    throw new LocalError(what, `apt-get install ${program}, or run as root to have it done.`);
  if (/no space left/i.test(what))
    throw new LocalError(what, 'Free some space: building all images needs about 2 GB.');
  throw new LocalError(
    what,
    'Read the message above; a package mirror that is busy or not reached is the usual cause.',
  );
}
