import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { identify, isAlive, type ProcessId } from './process-id.ts';
import { codeOf } from '../lib/error-text.ts';

/** How often a waiting process looks whether the lock is free. */
const LOOK_MS = 100;

/** Takings by this process so far; with its number, the name of a file that no other taking has. */
let takings = 0;

/** What holding a lock needs. */
export interface LockOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Called once, before waiting for another process. */
  readonly onWait?: (holder: number) => void;
}

/**
 * Runs `work` while no other process on this machine holds the lock file `path`. A holder that was killed does not
 * block: the file says who holds it. Not re-entrant.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const own = JSON.stringify(await identify(process.pid));
  let told = false;
  while (!(await take(path, own))) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const holder = parseHolder(text);
    if (text !== '' && (holder === undefined || !(await isAlive(holder)))) {
      await removeStale(path, text);
      continue;
    }
    if (!told && holder !== undefined) options.onWait?.(holder.pid);
    told = true;
    await options.clock.sleep(LOOK_MS, options.signal);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Made complete under another name and then linked: nobody ever reads a half-written holder. */
async function take(path: string, own: string): Promise<boolean> {
  takings += 1;
  const draft = `${path}.${process.pid}.${takings}`;
  await writeFile(draft, own);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Takes a dead holder's file away; if a living one took its place in between, that one is put back. */
async function removeStale(path: string, expected: string): Promise<void> {
  takings += 1;
  const aside = `${path}.${process.pid}.${takings}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return; // somebody else was quicker
  }
  if ((await readFile(aside, 'utf8').catch(() => expected)) !== expected)
    await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function parseHolder(text: string): ProcessId | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('started' in value))
      return undefined;
    return typeof value.pid === 'number' && typeof value.started === 'string'
      ? { pid: value.pid, started: value.started }
      : undefined;
  } catch {
    return undefined;
  }
}
