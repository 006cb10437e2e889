import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

describe('backoffMs', () => {
  it('doubles from the base and stops at the cap', () => {
    const waits = [1, 2, 3, 4, 5].map((failures) => backoffMs(failures, { baseMs: 100, maxMs: 500 }));

    expect(waits).toEqual([100, 200, 400, 500, 500]);
  });

  it('stays between the unjittered wait and its jittered floor, also after very many failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, r) => {
          const wait = backoffMs(n, { baseMs: 5, maxMs: 60_000 }, () => r);
          expect(wait).toBeGreaterThanOrEqual(4);
          expect(wait).toBeLessThanOrEqual(60_000);
        },
      ),
    );
  });
});
