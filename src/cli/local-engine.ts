import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../lib/clock.ts';
import { createEngine, type HelmEngine } from '../helm/engine.ts';
import { packageRoot } from './package-root.ts';

/** The Helm engine from this package's dist folder; nothing is loaded before the first chart comes. */
export function localEngine({ clock }: { readonly clock: Clock }): HelmEngine {
  const distributed = join(packageRoot(), 'dist');
  return createEngine({
    wasm: join(distributed, 'helm-engine.wasm'),
    workerUrl: pathToFileURL(join(distributed, 'helm-worker.mjs')),
    clock,
    maxWorkers: availableParallelism(),
  });
}
