import type { Point } from './line-path.ts';

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** `#1a2b3c` as numbers. */
export const colourOf = (hex: string): Colour =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour; // true: three numbers

/** A picture that is drawn on: three bytes a pixel, row by row from above, white at first. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * 3).fill(255);
  }

  /** Fills whole pixels. */
  fillBox(from: Point, to: Point, colour: Colour): void {
    for (let y = Math.max(0, Math.round(from.y)); y < Math.min(this.height, Math.round(to.y)); y += 1)
      for (let x = Math.max(0, Math.round(from.x)); x < Math.min(this.width, Math.round(to.x)); x += 1)
        this.#mix(x, y, colour, 1);
  }

  /** Draws along a chain of points with a round pen; its edge is mixed with what is there, so that slanted lines have no steps. */
  stroke(points: readonly Point[], thickness: number, colour: Colour): void {
    const [first] = points;
    if (first === undefined) return;
    let before = first;
    for (const point of points.length === 1 ? points : points.slice(1)) {
      this.#segment(before, point, thickness / 2, colour);
      before = point;
    }
  }

  #segment(from: Point, to: Point, radius: number, colour: Colour): void {
    const reach = radius + 1;
    const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
    const right = Math.min(this.width - 1, Math.ceil(Math.max(from.x, to.x) + reach));
    const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
    const bottom = Math.min(this.height - 1, Math.ceil(Math.max(from.y, to.y) + reach));
    for (let y = top; y <= bottom; y += 1)
      for (let x = left; x <= right; x += 1) {
        // How far the middle of the pixel is from the line says how much of it is covered.
        const covered = radius + 0.5 - distance({ x: x + 0.5, y: y + 0.5 }, from, to);
        if (covered > 0) this.#mix(x, y, colour, Math.min(1, covered));
      }
  }

  #mix(x: number, y: number, colour: Colour, part: number): void {
    const at = (y * this.width + x) * 3;
    for (let channel = 0; channel < 3; channel += 1) {
      const there = this.pixels[at + channel] ?? 0;
      this.pixels[at + channel] = Math.round(there + ((colour[channel] ?? 0) - there) * part);
    }
  }
}

/** From a point to the nearest of a straight line between two others. */
function distance(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(point.x - from.x - t * dx, point.y - from.y - t * dy);
}
