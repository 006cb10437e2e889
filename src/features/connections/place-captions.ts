import type { Box, Line } from './lay-out.ts';
import { linePath } from './line-path.ts';

/** Words beside a line: where they stand, and which end of them stands there. */
export interface Caption {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
}

/** Pixels between a box and the words, and above the line. */
const BESIDE = 6;
const ABOVE = 3;
/** Pixels of a line of words. */
const ROW = 10;

/**
 * Places the words of each line at the end where fewer lines meet: what fans out from one box is told at the others, what meets in one box at
 * where it comes from. Words that would lie over others stand above them; the same words of one place are said once (undefined for the others).
 */
export function placeCaptions(
  lines: readonly Line[],
  wordsOf: (line: Line) => string,
): ReadonlyMap<Line, Caption | undefined> {
  const leaving = countBy(lines, ({ from }) => from);
  const arriving = countBy(lines, ({ to }) => to);
  const taken = new Map<string, string[]>();
  return new Map(
    lines.map((line) => {
      const isFan = (leaving.get(line.from) ?? 0) >= (arriving.get(line.to) ?? 0);
      const place = placeOf(line, isFan);
      const key = `${place.x} ${place.y}`;
      const there = taken.get(key) ?? [];
      const words = wordsOf(line);
      if (there.includes(words)) return [line, undefined];
      taken.set(key, [...there, words]);
      return [line, { ...place, y: place.y - there.length * ROW }];
    }),
  );
}

function placeOf({ from, to }: Line, atEnd: boolean): Caption {
  const { start, end, middle } = linePath(from, to);
  // A line that goes around the right has room there only.
  if (to.x <= from.x) return { x: middle.x, y: middle.y - ABOVE, anchor: 'middle' };
  return atEnd
    ? { x: end.x - BESIDE, y: end.y - ABOVE, anchor: 'end' }
    : { x: start.x + BESIDE, y: start.y - ABOVE, anchor: 'start' };
}

function countBy(lines: readonly Line[], boxOf: (line: Line) => Box): ReadonlyMap<Box, number> {
  const counts = new Map<Box, number>();
  for (const line of lines) counts.set(boxOf(line), (counts.get(boxOf(line)) ?? 0) + 1);
  return counts;
}
