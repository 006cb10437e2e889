import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { KeptObject } from './kept-objects.ts';
import { readSnapshot, writeSnapshot } from './snapshot-file.ts';

const HEADER = { plane: 'a', uid: 'u', revision: 12, takenAt: '2026-01-01T00:00:00.000Z' };
const OBJECTS: readonly KeptObject[] = [
  { key: '/registry/a', value: Buffer.from([0, 255, 10, 13, 0]), leased: false },
  { key: '/registry/ö', value: Buffer.alloc(0), leased: true },
  { key: '/registry/c', value: Buffer.alloc(200_000, 10), leased: false },
];

async function* pagesOf(...pages: readonly (readonly KeptObject[])[]) {
  yield* pages;
}
async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
async function* inChunks(bytes: Buffer, size = 1000): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const written = (): Promise<Buffer> =>
  bytesOf(writeSnapshot(HEADER, pagesOf(OBJECTS.slice(0, 1), [], OBJECTS.slice(1))));

describe('a snapshot file', () => {
  it('holds the very bytes', async () => {
    const { header, objects } = await readSnapshot(inChunks(await written(), 7));

    expect(header).toMatchObject(HEADER);
    expect(objects).toEqual(OBJECTS);
  });

  it('is refused where it ends too early, wherever that is', async () => {
    const text = gunzipSync(await written()).toString();
    const lines = text.split('\n').slice(0, -1);
    for (let count = 0; count < lines.length; count += 1) {
      const cut = gzipSync(
        lines
          .slice(0, count)
          .map((line) => `${line}\n`)
          .join(''),
      );
      await expect(readSnapshot(inChunks(cut))).rejects.toThrow(/not whole/);
    }
    await expect(readSnapshot(inChunks(gzipSync(text.slice(0, -1))))).rejects.toThrow(/not whole/);
    await expect(readSnapshot(inChunks((await written()).subarray(0, -20)))).rejects.toThrow(/damaged/);
  });

  it('is refused where a byte is another', async () => {
    const text = gunzipSync(await written()).toString();
    const changed = text.replace('"/registry/a"', '"/registry/b"');

    await expect(readSnapshot(inChunks(gzipSync(changed)))).rejects.toThrow(/digest is another/);
  });

  it.each([
    ['a text', Buffer.from('hello')],
    ['another archive', gzipSync('{"kind":"Pod"}\n')],
    ['an archive of lines that are no JSON', gzipSync('a\nb\n')],
  ])('is not %s', async (_what, bytes) => {
    await expect(readSnapshot(inChunks(bytes))).rejects.toThrow(/no snapshot/);
  });

  it('hands on why it could not be written', async () => {
    async function* broken(): AsyncIterable<readonly KeptObject[]> {
      yield OBJECTS;
      throw new Error('the store went away');
    }
    await expect(bytesOf(writeSnapshot(HEADER, broken()))).rejects.toThrow('the store went away');
  });
});
