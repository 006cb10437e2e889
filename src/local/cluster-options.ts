import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Progress } from '../lib/progress.ts';
import { clusterPaths, type ClusterPaths } from './cluster-paths.ts';
import type { Run } from './run.ts';
import type { KubernetesRelease } from './kubernetes-release.ts';
import { findTools, type ToolPaths, type ToolchainOptions } from './toolchain.ts';
import type { Tool } from './tools.ts';

/** Everything that commands about a local cluster take from their surroundings. */
export interface ClusterOptions {
  readonly name: string;
  /** `$XDG_DATA_HOME` or `~/.local/share`. */
  readonly dataHome: string;
  /** `$XDG_CACHE_HOME` or `~/.cache`. */
  readonly cacheHome: string;
  /** The folder `tools/` with the pinned Go modules. */
  readonly toolSources: string;
  /** A folder with ready programs (TENANTRY_TOOLS). */
  readonly toolFolder?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The effective user. */
  readonly uid: number;
  /** `<os>-<architecture>` in Node's words. */
  readonly platform: string;
  /** The command line that starts this program again. */
  readonly self: readonly string[];
  readonly run: Run;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Where the cluster's files are. */
export function pathsOf(options: Pick<ClusterOptions, 'dataHome' | 'name'>): ClusterPaths {
  return clusterPaths(options.dataHome, options.name);
}

/** The tool chain as these options describe it. */
export function toolchainOptions(
  options: Omit<ClusterOptions, 'name' | 'dataHome' | 'self' | 'uid'>,
): ToolchainOptions {
  return {
    sources: options.toolSources,
    cache: join(options.cacheHome, 'tenantry', 'tools'),
    folder: options.toolFolder,
    env: options.env,
    platform: options.platform,
    run: options.run,
    clock: options.clock,
    progress: options.progress,
    signal: options.signal,
  };
}

/** Finds tools or builds them, as one step that says what came from where. */
export async function provideTools(
  names: readonly (string | Tool)[],
  options: Omit<ClusterOptions, 'name' | 'dataHome' | 'self' | 'uid'>,
  release?: KubernetesRelease,
): Promise<ToolPaths> {
  return findTools(names, { ...toolchainOptions(options), release });
}
