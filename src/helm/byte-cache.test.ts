import { describe, expect, it } from 'vitest';
import { createByteCache } from './byte-cache.ts';

describe('createByteCache', () => {
  it('forgets what was not used for longest when the bytes no longer fit', () => {
    const cache = createByteCache<string>(10);
    cache.set('a', 'A', 4);
    cache.set('b', 'B', 4);
    cache.get('a');

    cache.set('c', 'C', 4);

    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual(['A', undefined, 'C']);
  });

  it('does not keep what is larger than the whole, nor the older value of its key', () => {
    const cache = createByteCache<string>(10);
    cache.set('a', 'old', 4);

    cache.set('a', 'new', 11);

    expect(cache.get('a')).toBeUndefined();
  });

  it('counts a value that is replaced once', () => {
    const cache = createByteCache<number>(10);
    for (let n = 0; n < 10; n++) cache.set('a', n, 6);
    cache.set('b', 1, 4);

    expect([cache.get('a'), cache.get('b')]).toEqual([9, 1]);
  });
});
