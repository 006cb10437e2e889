import { concat } from '../lib/concat.ts';
/** Bytes of one page of WebAssembly memory. */
export const WASM_PAGE = 65_536;

const HEADER = 8;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/**
 * The same module with a memory that cannot grow above `bytes`: a program that wants more gets none and ends itself.
 * Compilers leave the maximum out, and a memory that a module defines for itself cannot be bounded from outside; so the
 * one number is written into the memory section. Fails when the file is no WebAssembly module of that shape or needs more at its start.
 */
export function withMemoryLimit(wasm: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  const pages = Math.floor(bytes / WASM_PAGE);
  let offset = HEADER;
  while (offset < wasm.length) {
    const start = offset;
    const id = wasm[offset];
    const size = readLeb(wasm, offset + 1);
    offset = size.next + size.value;
    if (id !== MEMORY_SECTION) continue;
    const count = readLeb(wasm, size.next);
    const minimum = readLeb(wasm, count.next + 1);
    if (count.value !== 1 || (wasm[count.next] ?? 0) > HAS_MAXIMUM)
      throw new Error('helm engine: the module must have exactly one plain memory');
    if (minimum.value > pages)
      throw new Error(
        `helm engine: a memory limit of ${pages} pages is less than the ${minimum.value} that the engine starts with`,
      );
    const body = [1, HAS_MAXIMUM, ...writeLeb(minimum.value), ...writeLeb(pages)];
    return concat([
      wasm.subarray(0, start),
      Uint8Array.of(MEMORY_SECTION, ...writeLeb(body.length), ...body),
      wasm.subarray(offset),
    ]);
  }
  throw new Error('helm engine: the file is no WebAssembly module with a memory of its own; build it again');
}

/** An unsigned LEB128 number, the way WebAssembly writes all its sizes. */
function readLeb(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  throw new Error('helm engine: the file is damaged (a size has more than five bytes); build it again');
}

function writeLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
