import { describe, expect, it } from 'vitest';
import { createLimit, mapLimit } from './limit.ts';

/** Tasks that the test ends by hand, and how many ran at once. */
function gate(): {
  task: () => Promise<void>;
  open: () => Promise<void>;
  running: () => number;
  peak: () => number;
} {
  const release: (() => void)[] = [];
  let running = 0;
  let peak = 0;
  return {
    task: async () => {
      running += 1;
      peak = Math.max(peak, running);
      await new Promise<void>((resolve) => release.push(resolve));
      running -= 1;
    },
    open: async () => {
      release.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
    running: () => running,
    peak: () => peak,
  };
}

describe('createLimit', () => {
  it('never runs more than it may and gets through everything', async () => {
    const g = gate();
    const limit = createLimit(2);

    const all = Promise.all(Array.from({ length: 5 }, () => limit(g.task)));
    for (let i = 0; i < 5; i += 1) await g.open();
    await all;

    expect(g.peak()).toBe(2);
    expect(g.running()).toBe(0);
  });

  it('gives the place of a failed task to the next one', async () => {
    const limit = createLimit(1);

    const failed = limit(() => Promise.reject(new Error('no')));
    const after = limit(() => Promise.resolve('yes'));

    await expect(failed).rejects.toThrow('no');
    await expect(after).resolves.toBe('yes');
  });

  it('refuses a limit that would never run anything', () => {
    expect(() => createLimit(0)).toThrow(RangeError);
  });
});

describe('mapLimit', () => {
  it('keeps the order of the items', async () => {
    const result = await mapLimit([3, 1, 2], 2, (n, i) => Promise.resolve(`${i}:${n}`));

    expect(result).toEqual(['0:3', '1:1', '2:2']);
  });

  it('begins nothing more after a failure and throws it', async () => {
    const begun: number[] = [];

    const work = mapLimit([1, 2, 3, 4], 1, (n) => {
      begun.push(n);
      return n === 2 ? Promise.reject(new Error('two')) : Promise.resolve(n);
    });

    await expect(work).rejects.toThrow('two');
    expect(begun).toEqual([1, 2]);
  });
});
