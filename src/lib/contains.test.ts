import { describe, expect, it } from 'vitest';
import { contains } from './contains.ts';

describe('contains', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['equal values', { a: [1, 'x'] }, { a: [1, 'x'] }, true],
    ['fields that were added', { a: 1, b: 2 }, { a: 1 }, true],
    ['fields added inside lists', [{ a: 1, b: 2 }], [{ a: 1 }], true],
    ['a field that is missing', {}, { a: 1 }, false],
    ['a field that is different', { a: 2 }, { a: 1 }, false],
    ['an item that was added', [1, 2], [1], false],
    ['a map where a list is wanted', { 0: 1 }, [1], false],
    ['null where a map is wanted', { a: null }, { a: {} }, false],
    ['what nobody wants to know', { a: 1 }, { b: undefined }, true],
  ])('judges %s', (_name, actual, wanted, expected) => {
    expect(contains(actual, wanted)).toBe(expected);
  });
});
