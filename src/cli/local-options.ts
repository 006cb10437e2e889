import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { ClusterOptions } from '../local/cluster-options.ts';
import { run } from '../local/run.ts';
import type { Architecture } from '../local/images/node-binary.ts';
import type { ImageOptions } from '../local/images/build-images.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { packageRoot } from './package-root.ts';

/** The name of the cluster that commands mean when none is given. */
export const DEFAULT_CLUSTER = 'tenantry';

/** What commands about the local cluster and its tools take from the command line's surroundings. */
export function localOptions(io: CliIo, name = DEFAULT_CLUSTER): ClusterOptions {
  const home = io.env['HOME'] ?? homedir();
  // An empty variable counts as none (XDG Base Directory Specification).
  const orElse = (value: string | undefined, otherwise: string): string =>
    value === undefined || value === '' ? otherwise : value;
  return {
    name,
    dataHome: orElse(io.env['XDG_DATA_HOME'], join(home, '.local', 'share')),
    cacheHome: orElse(io.env['XDG_CACHE_HOME'], join(home, '.cache')),
    toolSources: join(packageRoot(), 'tools'),
    toolFolder: io.env['TENANTRY_TOOLS'] === '' ? undefined : io.env['TENANTRY_TOOLS'],
    env: io.env,
    uid: process.geteuid?.() ?? -1,
    platform: `${process.platform}-${process.arch}`,
    self: io.self ?? [process.execPath],
    run,
    clock: io.clock,
    progress: io.progress,
    signal: io.signal,
  };
}

/** This machine's architecture in the words of images. Throws UserError where no images are made for it. */
export function architecture(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new UserError(`this machine's architecture ${process.arch} is not supported`, 'Use amd64 or arm64.');
}

/** What building images takes from the command line's surroundings. */
export function imageOptions(io: CliIo): ImageOptions {
  const { cacheHome } = localOptions(io);
  return {
    root: packageRoot(),
    cacheDir: join(cacheHome, 'tenantry', 'images'),
    arch: architecture(),
    env: io.env,
    run,
    progress: io.progress,
    signal: io.signal,
  };
}
