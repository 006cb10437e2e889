/** What a frame is for (RFC 6455, 5.2). */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Bytes of a message that we take: the API server sends what it read at once, which is some kilobytes. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const FINAL = 0x80;
const MASKED = 0x80;
const OPCODE_BITS = 0x0f;
const LENGTH_BITS = 0x7f;
/** Lengths up to 125 stand in the second byte; these say that two or eight bytes follow. */
const LENGTH_IN_2 = 126;
const LENGTH_IN_8 = 127;
const MAX_IN_2 = 0xffff;
const MASK_BYTES = 4;

/** A whole message, its fragments put together. */
export interface WebSocketMessage {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** One frame with a whole message. What a client sends is masked by four bytes, what a server sends is not. */
export function frameOf(opcode: number, payload: Buffer, mask?: Buffer): Buffer {
  const isMasked = mask === undefined ? 0 : MASKED;
  const { length } = payload;
  const short = length < LENGTH_IN_2;
  const head = Buffer.alloc(short ? 2 : length <= MAX_IN_2 ? 4 : 10);
  head[0] = FINAL | opcode;
  head[1] = isMasked | (short ? length : length <= MAX_IN_2 ? LENGTH_IN_2 : LENGTH_IN_8);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return mask === undefined
    ? Buffer.concat([head, payload])
    : Buffer.concat([head, mask, masked(payload, mask)]);
}

function masked(payload: Buffer, mask: Buffer): Buffer {
  const out = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i++) out[i] = (payload[i] ?? 0) ^ (mask[i % MASK_BYTES] ?? 0);
  return out;
}

/** Makes messages out of bytes as they come. Control frames may stand between the fragments of a message. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #begun: { readonly opcode: number; readonly parts: readonly Buffer[] } | undefined;

  /** The messages that these bytes complete. Throws Error for what no WebSocket sends, or is too long. */
  push(bytes: Buffer): readonly WebSocketMessage[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const messages: WebSocketMessage[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return messages;
      const message = this.#joined(frame.opcode, frame.isFinal, frame.payload);
      if (message !== undefined) messages.push(message);
    }
  }

  #next(): { readonly opcode: number; readonly isFinal: boolean; readonly payload: Buffer } | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const [first = 0, second = 0] = rest;
    const said = second & LENGTH_BITS;
    const lengthEnd = said === LENGTH_IN_8 ? 10 : said === LENGTH_IN_2 ? 4 : 2;
    if (rest.length < lengthEnd) return undefined;
    const length =
      said === LENGTH_IN_8
        ? Number(rest.readBigUInt64BE(2))
        : said === LENGTH_IN_2
          ? rest.readUInt16BE(2)
          : said;
    if (length > MAX_MESSAGE_BYTES) throw new Error(`a WebSocket message of ${length} bytes is too long`);
    const isMasked = (second & MASKED) !== 0;
    const begin = lengthEnd + (isMasked ? MASK_BYTES : 0);
    if (rest.length < begin + length) return undefined;
    const payload = rest.subarray(begin, begin + length);
    this.#rest = rest.subarray(begin + length);
    return {
      opcode: first & OPCODE_BITS,
      isFinal: (first & FINAL) !== 0,
      payload: isMasked ? masked(payload, rest.subarray(lengthEnd, begin)) : payload,
    };
  }

  #joined(opcode: number, isFinal: boolean, payload: Buffer): WebSocketMessage | undefined {
    if (opcode >= OPCODES.close) return { opcode, payload };
    const begun = opcode === OPCODES.continuation ? this.#begun : { opcode, parts: [] };
    if (begun === undefined) throw new Error('a WebSocket fragment continues no message');
    const parts = [...begun.parts, payload];
    if (parts.reduce((sum, part) => sum + part.length, 0) > MAX_MESSAGE_BYTES)
      throw new Error('a WebSocket message is too long');
    this.#begun = isFinal ? undefined : { opcode: begun.opcode, parts };
    return isFinal ? { opcode: begun.opcode, payload: Buffer.concat(parts) } : undefined;
  }
}
