import { createHash } from 'node:crypto';
import { createGunzip, createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { KeptObject } from './kept-objects.ts';

/** What a snapshot says of itself. */
export type SnapshotHeader = z.infer<typeof headerSchema>;

/** A snapshot that was read whole, and is. */
export interface Snapshot {
  readonly header: SnapshotHeader;
  readonly objects: readonly KeptObject[];
}

const FORMAT = 'tenantry.dev/plane-snapshot/v1';

const headerSchema = z.object({
  format: z.literal(FORMAT),
  /** Name and UID of the plane. */
  plane: z.string(),
  uid: z.string(),
  /** resourceVersion that it shows. */
  revision: z.int(),
  /** RFC 3339. */
  takenAt: z.string(),
});
const lineSchema = z.union([
  z.object({ key: z.string(), value: z.base64(), leased: z.literal(true).optional() }),
  z.object({ sha256: z.string(), objects: z.int() }),
]);

/**
 * The bytes of a snapshot: gzip, in it a line of JSON for the header, one for each object, and a last one with their digest, without
 * which it is not whole.
 */
export function writeSnapshot(
  header: Omit<SnapshotHeader, 'format'>,
  pages: AsyncIterable<readonly KeptObject[]>,
): AsyncIterable<Buffer> {
  async function* lines(): AsyncIterable<string> {
    const digest = createHash('sha256');
    let objects = 0;
    const first = `${JSON.stringify({ format: FORMAT, ...header })}\n`;
    digest.update(first);
    yield first;
    for await (const page of pages) {
      const text = page
        .map(({ key, value, leased }) => {
          const line = { key, value: value.toString('base64'), ...(leased ? { leased } : {}) };
          return `${JSON.stringify(line)}\n`;
        })
        .join('');
      digest.update(text);
      objects += page.length;
      yield text;
    }
    yield `${JSON.stringify({ sha256: digest.digest('hex'), objects })}\n`;
  }
  const source = Readable.from(lines());
  const zipped = createGzip();
  source.on('error', (error) => zipped.destroy(error));
  return source.pipe(zipped);
}

/** Reads a snapshot. Throws Error, with the reason, for what is not a whole one. */
export async function readSnapshot(bytes: AsyncIterable<Buffer>): Promise<Snapshot> {
  const digest = createHash('sha256');
  const objects: KeptObject[] = [];
  let header: SnapshotHeader | undefined;
  let isWhole = false;
  for await (const line of unzippedLines(bytes)) {
    if (header === undefined) {
      header = headerOf(line);
    } else {
      const read = lineSchema.safeParse(parsed(line));
      if (!read.success || isWhole) throw new Error('The file is damaged: a line is none of a snapshot');
      if ('sha256' in read.data) {
        if (read.data.sha256 !== digest.digest('hex') || read.data.objects !== objects.length)
          throw new Error('The file is damaged: its digest is another');
        isWhole = true;
        continue;
      }
      const { key, value, leased } = read.data;
      objects.push({ key, value: Buffer.from(value, 'base64'), leased: leased === true });
    }
    digest.update(`${line}\n`);
  }
  if (header === undefined || !isWhole) throw new Error('The file is not whole: it ends too early');
  return { header, objects };
}

function headerOf(line: string): SnapshotHeader {
  const read = headerSchema.safeParse(parsed(line));
  if (!read.success) throw new Error('The file is no snapshot of a control plane');
  return read.data;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function* unzippedLines(bytes: AsyncIterable<Buffer>): AsyncIterable<string> {
  const source = Readable.from(bytes);
  const unzip = createGunzip();
  source.on('error', (error) => unzip.destroy(error));
  let rest: Buffer[] = [];
  try {
    // True: nobody set an encoding.
    for await (const chunk of source.pipe(unzip) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
        rest = [];
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw new Error('The file is damaged or no snapshot of a control plane', { cause: error });
    throw error;
  }
  if (Buffer.concat(rest).length > 0) throw new Error('The file is not whole: it ends too early');
}
