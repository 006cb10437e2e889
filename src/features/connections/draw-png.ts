import { Canvas, colourOf, type Colour } from './canvas.ts';
import { captionOf, COLOURS, EDGE, fillOf } from './draw-svg.ts';
import type { Box, Drawing, Line } from './lay-out.ts';
import { linePath, pointsOf, type Point } from './line-path.ts';
import { pngFile } from './png-file.ts';
import { ADVANCE, BASE, strokesOf } from './stroke-letters.ts';

/** Pixels of the picture for one of the drawing: sharp on dense screens. */
const SCALE = 2;
/** Pixels of a picture: what a viewer still opens; larger drawings become coarser. */
const MAX_PIXELS = 24_000_000;
/** Straight pieces of a curve; more are not seen. */
const PIECES = 24;
/** Heights of a letter's grid: names, and the words beside lines. */
const NAME = 1.05;
const CAPTION = 0.8;
const BLACK: Colour = [0, 0, 0];

/** The drawing as PNG, without any program or font. */
export function drawPng(drawing: Drawing): Buffer {
  const fits = Math.sqrt(MAX_PIXELS / Math.max(1, drawing.width * drawing.height));
  const scale = Math.min(SCALE, fits);
  const canvas = new Canvas(
    Math.max(1, Math.floor(drawing.width * scale)),
    Math.max(1, Math.floor(drawing.height * scale)),
  );
  const pen = { canvas, scale };
  for (const line of drawing.lines) drawLine(pen, line);
  for (const box of drawing.boxes) drawBox(pen, box);
  return pngFile(canvas);
}

/** The canvas, and how many of its pixels one of the drawing is. */
interface Pen {
  readonly canvas: Canvas;
  readonly scale: number;
}

function drawLine(pen: Pen, { from, to, type, words }: Line): void {
  const path = linePath(from, to);
  const colour = colourOf(COLOURS[type]);
  stroke(pen, pointsOf(path, PIECES), 1.2, colour);
  const { x, y } = path.middle;
  write(pen, captionOf(type, words), { x, y: y - 3 }, { size: CAPTION, thickness: 0.8, colour });
}

function drawBox(pen: Pen, { x, y, width, height, kind, name }: Box): void {
  const { canvas, scale } = pen;
  const corner = { x: x * scale, y: y * scale };
  const opposite = { x: (x + width) * scale, y: (y + height) * scale };
  canvas.fillBox(corner, opposite, colourOf(fillOf(kind)));
  const edge = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
    { x, y },
  ];
  stroke(pen, edge, 1, colourOf(EDGE));
  const middle = x + width / 2;
  write(pen, kind, { x: middle, y: y + 14 }, { size: NAME, thickness: 1.4, colour: BLACK });
  write(pen, name, { x: middle, y: y + 28 }, { size: NAME, thickness: 0.9, colour: BLACK });
}

interface Hand {
  /** Pixels of one step of the letters' grid. */
  readonly size: number;
  readonly thickness: number;
  readonly colour: Colour;
}

/** Writes a text whose middle stands at a place, on it. */
function write(pen: Pen, text: string, at: Point, { size, thickness, colour }: Hand): void {
  const letters = text.split('');
  const left = at.x - ((letters.length * ADVANCE - 2) * size) / 2;
  for (const [index, letter] of letters.entries())
    for (const one of strokesOf(letter)) {
      const points = one.map(([x, y]) => ({
        x: left + (index * ADVANCE + x) * size,
        y: at.y - (y - BASE) * size,
      }));
      stroke(pen, points, thickness, colour);
    }
}

function stroke({ canvas, scale }: Pen, points: readonly Point[], thickness: number, colour: Colour): void {
  const scaled = points.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
  canvas.stroke(scaled, thickness * scale, colour);
}
