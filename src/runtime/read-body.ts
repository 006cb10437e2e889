import type { IncomingMessage } from 'node:http';

/** Reads a request's body as text; undefined if it has more than `maxBytes`. Rejects when the connection breaks. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    // An IncomingMessage without an encoding yields bytes.
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
