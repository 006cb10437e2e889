import { initWasm, Resvg } from '@resvg/resvg-wasm';
import type { Drawing } from './lay-out.ts';
import { drawSvg } from './draw-svg.ts';

/** Pixels of the picture for one of the drawing: sharp on dense screens. */
const SCALE = 2;
/** Pixels of a picture: what a viewer still opens; larger drawings become coarser. */
const MAX_PIXELS = 24_000_000;

/** What the renderer needs, from `dist`: its WebAssembly, and a font, since machines without a screen have none. */
export interface PngFiles {
  readonly renderer: Uint8Array;
  readonly font: Uint8Array;
}

let ready: Promise<void> | undefined;

/** The drawing as PNG: the SVG, rendered. Takes no program, and no font of the machine. */
export async function drawPng(drawing: Drawing, { renderer, font }: PngFiles): Promise<Uint8Array> {
  // The library takes its WebAssembly once in a process.
  await (ready ??= initWasm(renderer));
  const fits = Math.sqrt(MAX_PIXELS / Math.max(1, drawing.width * drawing.height));
  const picture = new Resvg(drawSvg(drawing), {
    fitTo: { mode: 'zoom', value: Math.min(SCALE, fits) },
    font: { fontBuffers: [font], defaultFontFamily: 'DejaVu Sans' },
  });
  try {
    return picture.render().asPng();
  } finally {
    picture.free();
  }
}
