import { describe, expect, it } from 'vitest';
import { lateBySeconds } from './metrics.ts';

describe('the event loop’s delay', () => {
  it('is what the timer was late, not the interval between two samples', () => {
    expect(lateBySeconds(10_000_000)).toBe(0);
    expect(lateBySeconds(91_000_000)).toBeCloseTo(0.081, 6);
  });

  it('is none for a timer that was a little early', () => {
    expect(lateBySeconds(9_100_000)).toBe(0);
  });
});
