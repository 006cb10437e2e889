import { describe, expect, it } from 'vitest';
import { parseDuration } from './duration.ts';

describe('a duration', () => {
  it.each([
    ['14d', 14 * 86_400_000],
    ['36h', 36 * 3_600_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4s', 93_784_000],
    ['0s', 0],
  ])('%s is read', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '14', 'd', '1w', '1m2h', '-1h', '1.5h', ' 1h', '1h1h'])('%j is none', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});
