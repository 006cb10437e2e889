import { describe, expect, it } from 'vitest';
import { createRandomSupply } from './wasi.ts';

/** Numbers that count on through all fillings, so that each byte pair tells where it came from. */
function counting(): { readonly fill: (bytes: Uint8Array) => void; readonly fillings: () => number } {
  let count = 0;
  let fillings = 0;
  return {
    fill: (bytes) => {
      fillings += 1;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at + 1 < bytes.length; at += 2) view.setUint16(at, (count = (count + 1) & 0xffff));
    },
    fillings: () => fillings,
  };
}

describe('the supply of random bytes', () => {
  it('gives no byte twice, also across fillings', () => {
    const { fill } = counting();
    const take = createRandomSupply(fill);
    const seen = new Set<number>();
    for (let time = 0; time < 10_000; time++) {
      const bytes = new Uint8Array(2);
      take(bytes);
      seen.add(new DataView(bytes.buffer).getUint16(0));
    }
    expect(seen.size).toBe(10_000);
  });

  it('asks the system seldom for small pieces', () => {
    const { fill, fillings } = counting();
    const take = createRandomSupply(fill);
    for (let time = 0; time < 2000; time++) take(new Uint8Array(2));
    expect(fillings()).toBe(1);
  });

  it('fills a piece that is larger than the supply as a whole', () => {
    const take = createRandomSupply((bytes) => bytes.fill(7));
    const bytes = new Uint8Array(10_000);
    take(bytes);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });
});
