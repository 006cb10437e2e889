import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { mapLimit } from '../../lib/limit.ts';
import type { Progress } from '../../lib/progress.ts';
import { LocalError } from '../local-error.ts';
import { lastLines, type Run } from '../run.ts';
import { BASE_SETTINGS } from './debian-base.ts';
import { imageKey, inputFiles } from './image-key.ts';
import { imageRecipe, imageRef, LOCAL_REGISTRY, type ImageName, type ImageRecipe } from './image-list.ts';
import { openBuildStore, type BuildStore } from './build-store.ts';
import { nodeBinary, nodeIntegrity, type Architecture } from './node-binary.ts';
import { toOciLayout } from './oci-layout.ts';
import { messageOf } from '../../lib/error-text.ts';

/** What building images needs from its surroundings. */
export interface ImageOptions {
  /** Folder of the package: holds package.json, tools/images, Containerfile, dist. */
  readonly root: string;
  /** Where archives, layers and packages are kept between runs, e.g. `~/.cache/tenantry/images`. */
  readonly cacheDir: string;
  readonly arch: Architecture;
  /** Environment of the programs that are run (PATH, HOME, proxies). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: Run;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** An image as one file, ready to import. */
export interface ImageArchive {
  readonly name: string;
  /** Full reference: what a pod names. */
  readonly ref: string;
  /** Digest of its manifest, `sha256:…`. */
  readonly digest: string;
  /** OCI archive, uncompressed. */
  readonly path: string;
}

const Description = z.object({ name: z.string(), ref: z.string(), digest: z.string() });

/** Part of every key: raised when the way images are made changes. */
const FORMAT = 'images 1';
/** Flags of the static binary; part of its key. */
const GO_BUILD = ['build', '-trimpath', '-ldflags=-s -w'];
/** Archives kept of one image: the one in use and the one before, for whoever works on two branches. */
const KEPT_ARCHIVES = 2;
/** Builds at the same time: packages unpack on one core each, and two is what the smallest machine has. */
const PARALLEL_BUILDS = 2;

/** Builds what is not in the cache and answers the archives in the order of `names`. Shows one step an image. */
export async function buildImages(
  names: readonly ImageName[],
  options: ImageOptions,
): Promise<readonly ImageArchive[]> {
  return buildRecipes(names.map(imageRecipe), options);
}

/** The same for images that are not in the list. */
export async function buildRecipes(
  recipes: readonly ImageRecipe[],
  options: ImageOptions,
): Promise<readonly ImageArchive[]> {
  const builder = new ImageBuilder(options);
  return mapLimit(recipes, PARALLEL_BUILDS, (recipe) => builder.archive(recipe));
}

/** One image as an archive, from the cache or built. */
export async function imageArchive(name: ImageName, options: ImageOptions): Promise<ImageArchive> {
  return new ImageBuilder(options).archive(imageRecipe(name));
}

/** A session of building: what several images stand on is made once. */
class ImageBuilder {
  readonly #options: ImageOptions;
  readonly #once = new Map<string, Promise<unknown>>();

  constructor(options: ImageOptions) {
    this.#options = options;
  }

  async archive(recipe: ImageRecipe): Promise<ImageArchive> {
    const { name } = recipe;
    const { progress, cacheDir, root } = this.#options;
    return progress.step(`image ${name}`, async (note) => {
      const key = await this.#key(recipe);
      const kept = await readArchive(cacheDir, name, key);
      if (kept !== undefined) {
        note('cached');
        return kept;
      }
      const made = await this.#make(recipe, key, imageRef(recipe, await packageVersion(root), key));
      note(`${Math.round((await stat(made.path)).size / 2 ** 20)} MiB`);
      await pruneArchives(cacheDir, name);
      return made;
    });
  }

