import { describe, expect, it } from 'vitest';
import type { Box, Line } from './lay-out.ts';
import { placeCaptions } from './place-captions.ts';

const box = (x: number, y: number): Box => ({ x, y, width: 50, height: 20, kind: 'Pod', name: 'p' });
const line = (from: Box, to: Box, words = 'why'): Line => ({ from, to, type: 'label', words });
const place = (lines: readonly Line[]) => {
  const places = placeCaptions(lines, ({ words }) => words);
  return lines.map((one) => places.get(one));
};

const LEFT = box(0, 0);
const BELOW = box(0, 100);
const RIGHT = box(200, 0);
const RIGHT_BELOW = box(200, 100);

describe('placeCaptions', () => {
  it('tells what fans out at its ends', () => {
    expect(place([line(LEFT, RIGHT), line(LEFT, RIGHT_BELOW)])).toEqual([
      { x: 194, y: 7, anchor: 'end' },
      { x: 194, y: 107, anchor: 'end' },
    ]);
  });

  it('tells what meets in one box where it comes from', () => {
    expect(place([line(LEFT, RIGHT), line(BELOW, RIGHT)])).toEqual([
      { x: 56, y: 7, anchor: 'start' },
      { x: 56, y: 107, anchor: 'start' },
    ]);
  });

  it('says the same words of one place once, and others above', () => {
    expect(place([line(LEFT, RIGHT, 'a'), line(LEFT, RIGHT, 'b'), line(LEFT, RIGHT, 'a')])).toEqual([
      { x: 194, y: 7, anchor: 'end' },
      { x: 194, y: -3, anchor: 'end' },
      undefined,
    ]);
  });

  it('tells a line within a column right of it', () => {
    expect(place([line(LEFT, BELOW)])).toEqual([{ x: 95, y: 57, anchor: 'middle' }]);
  });
});
