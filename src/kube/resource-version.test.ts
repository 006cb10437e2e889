import { describe, expect, it } from 'vitest';
import { isOlderVersion } from './resource-version.ts';

describe('isOlderVersion', () => {
  it.each<[string, string | undefined, string | undefined, boolean]>([
    ['compares numbers, not texts', '9', '10', true],
    ['is false the other way round', '10', '9', false],
    ['is false for the same', '10', '10', false],
    ['compares numbers of one length', '123', '124', true],
    ['compares beyond what a number holds exactly', '9007199254740992', '9007199254740993', true],
    ['says nothing without the first', undefined, '9', false],
    ['says nothing without the other', '9', undefined, false],
    ['says nothing of what is no number', '9a', '10', false],
    ['says nothing against what is no number', '9', 'x10', false],
    ['takes 0, which stands for any version, for none', '0', '9', false],
  ])('%s', (_name, one, other, expected) => {
    expect(isOlderVersion(one, other)).toBe(expected);
  });
});
