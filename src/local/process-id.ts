import { readFile } from 'node:fs/promises';
import { codeOf } from '../lib/error-text.ts';

/** One process, told apart from a later one that got the same number. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot at which it started (`/proc/<pid>/stat`, field 22). */
  readonly started: string;
}

/** The process that has this number now; undefined when there is none (or only a zombie is left of it). */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const stat = text === undefined ? undefined : parseStat(text);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X'
    ? undefined
    : { pid, started: stat.started };
}

/** Whether exactly this process still runs. */
export async function isAlive(id: ProcessId): Promise<boolean> {
  return (await identify(id.pid))?.started === id.started;
}

/** State, parent and start of a process from the text of `/proc/<pid>/stat`. The name may hold spaces and parentheses. */
export function parseStat(text: string): { state: string; parent: number; started: string } | undefined {
  const rest = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  // Fields are counted from 1 in proc(5); the first after the name is field 3.
  const [state, parent, started] = [rest[0], rest[1], rest[19]];
  return state === undefined || parent === undefined || started === undefined
    ? undefined
    : { state, parent: Number(parent), started };
}

/** SIGKILL to a process and nobody else; nothing happens when it is gone. */
export async function killHard(id: ProcessId): Promise<void> {
  if (await isAlive(id)) sendSignal(id.pid, 'SIGKILL');
}

/** Sends a signal; a process that is gone already is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
