import { spawn } from 'node:child_process';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { ClusterPaths } from './cluster-paths.ts';
import { descriptorOf, listenLocally, parseTarget, targetText, type Target } from './dial.ts';
import { LocalError } from './local-error.ts';
import { identify, isAlive, type ProcessId } from './process-id.ts';

/** A port of the machine that leads into the cluster, kept open by a process in the background. */
export interface Forward {
  readonly target: Target;
  readonly port: number;
  readonly process: ProcessId;
}

const record = z.object({
  target: z.string(),
  port: z.number().int(),
  process: z.object({ pid: z.number().int(), started: z.string() }),
});

/** All recorded forwards, also those whose process has ended. */
export async function readForwards(paths: ClusterPaths): Promise<readonly Forward[]> {
  const names = await readdir(paths.forwards).catch(() => []);
  const texts = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFile(join(paths.forwards, name), 'utf8')),
  );
  return texts.map((text) => {
    const { target, port, process } = record.parse(JSON.parse(text));
    return { target: parseTarget(target), port, process };
  });
}

/**
 * A port of 127.0.0.1 that leads to an address in the cluster until the cluster goes down. The one that is open already
 * is answered again; `port` 0 takes any free one.
 */
export async function keepForward(
  paths: ClusterPaths,
  target: Target,
  options: { readonly port: number; readonly self: readonly string[] },
): Promise<Forward> {
  for (const forward of await readForwards(paths)) {
    if (targetText(forward.target) !== targetText(target)) continue;
    const wanted = options.port === 0 || options.port === forward.port;
    if (wanted && (await isAlive(forward.process))) return forward;
    if (wanted) await rm(fileOf(paths, forward.port), { force: true });
  }
  const server = createServer();
  const port = await listenLocally(server, options.port);
  const [program = '', ...words] = options.self;
  const child = spawn(
    program,
    [
      ...words,
      'cluster',
      'carry',
      '--listen-fd=3',
      `--target=${targetText(target)}`,
      `--dial-socket=${paths.dialSocket}`,
    ],
    {
      detached: true,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'ignore', descriptorOf(server)],
    },
  );
  child.unref();
  server.close();
  const process = child.pid === undefined ? undefined : await identify(child.pid);
  if (process === undefined)
    throw new LocalError(`the forward to ${targetText(target)} did not start`, 'Run the command again.');
  const draft = `${fileOf(paths, port)}.draft`;
  await writeFile(draft, JSON.stringify({ target: targetText(target), port, process }));
  await rename(draft, fileOf(paths, port));
  return { target, port, process };
}

function fileOf(paths: ClusterPaths, port: number): string {
  return join(paths.forwards, `${port}.json`);
}