  /**
   * Builds and exports. The store is shared with whoever builds from another checkout, who prunes it when he is through: an image
   * that is gone before it was exported is taken from his archive, if it is the same, or built once more.
   */
  async #make(recipe: ImageRecipe, key: string, ref: string): Promise<ImageArchive> {
    const stored = await this.#stored(recipe, key);
    try {
      return await this.#export(recipe, key, ref);
    } catch (error) {
      if (await (await this.#store()).has(stored)) throw error;
      const theirs = await readArchive(this.#options.cacheDir, recipe.name, key);
      if (theirs !== undefined) return theirs;
      this.#once.delete(imageTask(recipe));
      return this.#export(recipe, key, ref);
    }
  }

  #key(recipe: ImageRecipe): Promise<string> {
    return this.#onceFor(`key ${recipe.name}`, async () => {
      const settings = [FORMAT, this.#options.arch, ...(await this.#settings(recipe))];
      return imageKey(settings, await this.#inputs(recipe));
    });
  }

  async #inputs(recipe: ImageRecipe): ReturnType<typeof inputFiles> {
    try {
      return await inputFiles(this.#options.root, recipe.inputs);
    } catch (error) {
      throw new LocalError(
        `a file that image ${recipe.name} is made of is missing: ${messageOf(error)}`,
        'Run npm run build in a complete checkout, then run it again.',
        { cause: error },
      );
    }
  }

  async #settings(recipe: ImageRecipe): Promise<readonly string[]> {
    if (recipe.files !== undefined) {
      // The folder of each tells what it was made from.
      const builds = [...recipe.files].map(([name, path]) => `${name} ${basename(dirname(path))}`);
      return [...BASE_SETTINGS, recipe.ref ?? '', ...builds];
    }
    if (recipe.name === 'http-echo') return GO_BUILD;
    if (recipe.base === 'node') return [await this.#key(imageRecipe('node'))];
    return recipe.name === 'node' ? [...BASE_SETTINGS, nodeIntegrity(this.#options.arch)] : BASE_SETTINGS;
  }

  /** Sees to it that the store has the image; answers the reference there. */
  #stored(recipe: ImageRecipe, key: string): Promise<string> {
    return this.#onceFor(imageTask(recipe), async () => {
      const store = await this.#store();
      const ref = `${LOCAL_REGISTRY}/${recipe.name}:${key}`;
      if (await store.has(ref)) return ref;
      const work = await this.#workFolder(recipe.name);
      try {
        await store.build({
          ref,
          containerfile: join(this.#options.root, recipe.containerfile),
          context: await this.#context(recipe, work),
          args: await this.#baseArgument(recipe),
          mounts: recipe.installs ? await this.#packageMounts(recipe, work, store) : [],
        });
      } finally {
        await rm(work, { recursive: true, force: true });
      }
      if (recipe.name === 'node') await store.prune(`${LOCAL_REGISTRY}/node`, ref);
      return ref;
    });
  }

  async #baseArgument(recipe: ImageRecipe): Promise<Readonly<Record<string, string>>> {
    if (recipe.base === 'scratch') return {};
    if (recipe.base === 'debian') return { BASE_IMAGE: await this.#debian() };
    const node = imageRecipe('node');
    return { NODE_IMAGE: await this.#stored(node, await this.#key(node)) };
  }

  #debian(): Promise<string> {
    return this.#onceFor('debian', async () => {
      const store = await this.#store();
      const ref = `${LOCAL_REGISTRY}/debian:${imageKey([FORMAT, this.#options.arch, ...BASE_SETTINGS], [])}`;
      if (await store.has(ref)) return ref;
      await this.#options.progress.step('image debian (base of the others)', () => store.bootstrap(ref));
      await store.prune(`${LOCAL_REGISTRY}/debian`, ref);
      return ref;
    });
  }

