import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

describe('FakeClock', () => {
  it('carries a loop of sleeps along with one advance', async () => {
    const clock = new FakeClock();
    const ticks: number[] = [];
    const loop = (async () => {
      for (let i = 0; i < 3; i += 1) {
        await clock.sleep(100);
        ticks.push(clock.monotonic());
      }
    })();

    await clock.advance(300);
    await loop;

    expect(ticks).toEqual([100, 200, 300]);
    expect(clock.pending).toBe(0);
  });

  it('fires in the order due, then in the order set', async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('late'));
    clock.after(10, () => fired.push('first'));
    clock.after(10, () => fired.push('second'));

    await clock.advance(20);

    expect(fired).toEqual(['first', 'second', 'late']);
  });

  it('does not fire what was cancelled, nor what is not due', async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.after(10, () => fired.push('cancelled'))();
    clock.after(11, () => fired.push('too late'));

    await clock.advance(10);

    expect(fired).toEqual([]);
    expect(clock.untilNext).toBe(1);
  });

  it('rejects a sleep with the reason of its signal and forgets the timer', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const sleep = clock.sleep(1000, stop.signal);

    stop.abort(new Error('stopped'));

    await expect(sleep).rejects.toThrow('stopped');
    expect(clock.pending).toBe(0);
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow('stopped');
  });
});
