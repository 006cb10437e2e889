import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from './line-splitter.ts';

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % Math.max(1, sizes.length)] ?? 1;
    yield await Promise.resolve(bytes.subarray(at, at + size));
    at += size;
  }
}

async function linesOf(text: string, sizes: readonly number[], maxBytes = 1_000_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunksOf(Buffer.from(text), sizes), maxBytes)) lines.push(line);
  return lines;
}

describe('splitLines', () => {
  it('gives the same lines however the bytes are cut, characters of several bytes too', async () => {
    const text = fc.array(
      fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (lines, sizes) => {
          expect(await linesOf(lines.map((line) => `${line}\n`).join(''), sizes)).toEqual(lines);
        },
      ),
    );
  });

  it('gives a last line without an end', async () => {
    expect(await linesOf('a\nb', [2])).toEqual(['a', 'b']);
  });

  it.each([1, 5, 100])('gives up a line that is too long, cut into %i', async (size) => {
    await expect(linesOf(`ok\n${'x'.repeat(11)}\n`, [size], 10)).rejects.toThrow(/longer than 10 bytes/);
    expect(await linesOf(`${'x'.repeat(10)}\n`, [size], 10)).toEqual(['x'.repeat(10)]);
  });
});
