import { readFileSync, readlinkSync } from 'node:fs';

/** Milliseconds of one clock tick: Linux shows a thread's times in hundredths of a second on every architecture. */
const TICK_MS = 10;
/** Fields of `stat` behind the name, which stands in parentheses and may hold spaces: the times in user and in kernel mode. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** Where the kernel tells of the thread that calls this: `<process>/task/<thread>` in /proc. Undefined where there is no such place. */
export function ownThread(): string | undefined {
  try {
    return readlinkSync('/proc/thread-self');
  } catch {
    return undefined;
  }
}

/** Milliseconds that a thread has computed, which is not how long it waited to. Undefined where nobody tells. */
export function threadTime(thread: string | undefined): number | undefined {
  if (thread === undefined) return undefined;
  try {
    return ticksOf(readFileSync(`/proc/${thread}/stat`, 'utf8')) * TICK_MS;
  } catch {
    return undefined;
  }
}

function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
}
