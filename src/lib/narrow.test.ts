import { describe, expect, it } from 'vitest';
import { isMap, textsIn } from './narrow.ts';

describe('isMap', () => {
  it.each([
    ['a map', { a: 1 }, true],
    ['an empty map', {}, true],
    ['null', null, false],
    ['a list', [], false],
    ['a text', 'a', false],
    ['nothing', undefined, false],
  ])('judges %s', (_name, value, judged) => {
    expect(isMap(value)).toBe(judged);
  });
});

describe('textsIn', () => {
  it.each([
    ['the strings of a list only', ['a', 1, null, 'b', ['c']], ['a', 'b']],
    ['nothing of a text', 'abc', []],
    ['nothing of nothing', undefined, []],
  ])('takes %s', (_name, value, texts) => {
    expect(textsIn(value)).toEqual(texts);
  });
});
