import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepEqual } from './deep-equal.ts';

describe('deepEqual', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['the order of keys does not matter', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['the order of items matters', [1, 2], [2, 1], false],
    ['an undefined property is an absent one', { a: 1, b: undefined }, { a: 1 }, true],
    ['null is not absent', { a: null }, {}, false],
    ['an empty array is not an empty object', [], {}, false],
    ['a missing key is seen on the right', {}, { a: 1 }, false],
    ['a number is not its text', { a: 1 }, { a: '1' }, false],
    ['names of Object.prototype are ordinary keys', {}, { toString: 1 }, false],
    ['an inherited name does not stand in for an own one', { constructor: Object }, {}, false],
  ])('%s', (_name, a, b, equal) => {
    expect(deepEqual(a, b)).toBe(equal);
    expect(deepEqual(b, a)).toBe(equal);
  });

  it('agrees with the canonical text of JSON values', () => {
    const canonical = (value: unknown): string =>
      JSON.stringify(value, (_key, v: unknown) =>
        typeof v === 'object' && v !== null && !Array.isArray(v)
          ? Object.fromEntries(Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1)))
          : v,
      );
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
        // Through text first: JSON has no -0, which fast-check makes.
        const [x, y]: [unknown, unknown] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))];
        expect(deepEqual(x, y)).toBe(canonical(x) === canonical(y));
        expect(deepEqual(x, JSON.parse(JSON.stringify(x)))).toBe(true);
      }),
    );
  });
});
