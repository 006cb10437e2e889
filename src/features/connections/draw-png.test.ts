import { inflateSync, crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { Canvas } from './canvas.ts';
import { drawPng } from './draw-png.ts';
import type { Connection } from './graph.ts';
import { layOut, type Drawing } from './lay-out.ts';
import { pngFile } from './png-file.ts';
import { strokesOf } from './stroke-letters.ts';

interface Picture {
  readonly width: number;
  readonly height: number;
  pixel(x: number, y: number): readonly number[];
}

/** Reads a PNG of the one form that is written, and checks every chunk's sum. */
function read(file: Buffer): Picture {
  expect(file.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks: { readonly type: string; readonly data: Buffer }[] = [];
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 4, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.push({ type: body.subarray(0, 4).toString('latin1'), data: body.subarray(4) });
    at += 12 + length;
  }
  // The sum of the last chunk, which is empty, is the same in every PNG.
  expect(file.subarray(-4).toString('hex')).toBe('ae426082');
  expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks[0]?.data ?? Buffer.alloc(0);
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rows = inflateSync(chunks[1]?.data ?? Buffer.alloc(0));
  expect(rows.length).toBe(height * (1 + 3 * width));
  const at = (x: number, y: number): number => y * (1 + 3 * width) + 1 + 3 * x;
  return { width, height, pixel: (x, y) => [...rows.subarray(at(x, y), at(x, y) + 3)] };
}

describe('pngFile', () => {
  it('holds the picture, pixel by pixel', () => {
    const canvas = new Canvas(3, 2);
    canvas.fillBox({ x: 1, y: 1 }, { x: 9, y: 9 }, [10, 20, 30]);
    const picture = read(pngFile(canvas));

    expect([picture.width, picture.height]).toEqual([3, 2]);
    expect(picture.pixel(0, 1)).toEqual([255, 255, 255]);
    expect(picture.pixel(1, 1)).toEqual([10, 20, 30]);
    expect(picture.pixel(1, 0)).toEqual([255, 255, 255]);
  });
});

describe('Canvas', () => {
  const dark = (canvas: Canvas): number => canvas.pixels.filter((value) => value < 128).length / 3;

  it('draws as much as the pen covers, and nothing outside', () => {
    const canvas = new Canvas(100, 20);
    const line = [
      { x: -50, y: 10 },
      { x: 150, y: 10 },
    ];
    canvas.stroke(line, 4, [0, 0, 0]);

    expect(dark(canvas)).toBe(400);
  });

  it('makes a dot of one point, and nothing of none', () => {
    const canvas = new Canvas(20, 20);
    canvas.stroke([], 4, [0, 0, 0]);
    expect(dark(canvas)).toBe(0);
    canvas.stroke([{ x: 10, y: 10 }], 4, [0, 0, 0]);

    expect(dark(canvas)).toBeGreaterThan(8);
    expect(dark(canvas)).toBeLessThan(20);
  });
});

describe('letters', () => {
  const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/=';

  it('are there for all that names are made of, in their grid, no two alike', () => {
    const drawn = LETTERS.split('').map((letter) => JSON.stringify(strokesOf(letter)));

    expect(new Set([...drawn, JSON.stringify(strokesOf('語'))]).size).toBe(LETTERS.length + 1);
    for (const letter of LETTERS)
      for (const [x, y] of strokesOf(letter).flat()) {
        expect(x >= 0 && x <= 4 && y >= 0 && y <= 9).toBe(true);
      }
  });

  it('are a box where one is not there, and never a property of objects', () => {
    expect(strokesOf('constructor')).toEqual(strokesOf('語'));
  });
});

describe('drawPng', () => {
  const object = (kind: string, name: string): AnyObject => ({ apiVersion: 'v1', kind, metadata: { name } });
  const root = object('Service', 'web');
  const pod = object('Pod', 'web-1');
  const told: readonly Connection[] = [
    { level: 0, object: root, peer: undefined, type: undefined, details: '' },
    { level: 1, object: pod, peer: root, type: 'label', details: 'spec.selector' },
  ];

  it('has boxes and lines where the drawing has them, in their colours', () => {
    const drawing = layOut(told, new Set());
    const { width, height, pixel } = read(drawPng(drawing));
    const [, box] = drawing.boxes;
    const [line] = drawing.lines;
    if (box === undefined || line === undefined) throw new Error('nothing was drawn');
    const between = (line.from.x + line.from.width + line.to.x) / 2;

    expect([width, height]).toEqual([2 * drawing.width, 2 * drawing.height]);
    expect(pixel(2 * box.x + 6, 2 * box.y + 6)).toEqual([0xe0, 0xff, 0xff]);
    expect(pixel(Math.round(2 * between), 2 * line.from.y + line.from.height)).toEqual([0, 0x64, 0]);
    expect(pixel(0, 0)).toEqual([255, 255, 255]);
  });

  it('grows coarser before it grows too large to open', () => {
    const large: Drawing = { width: 20_000, height: 20_000, boxes: [], lines: [] };
    const { width, height } = read(drawPng(large));

    expect(width * height).toBeLessThanOrEqual(24_000_000);
    expect(width).toBeGreaterThan(4_000);
  });
});
