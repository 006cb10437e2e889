import { describe, expect, it } from 'vitest';
import { describeHidden } from './hidden-kinds.ts';

describe('describeHidden', () => {
  it.each([
    [['b', 'a'], 'a, b'],
    [['g', 'f', 'e', 'd', 'c', 'b', 'a'], 'a, b, c, d, e, f and 1 more kind'],
    [['h', 'g', 'f', 'e', 'd', 'c', 'b', 'a'], 'a, b, c, d, e, f and 2 more kinds'],
  ])('of %j is “%s”', (kinds, text) => {
    expect(describeHidden(kinds)).toBe(text);
  });
});
