import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { BUNDLE_OPTIONS } from '../../tools/bundle-options.mjs';
import { createEngine, type EngineOptions, type HelmEngine } from '../../src/helm/engine.ts';
import { systemClock } from '../../src/lib/clock.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Files that an engine needs and that are not TypeScript. */
interface EngineFiles {
  readonly wasm: string;
  readonly workerUrl: URL;
}

interface BuildModule {
  buildHelmEngine(options: { outFile: string; cacheDir: string }): Promise<{ cached: boolean }>;
}

let files: Promise<EngineFiles> | undefined;

/** Compiles the engine (cached by its sources) and bundles the worker, once in a test process. */
export function engineFiles(): Promise<EngineFiles> {
  files ??= make();
  return files;
}

/** A real engine on the system's clock; close it after the test. */
export async function startEngine(options: Partial<EngineOptions> = {}): Promise<HelmEngine> {
  return createEngine({
    ...(await engineFiles()),
    clock: systemClock,
    maxWorkers: cpus().length,
    ...options,
  });
}

async function make(): Promise<EngineFiles> {
  const folder = join(root, 'node_modules', '.cache', 'tenantry');
  mkdirSync(folder, { recursive: true });
  const wasm = join(folder, 'helm-engine.wasm');
  // Plain JavaScript without declarations; this is the one function that is used of it.
  const builder = (await import(
    pathToFileURL(join(root, 'tools/helm-engine/build.mjs')).href
  )) as BuildModule;
  const cacheHome = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  await builder.buildHelmEngine({ outFile: wasm, cacheDir: join(cacheHome, 'tenantry', 'tools') });
  const bundle = await build({
    absWorkingDir: root,
    entryPoints: ['src/helm/engine-worker.ts'],
    ...BUNDLE_OPTIONS,
    write: false,
  });
  // Two test processes may write at the same time: each puts a whole file into place.
  const worker = join(folder, 'helm-worker.mjs');
  const draft = `${worker}.${process.pid}`;
  writeFileSync(draft, bundle.outputFiles[0]?.contents ?? '');
  renameSync(draft, worker);
  return { wasm, workerUrl: pathToFileURL(worker) };
}
