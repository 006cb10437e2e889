import { describe, expect, it } from 'vitest';
import { mergeValues } from './merge-values.ts';

describe('mergeValues', () => {
  it.each([
    ['maps key by key', [{ a: { b: 1, c: 2 } }, { a: { c: 3 } }], { a: { b: 1, c: 3 } }],
    ['lists as a whole', [{ a: [1, 2] }, { a: [3] }], { a: [3] }],
    ['null over a map', [{ a: { b: 1 } }, { a: null }], { a: null }],
    ['a map over a text', [{ a: 'x' }, { a: { b: 1 } }], { a: { b: 1 } }],
    ['nothing', [undefined, {}], {}],
  ])('merges %s', (_name, layers, merged) => {
    expect(mergeValues(...layers)).toEqual(merged);
  });

  it('keeps a key __proto__ a value', () => {
    const merged = mergeValues({}, JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, never>);

    expect(Object.keys(merged)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
