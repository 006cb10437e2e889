import { describe, expect, it } from 'vitest';
import { valueAt, withValue } from './json.ts';

describe('withValue', () => {
  it.each([
    [{}, ['a'], 1, { a: 1 }],
    [{ a: { b: 1 }, c: 2 }, ['a', 'b'], 3, { a: { b: 3 }, c: 2 }],
    [undefined, ['a', 'b'], false, { a: { b: false } }],
    [{ a: { b: 1 }, c: 2 }, ['a', 'b'], undefined, { c: 2 }],
    [{ a: { b: 1 } }, ['a', 'b'], undefined, undefined],
    [{ a: [1, 2] }, ['a', 1], 3, { a: [1, 3] }],
    [{ a: [1, 2] }, ['a', 0], undefined, { a: [2] }],
  ])('%j at %j = %j is %j', (before, path, value, after) => {
    expect(withValue(before, path, value)).toEqual(after);
  });

  it('writes into no prototype', () => {
    withValue({}, ['__proto__', 'polluted'], true);

    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(valueAt({}, ['constructor'])).toBeUndefined();
  });
});
