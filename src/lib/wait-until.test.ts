import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { waitUntil } from './wait-until.ts';

/** Answers nothing to the first `looks` looks. */
function late(looks: number): { probe: () => Promise<string | undefined>; seen: () => number } {
  let seen = 0;
  return { probe: () => Promise.resolve(seen++ < looks ? undefined : 'there'), seen: () => seen };
}

describe('waitUntil', () => {
  it('answers at once what is there already', async () => {
    const answer = await waitUntil(late(0).probe, { clock: new FakeClock(), within: 100, every: 10 });

    expect(answer).toBe('there');
  });

  it('looks again after each pause until there is an answer', async () => {
    const clock = new FakeClock();
    const { probe, seen } = late(3);
    const answer = waitUntil(probe, { clock, within: 100, every: 10 });

    await clock.advance(30);

    expect(await answer).toBe('there');
    expect(seen()).toBe(4);
  });

  it('gives up when the time is over, after a last look', async () => {
    const clock = new FakeClock();
    const { probe, seen } = late(1000);
    const answer = waitUntil(probe, { clock, within: 100, every: 10 });

    await clock.advance(100);

    expect(await answer).toBeUndefined();
    expect(seen()).toBe(11);
  });

  it('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const answer = waitUntil(late(1000).probe, {
      clock: new FakeClock(),
      within: 100,
      every: 10,
      signal: abort.signal,
    });

    abort.abort(new Error('enough'));

    await expect(answer).rejects.toThrow('enough');
  });
});
