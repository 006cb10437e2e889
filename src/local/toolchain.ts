import { constants } from 'node:fs';
import { access, readFile, readdir, rename, rm, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Progress } from '../lib/progress.ts';
import {
  builtName,
  cacheKey,
  classifyBuildFailure,
  goBuildArgs,
  planBuilds,
  usableKeys,
  type GoBuild,
  type ModuleSources,
} from './build-plan.ts';
import type { KubernetesRelease } from './kubernetes-release.ts';
import { LocalError, explainDiskFull } from './local-error.ts';
import { withLock } from './lock.ts';
import { lastLines, type Run } from './run.ts';
import { isKubernetes, toolNamed, toolOf, type Tool } from './tools.ts';

/** Where programs may come from, and what finding them needs. */
export interface ToolchainOptions {
  /** The folder `tools/` with the pinned Go modules. */
  readonly sources: string;
  /** Where builds are kept: `<cache home>/tenantry/tools`. */
  readonly cache: string;
  /** A folder named by the user: what is in it is taken as it is, but for programs of a Kubernetes that was not asked for. */
  readonly folder?: string | undefined;
  /** The Kubernetes that was asked for; undefined takes the newest, or what the user's folder has. */
  readonly release?: KubernetesRelease | undefined;
  /** Environment of `go`; its PATH is also where ready programs are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `<os>-<architecture>` in Node's words. */
  readonly platform: string;
  readonly run: Run;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Tool names → absolute paths. */
export type ToolPaths = ReadonlyMap<string, string>;

/**
 * Finds the named tools: in the user's folder, on PATH in the right version, in the cache, and builds those that are
 * nowhere. Running it twice at once is safe; the second waits. Throws LocalError with the remedy when a build is not possible.
 */
export async function findTools(
  wanted: readonly (string | Tool)[],
  options: ToolchainOptions,
): Promise<ToolPaths> {
  const { release } = options;
  const tools = wanted
    .map((each) => (typeof each === 'string' ? toolNamed(each) : each))
    .map((tool) => (release === undefined ? tool : toolOf(tool, release)));
  const found = new Map<string, string>();
  for (const tool of tools) {
    const path = (await inFolder(tool, options)) ?? (await onPath(tool, options));
    if (path !== undefined) found.set(tool.name, path);
  }
  const builds = planBuilds(tools.filter((tool) => !found.has(tool.name)));
  for (const build of builds) for (const [name, path] of await provide(build, options)) found.set(name, path);
  return found;
}

async function inFolder(tool: Tool, options: ToolchainOptions): Promise<string | undefined> {
  if (options.folder === undefined) return undefined;
  const path = join(options.folder, tool.name);
  if (!(await isExecutable(path))) return undefined;
  if (options.release === undefined || !isKubernetes(tool)) return path;
  return (await saysItsVersion(path, tool, options)) ? path : undefined;
}

async function onPath(tool: Tool, options: ToolchainOptions): Promise<string | undefined> {
  for (const folder of (options.env['PATH'] ?? '').split(':')) {
    const path = join(folder, tool.name);
    if (!folder.startsWith('/') || !(await isExecutable(path))) continue;
    return (await saysItsVersion(path, tool, options)) ? path : undefined;
  }
  return undefined;
}

/** Whether a program says that it has the version that is wanted. */
async function saysItsVersion(path: string, tool: Tool, options: ToolchainOptions): Promise<boolean> {
  const answer = await options.run(path, tool.versionArgs, { env: options.env, signal: options.signal });
  const words = `${answer.stdout} ${answer.stderr}`.split(/[\s:+,"]+/);
  return words.includes(tool.version) || words.includes(`v${tool.version}`);
}

/** The tools of one module: from the cache, or built into it. */
async function provide(build: GoBuild, options: ToolchainOptions): Promise<ToolPaths> {
  const names = build.tools.map((tool) => tool.name).join(', ');
  const sources = await readSources(join(options.sources, build.module));
  const cached = await fromCache(build, sources, options);
  if (cached !== undefined) return cached;
  return options.progress.step(`building ${names}`, async (note) => {
    const lock = join(options.cache, 'locks', build.module.replaceAll('/', '-'));
    const onWait = (holder: number): void => note(`waiting for process ${holder}, which builds the same`);
    return withLock(lock, { clock: options.clock, signal: options.signal, onWait }, async () => {
      // Another process may have built it while we waited.
      const meanwhile = await fromCache(build, sources, options);
      if (meanwhile !== undefined) {
        note('built by another process');
        return meanwhile;
      }
      return compile(build, sources, options);
    });
  });
}

async function readSources(folder: string): Promise<ModuleSources> {
  const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '');
  const goMod = await text('go.mod');
  if (goMod === '')
    throw new LocalError(
      `${join(folder, 'go.mod')} is missing`,
      'This copy of Tenantry is incomplete: take a fresh checkout, or name a folder with ready programs by TENANTRY_TOOLS.',
    );
  return { goMod, goSum: await text('go.sum'), own: await text('main.go') };
}

/** All tools of the build from the cache; undefined unless all are there. */
async function fromCache(
  build: GoBuild,
  sources: ModuleSources,
  options: ToolchainOptions,
): Promise<ToolPaths | undefined> {
  const present = await readdir(options.cache).catch(() => []);
  const paths = new Map<string, string>();
  for (const tool of build.tools) {
    // Sorted, so the last is the newest Go's build, near enough.
    const key = usableKeys(present, tool, sources, options.platform).at(-1);
    if (key === undefined) return undefined;
    const path = join(options.cache, key, tool.name);
    if (!(await isExecutable(path))) return undefined;
    paths.set(tool.name, path);
  }
  return paths;
}

async function compile(
  build: GoBuild,
  sources: ModuleSources,
  options: ToolchainOptions,
): Promise<ToolPaths> {
  const folder = join(options.sources, build.module);
  const env = { ...options.env, CGO_ENABLED: '0', GOWORK: 'off' };
  const go = async (args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    options.run('go', args, { cwd: folder, env, signal: options.signal });
  const version = await go(['env', 'GOVERSION']);
  if (version.code === 127) throw noGo(build);
  const draft = join(options.cache, `draft-${process.pid}-${build.module.replaceAll('/', '-')}`);
  try {
    await mkdir(draft, { recursive: true });
    const result = await go(goBuildArgs(build, draft));
    if (result.code !== 0)
      throw await buildFailed(build, result.stdout + result.stderr, version.stdout.trim(), options);
    const paths = new Map<string, string>();
    for (const tool of build.tools) {
      const key = cacheKey(tool, sources, options.platform, version.stdout.trim());
      paths.set(tool.name, await keep(join(draft, builtName(tool)), join(options.cache, key), tool.name));
    }
    return paths;
  } catch (error) {
    throw explainDiskFull(error, options.cache);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Moves a finished program into its place in one step: a folder in the cache is complete or not there. */
async function keep(built: string, place: string, name: string): Promise<string> {
  const draft = `${place}.${process.pid}.draft`;
  await mkdir(draft, { recursive: true });
  await rename(built, join(draft, name));
  await rm(place, { recursive: true, force: true });
  await rename(draft, place);
  return join(place, name);
}

function noGo(build: GoBuild): LocalError {
  const names = build.tools.map((tool) => tool.name).join(', ');
  return new LocalError(
    `Go is not installed, and ${names} must be built`,
    'Install Go 1.26 (go.dev/dl), or an older one from 1.21 on with GOTOOLCHAIN=auto (Debian: apt-get install -t bookworm-backports golang-go); or name a folder with ready programs by TENANTRY_TOOLS.',
  );
}

async function buildFailed(
  build: GoBuild,
  output: string,
  version: string,
  options: ToolchainOptions,
): Promise<LocalError> {
  const log = join(options.cache, 'logs', `${build.module.replaceAll('/', '-')}.log`);
  // The log is a help, not a need: a full disk must not hide what went wrong.
  await mkdir(join(options.cache, 'logs'), { recursive: true })
    .then(() => writeFile(log, output))
    .catch(() => undefined);
  const names = build.tools.map((tool) => tool.name).join(', ');
  const remedies = {
    'go-too-old': `${version} is too old and did not fetch a newer one: install Go 1.26, or set GOTOOLCHAIN=auto with a Go from 1.21 on.`,
    'no-network':
      'Go modules could not be fetched: check the network, GOPROXY and HTTPS_PROXY, and run it again.',
    'disk-full': `The disk is full: free about 12 GB where \`go env GOCACHE GOTMPDIR\` and ${options.cache} are.`,
    'out-of-memory':
      'The compiler was killed, most likely for want of memory: 4 GB are needed; GOFLAGS=-p=1 needs less.',
    other: `The whole output is in ${log}.`,
  } as const;
  return new LocalError(
    `building ${names} failed: ${lastLines(output, 8)}`,
    remedies[classifyBuildFailure(output)],
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
