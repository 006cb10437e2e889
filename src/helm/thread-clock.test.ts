import { describe, expect, it } from 'vitest';
import { threadClock } from './thread-clock.ts';
import { ownThread } from './thread-time.ts';

const wall = { now: () => 42, monotonic: () => 7 };
/** Milliseconds; the kernel may tell of computing in steps of 10. */
const WAIT_MS = 200;

/** Keeps the thread from running, as a machine with other work does: nothing that it asked for. */
function keepWaiting(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
}

describe('the clock of a thread', () => {
  it('stands while the thread does not run', () => {
    const clock = threadClock(wall, ownThread());
    const before = clock.monotonic();
    keepWaiting();

    expect(clock.monotonic() - before).toBeLessThan(WAIT_MS / 2);
    expect(before).toBeGreaterThan(0);
    expect(clock.now()).toBe(42);
  });

  it('goes on by computing', () => {
    const clock = threadClock(wall, ownThread());
    const before = clock.monotonic();
    for (let sum = 0; clock.monotonic() - before < 50; sum += 1) Math.sqrt(sum);

    expect(clock.monotonic()).toBeGreaterThan(before);
  });

  it('goes on by sleeping, so that what sleeps until a time wakes', () => {
    const clock = threadClock(wall, ownThread());
    const before = clock.monotonic();
    clock.sleep(WAIT_MS);

    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(WAIT_MS);
  });

  it('is the wall’s where nobody tells what a thread computed', () => {
    const isTold = 'threadCpuUsage' in process;

    expect(threadClock(wall, undefined).monotonic() === 7).toBe(!isTold);
  });
});
