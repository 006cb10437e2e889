import type { Box } from './lay-out.ts';

/** A place in a drawing, in pixels from the upper left corner. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve between two boxes: a cubic Bézier curve, and where the words beside it stand. */
interface LinePath {
  readonly start: Point;
  readonly firstControl: Point;
  readonly secondControl: Point;
  readonly end: Point;
  readonly middle: Point;
}

/** Pixels that a curve within a column, or backwards, reaches beyond its boxes. */
const BULGE = 60;

/** From the right side of one box to the left side of the other; within a column, or backwards, around the right. */
export function linePath(from: Box, to: Box): LinePath {
  const isBack = to.x <= from.x;
  const start = { x: from.x + from.width, y: from.y + from.height / 2 };
  const end = { x: isBack ? to.x + to.width : to.x, y: to.y + to.height / 2 };
  const bend = isBack ? BULGE : (end.x - start.x) / 2;
  const secondControl = { x: isBack ? end.x + bend : end.x - bend, y: end.y };
  const x = isBack ? Math.max(start.x, end.x) + bend * 0.75 : (start.x + end.x) / 2;
  return {
    start,
    firstControl: { x: start.x + bend, y: start.y },
    secondControl,
    end,
    middle: { x, y: (start.y + end.y) / 2 },
  };
}
