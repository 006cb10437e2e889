import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { descriptorOf, listenLocally } from '../../local/dial.ts';
import { identify, isAlive, sendSignal, type ProcessId } from '../../local/process-id.ts';
import { UserError, type CliIo } from '../cli-io.ts';

/** A process in the background that keeps a port open to a virtual cluster. */
interface Kept {
  readonly port: number;
  readonly process: ProcessId;
}

const record = z.object({
  port: z.number().int(),
  process: z.object({ pid: z.number().int(), started: z.string() }),
});

/** Which verb of ours serves the port that it inherits. */
export const SERVE_VERB = 'serve-forward';
export const LISTEN_FD = 3;

/** What a forward in the background is started with. */
export interface BackgroundForward {
  /** Name of the context that it belongs to. */
  readonly context: string;
  /** 0: any free port. */
  readonly port: number;
  /** What the verb is told. */
  readonly words: readonly string[];
}

/** Starts a process that outlives this one and keeps a port of 127.0.0.1 open; the one that serves the context already is answered again. */
export async function keepForward(
  io: CliIo,
  { context, port: wanted, words }: BackgroundForward,
): Promise<number> {
  const before = await readKept(io, context);
  if (before !== undefined && (await isAlive(before.process))) {
    if (wanted === 0 || wanted === before.port) return before.port;
    sendSignal(before.process.pid, 'SIGTERM');
  }
  const server = createServer();
  const port = await listenLocally(server, wanted);
  const [program = '', ...first] = io.self ?? [];
  const child = spawn(program, [...first, 'vcluster', SERVE_VERB, `--listen-fd=${LISTEN_FD}`, ...words], {
    detached: true,
    cwd: io.cwd,
    env: io.env,
    stdio: ['ignore', 'ignore', 'ignore', descriptorOf(server)],
  });
  child.unref();
  server.close();
  const process = child.pid === undefined ? undefined : await identify(child.pid);
  if (process === undefined)
    throw new UserError(
      'the port-forward did not start',
      'Leave --background-proxy out, or run the command again.',
    );
  const file = fileOf(io, context);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(`${file}.draft`, JSON.stringify({ port, process }));
  await rename(`${file}.draft`, file);
  return port;
}

/** The port of this machine that a process in the background serves for a context; undefined: there is none. */
export async function keptPort(io: CliIo, context: string): Promise<number | undefined> {
  const kept = await readKept(io, context);
  return kept !== undefined && (await isAlive(kept.process)) ? kept.port : undefined;
}

/** Ends the process that serves a context, if there is one. */
export async function endForward(io: CliIo, context: string): Promise<void> {
  const kept = await readKept(io, context);
  if (kept === undefined) return;
  if (await isAlive(kept.process)) sendSignal(kept.process.pid, 'SIGTERM');
  await rm(fileOf(io, context), { force: true });
}

async function readKept(io: CliIo, context: string): Promise<Kept | undefined> {
  const text = await readFile(fileOf(io, context), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : record.parse(JSON.parse(text));
}

/** Names of contexts may hold anything. */
function fileOf({ env }: CliIo, context: string): string {
  const home = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/', '.local/state');
  return join(home, 'tenantry/vcluster', `${createHash('sha256').update(context).digest('hex')}.json`);
}
