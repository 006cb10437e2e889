import { describe, expect, it } from 'vitest';
import { bytesOf, decodeMessage, encodeMessage, numberOf } from './etcd-wire.ts';

describe('a message', () => {
  it('comes back as it was', () => {
    const inner = encodeMessage([[1, 'inside']]);
    const message = decodeMessage(
      encodeMessage([
        [1, 'käse'],
        [2, 300],
        [3, -1n],
        [4, true],
        [64, inner],
        [64, Buffer.alloc(300, 7)],
      ]),
    );

    expect(bytesOf(message, 1)[0]?.toString()).toBe('käse');
    expect([2, 3, 4, 5].map((field) => numberOf(message, field))).toEqual([300, -1, 1, 0]);
    expect(bytesOf(message, 64)).toEqual([inner, Buffer.alloc(300, 7)]);
  });

  it('has the bytes that protobuf’s documentation shows', () => {
    expect(encodeMessage([[1, 150]]).toString('hex')).toBe('089601');
    expect(encodeMessage([[2, 'testing']]).toString('hex')).toBe('120774657374696e67');
    expect(
      encodeMessage([
        [1, 0],
        [2, false],
      ]),
    ).toHaveLength(0);
  });

  it('passes over what it does not know, and says when it ends too early', () => {
    const fixed = Buffer.from('0d010203041101020304050607080801', 'hex');

    expect(decodeMessage(fixed)).toEqual([{ field: 1, value: 1n }]);
    expect(() => decodeMessage(Buffer.from('1207746573', 'hex'))).toThrow(RangeError);
    expect(() => decodeMessage(Buffer.from('0896', 'hex'))).toThrow(RangeError);
    expect(() => decodeMessage(Buffer.from('0b', 'hex'))).toThrow(RangeError);
  });
});
