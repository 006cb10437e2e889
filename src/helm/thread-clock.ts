import process from 'node:process';
import { threadTime } from './thread-time.ts';

/** The time of a program that runs in one thread. */
export interface ThreadClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that the thread computed or slept on its own account, from some moment on. Never zero, never back. */
  monotonic(): number;
  /** Holds the thread up. */
  sleep(ms: number): void;
}

/** Node 24 has it; the declarations are those of the oldest Node that we support. Microseconds. */
interface WithThreadCpu {
  readonly threadCpuUsage?: () => { readonly user: number; readonly system: number };
}

/** What a clock starts with: Go takes zero for a clock that does not work. */
const START_MS = 1;

/**
 * The clock of the thread that calls this, by what it computes. Go's garbage collector stops working once it believes that it took half
 * of the last seconds: by the wall's clock it does so while the thread is kept from running, and then the next rendering, however
 * small, grows until the memory's hard limit and is blamed for it. `thread` as `ownThread` tells it; where nobody tells how long
 * a thread has computed, the wall's clock has to do.
 */
export function threadClock(
  wall: { now(): number; monotonic(): number },
  thread: string | undefined,
): ThreadClock {
  const computed = computedBy(thread);
  let slept = 0;
  return {
    now: () => wall.now(),
    monotonic: () => (computed === undefined ? wall.monotonic() : START_MS + computed() + slept),
    sleep: (ms) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      slept += ms;
    },
  };
}

/** Milliseconds that this thread has computed: exactly where Node tells, else in the kernel's steps of 10 ms. */
function computedBy(thread: string | undefined): (() => number) | undefined {
  const { threadCpuUsage } = process as WithThreadCpu;
  if (threadCpuUsage !== undefined)
    return () => {
      const { user, system } = threadCpuUsage();
      return (user + system) / 1000;
    };
  if (threadTime(thread) === undefined) return undefined;
  let last = 0;
  return () => (last = threadTime(thread) ?? last);
}
