import { describe, expect, it } from 'vitest';
import { WASM_PAGE, withMemoryLimit } from './wasm-memory.ts';
import { compileWasm, instantiateWasm, type WasmMemory } from './webassembly.ts';

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** A module with one memory of 2 pages, exported as `m`. */
const MODULE = Uint8Array.from([...HEADER, 5, 3, 1, 0, 2, 7, 5, 1, 1, 0x6d, 2, 0]);

describe('withMemoryLimit', () => {
  it('bounds the growth of the memory of a module', async () => {
    const instance = await instantiateWasm(await compileWasm(withMemoryLimit(MODULE, 300 * WASM_PAGE)), {});
    // The module's one export.
    const memory = instance.exports['m'] as WasmMemory & { grow(pages: number): number };

    expect(memory.buffer.byteLength).toBe(2 * WASM_PAGE);
    expect(memory.grow(298)).toBe(2);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it('replaces a maximum that is there', async () => {
    const twice = withMemoryLimit(withMemoryLimit(MODULE, 100 * WASM_PAGE), 10 * WASM_PAGE);
    const instance = await instantiateWasm(await compileWasm(twice), {});
    const memory = instance.exports['m'] as WasmMemory & { grow(pages: number): number };

    expect(() => memory.grow(9)).toThrow(RangeError);
  });

  it.each([
    ['less than the module starts with', MODULE, WASM_PAGE, /starts with/],
    ['a file without a memory', Uint8Array.from(HEADER), 10 * WASM_PAGE, /build it again/],
    ['a damaged file', Uint8Array.from([...HEADER, 5, 255, 255, 255, 255, 255, 255]), WASM_PAGE, /damaged/],
  ])('refuses %s', (_name, module, bytes, message) => {
    expect(() => withMemoryLimit(module, bytes)).toThrow(message);
  });
});
