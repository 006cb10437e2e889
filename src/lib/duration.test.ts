import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

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

describe('a duration for people', () => {
  it.each([
    [0, '0s'],
    [999, '0s'],
    [61_000, '1m1s'],
    [3_600_000, '1h'],
    [3_661_000, '1h1m'],
    [90_061_000, '1d1h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
