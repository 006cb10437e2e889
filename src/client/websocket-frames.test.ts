import { describe, expect, it } from 'vitest';
import { FrameReader, frameOf, OPCODES } from './websocket-frames.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** The examples of RFC 6455, 5.7. */
const HELLO = hex('81 05 48 65 6c 6c 6f');
const HELLO_MASKED = hex('81 85 37 fa 21 3d 7f 9f 4d 51 58');

describe('a frame', () => {
  it('is written as the standard shows it', () => {
    expect(frameOf(OPCODES.text, Buffer.from('Hello'))).toEqual(HELLO);
    expect(frameOf(OPCODES.text, Buffer.from('Hello'), hex('37 fa 21 3d'))).toEqual(HELLO_MASKED);
    expect(frameOf(OPCODES.binary, Buffer.alloc(256)).subarray(0, 4)).toEqual(hex('82 7e 01 00'));
    expect(frameOf(OPCODES.binary, Buffer.alloc(65_536)).subarray(0, 10)).toEqual(
      hex('82 7f 00 00 00 00 00 01 00 00'),
    );
  });

  it.each([0, 1, 125, 126, 65_535, 65_536])('of %i bytes is read again, however it is cut', (length) => {
    const payload = Buffer.alloc(length, 7);
    const bytes = Buffer.concat([frameOf(OPCODES.binary, payload, hex('01 02 03 04')), HELLO]);
    for (const step of [1, 3, bytes.length]) {
      if (length > 1000 && step < 100) continue;
      const reader = new FrameReader();
      const messages = [];
      for (let at = 0; at < bytes.length; at += step)
        messages.push(...reader.push(bytes.subarray(at, at + step)));
      const [first, second] = messages;
      expect(first?.payload.equals(payload)).toBe(true);
      expect(second?.payload.toString()).toBe('Hello');
    }
  });
});

describe('fragments', () => {
  it('are one message, and a ping may stand between them', () => {
    const bytes = Buffer.concat([hex('01 03 48 65 6c'), hex('89 00'), hex('80 02 6c 6f')]);

    expect(new FrameReader().push(bytes)).toEqual([
      { opcode: OPCODES.ping, payload: Buffer.alloc(0) },
      { opcode: OPCODES.text, payload: Buffer.from('Hello') },
    ]);
  });

  it.each([
    ['that continue nothing', '80 02 6c 6f', /continues no message/],
    ['of a length nobody sends', '82 7f 00 00 ff ff ff ff ff ff', /too long/],
  ])('%s are an error', (_what, bytes, why) => {
    expect(() => new FrameReader().push(hex(bytes))).toThrow(why);
  });
});
