import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { drawPng } from './draw-png.ts';
import type { Connection } from './graph.ts';
import { layOut, type Drawing } from './lay-out.ts';

const { resolve } = createRequire(import.meta.url);
const FILES = {
  renderer: readFileSync(resolve('@resvg/resvg-wasm/index_bg.wasm')),
  font: readFileSync(resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
};
/** Bytes of a pixel: red, green, blue, opacity. */
const BYTES = 4;

interface Picture {
  readonly width: number;
  readonly height: number;
  pixel(x: number, y: number): readonly number[];
}

/** Reads a PNG with red, green, blue and opacity, eight bits each. */
function read(file: Buffer): Picture {
  expect(file.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') expect([...file.subarray(at + 16, at + 18)]).toEqual([8, 6]);
    if (type === 'IDAT') parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const rows = inflateSync(Buffer.concat(parts));
  const line = 1 + BYTES * width;
  expect(rows.length).toBe(height * line);
  for (let y = 0; y < height; y++) unfilter(rows, y * line, line);
  const at = (x: number, y: number): number => y * line + 1 + BYTES * x;
  return { width, height, pixel: (x, y) => [...rows.subarray(at(x, y), at(x, y) + 3)] };
}

/** Puts a row back from what it differs by (PNG specification, 9.2). */
function unfilter(rows: Buffer, start: number, line: number): void {
  const byte = (at: number, isThere: boolean): number => (isThere ? (rows[at] ?? 0) : 0);
  for (let i = 1; i < line; i++) {
    const at = start + i;
    const left = byte(at - BYTES, i > BYTES);
    const up = byte(at - line, start > 0);
    const corner = byte(at - line - BYTES, start > 0 && i > BYTES);
    const guess = [0, left, up, (left + up) >> 1, nearest(left, up, corner)][rows[start] ?? 0] ?? 0;
    rows[at] = ((rows[at] ?? 0) + guess) & 255;
  }
}

function nearest(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

describe('drawPng', () => {
  const object = (kind: string, name: string): AnyObject => ({ apiVersion: 'v1', kind, metadata: { name } });
  const root = object('Service', 'web');
  const pod = object('Pod', 'web-1');
  const told: readonly Connection[] = [
    { level: 0, object: root, peer: undefined, type: undefined, details: '' },
    { level: 1, object: pod, peer: root, type: 'label', details: 'spec.selector' },
  ];

  it('has boxes, lines and letters where the drawing has them, in their colours', async () => {
    const drawing = layOut(told, new Set());
    const { width, height, pixel } = read(Buffer.from(await drawPng(drawing, FILES)));
    const [, box] = drawing.boxes;
    const [line] = drawing.lines;
    if (box === undefined || line === undefined) throw new Error('nothing was drawn');
    const between = (line.from.x + line.from.width + line.to.x) / 2;

    expect([width, height]).toEqual([2 * drawing.width, 2 * drawing.height]);
    expect(pixel(2 * box.x + 6, 2 * box.y + 6)).toEqual([0xe0, 0xff, 0xff]);
    expect(pixel(Math.round(2 * between), 2 * line.from.y + line.from.height)).toEqual([0, 0x64, 0]);
    expect(pixel(0, 0)).toEqual([255, 255, 255]);
    const name = Array.from({ length: 2 * box.width }, (_, x) => pixel(2 * box.x + x, 2 * box.y + 48));
    expect(name.filter(([red = 255]) => red < 64).length).toBeGreaterThan(10);
  });

  it('grows coarser before it grows too large to open', async () => {
    const large: Drawing = { width: 20_000, height: 20_000, boxes: [], lines: [] };
    // The header alone: a hundred million bytes need not be looked at for two numbers.
    const file = Buffer.from(await drawPng(large, FILES));
    const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];

    expect(width * height).toBeLessThanOrEqual(24_010_000);
    expect(width).toBeGreaterThan(4_000);
  });
});
