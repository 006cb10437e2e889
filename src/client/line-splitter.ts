import { StringDecoder } from 'node:string_decoder';

const NEWLINE = 0x0a;

/** A line outgrew its limit. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

/**
 * Cuts a stream of bytes into lines (without their end); a last line without an end is given, too, unless it is empty.
 * Characters split over chunks stay whole. Throws LineTooLongError above `maxBytes`, before more is kept in memory.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, start)) {
      if (bytes + (end - start) > maxBytes) throw tooLong(maxBytes);
      parts.push(decoder.write(buffer.subarray(start, end)));
      yield parts.length === 1 ? (parts[0] ?? '') : parts.join('');
      parts = [];
      bytes = 0;
      start = end + 1;
    }
    if (start < buffer.length) {
      bytes += buffer.length - start;
      if (bytes > maxBytes) throw tooLong(maxBytes);
      parts.push(decoder.write(buffer.subarray(start)));
    }
  }
  parts.push(decoder.end());
  const rest = parts.join('');
  if (rest !== '') yield rest;
}

function tooLong(maxBytes: number): LineTooLongError {
  return new LineTooLongError(`a line of the stream is longer than ${maxBytes} bytes`);
}