  /** The build context; what can't lie in the repository is made in `work`. */
  async #context(recipe: ImageRecipe, work: string): Promise<string> {
    if (recipe.context !== undefined) return join(this.#options.root, recipe.context);
    const context = join(work, 'context');
    await mkdir(context);
    if (recipe.files !== undefined) {
      await cp(join(this.#options.root, recipe.inputs[0] ?? ''), context, { recursive: true });
      for (const [name, path] of recipe.files) await cp(path, join(context, name));
    } else if (recipe.name === 'node') {
      const binary = await nodeBinary(this.#options);
      await cp(binary, join(context, 'node'), { preserveTimestamps: true });
    } else
      await this.#goProgram(join(this.#options.root, recipe.inputs[0] ?? ''), join(context, recipe.name));
    return context;
  }

  async #goProgram(folder: string, outFile: string): Promise<void> {
    const { run, env, arch, signal } = this.#options;
    const settings = { cwd: folder, env: { ...env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: arch }, signal };
    const done = await run('go', [...GO_BUILD, '-o', outFile, '.'], settings);
    if (done.code === 0) return;
    const remedy =
      done.code === 127
        ? 'Install Go 1.24 or newer and put it on PATH.'
        : 'Read the compiler’s message above.';
    throw new LocalError(`go build in ${folder} failed: ${lastLines(done.stderr, 5)}`, remedy);
  }

  /**
   * Lists start as a copy of the base's, so that apt fetches what changed only; packages are kept for the next build.
   * Each image has its own, for apt locks both.
   */
  async #packageMounts(
    recipe: ImageRecipe,
    work: string,
    store: BuildStore,
  ): Promise<readonly { from: string; at: string }[]> {
    const lists = join(work, 'lists');
    await this.#debian();
    await cp(store.listsDir, lists, { recursive: true, preserveTimestamps: true });
    const packages = join(this.#options.cacheDir, 'apt', recipe.name);
    await mkdir(join(packages, 'partial'), { recursive: true });
    return [
      { from: lists, at: '/var/lib/apt/lists' },
      { from: packages, at: '/var/cache/apt/archives' },
    ];
  }

  async #export(recipe: ImageRecipe, key: string, ref: string): Promise<ImageArchive> {
    const { cacheDir, arch, run, env, signal } = this.#options;
    const store = await this.#store();
    const stored = await this.#stored(recipe, key);
    const work = await this.#workFolder(recipe.name);
    try {
      const folder = join(work, 'image');
      await store.export(stored, folder);
      const digest = await toOciLayout(folder, ref, arch);
      const done = await run('tar', ['-cf', join(work, 'image.tar'), '-C', folder, '.'], { env, signal });
      if (done.code !== 0)
        throw new LocalError(
          `tar failed: ${lastLines(done.stderr, 3)}`,
          `Check the free space of ${cacheDir}.`,
        );
      const path = archivePath(cacheDir, recipe.name, key);
      await rename(join(work, 'image.tar'), path);
      // The description comes last: where it is, the archive is whole.
      await writeFile(`${path}.part`, JSON.stringify({ name: recipe.name, ref, digest }));
      await rename(`${path}.part`, `${path}.json`);
      // What nothing is built upon is kept as an archive only.
      if (recipe.name !== 'node') await store.prune(`${LOCAL_REGISTRY}/${recipe.name}`, undefined);
      return { name: recipe.name, ref, digest, path };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  #store(): Promise<BuildStore> {
    return this.#onceFor('store', () => openBuildStore(this.#options));
  }

  async #workFolder(name: string): Promise<string> {
    await mkdir(this.#options.cacheDir, { recursive: true });
    return mkdtemp(join(this.#options.cacheDir, `making-${name}-`));
  }

  #onceFor<T>(what: string, make: () => Promise<T>): Promise<T> {
    // The map holds for each name only what `make` of that name gave, hence a T.
    const known = this.#once.get(what) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.#once.set(what, made);
    return made;
  }
}

/** Under which a session remembers that an image was built. */
const imageTask = ({ name }: ImageRecipe): string => `image ${name}`;

const archivePath = (cacheDir: string, name: string, key: string): string =>
  join(cacheDir, `${name}-${key}.tar`);

async function readArchive(cacheDir: string, name: string, key: string): Promise<ImageArchive | undefined> {
  const path = archivePath(cacheDir, name, key);
  try {
    const description = Description.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')));
    await stat(path);
    return { ...description, path };
  } catch {
    // Not there or not readable: it is built again.
    return undefined;
  }
}

async function packageVersion(root: string): Promise<string> {
  const text = await readFile(join(root, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

async function pruneArchives(cacheDir: string, name: string): Promise<void> {
  const pattern = new RegExp(`^${name}-[0-9a-f]{16}\\.tar$`);
  const names = (await readdir(cacheDir)).filter((file) => pattern.test(file));
  const dated = await Promise.all(
    names.map(async (file) => ({
      file,
      at: await stat(join(cacheDir, file)).then(
        (info) => info.mtimeMs,
        () => 0,
      ),
    })),
  );
  const old = dated.sort((a, b) => b.at - a.at).slice(KEPT_ARCHIVES);
  for (const { file } of old) {
    await rm(join(cacheDir, `${file}.json`), { force: true });
    await rm(join(cacheDir, file), { force: true });
  }
}
