import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatSelector,
  matchesRequirements,
  matchesSelector,
  parseSelector,
  type LabelSelector,
} from './selector.ts';

describe('matchesSelector', () => {
  const labels = { app: 'web', tier: 'front' };

  it.each<[string, LabelSelector | undefined, boolean]>([
    ['no selector selects nothing', undefined, false],
    ['an empty selector selects everything', {}, true],
    ['equal labels', { matchLabels: { app: 'web' } }, true],
    ['one label of two differs', { matchLabels: { app: 'web', tier: 'back' } }, false],
    [
      'In with the value',
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] },
      true,
    ],
    ['In without the label', { matchExpressions: [{ key: 'no', operator: 'In', values: ['web'] }] }, false],
    [
      'NotIn without the label',
      { matchExpressions: [{ key: 'no', operator: 'NotIn', values: ['x'] }] },
      true,
    ],
    [
      'NotIn with the value',
      { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
      false,
    ],
    ['Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [
      'an unknown operator selects nothing',
      { matchExpressions: [{ key: 'app', operator: 'Gt', values: ['1'] }] },
      false,
    ],
    [
      'an inherited name is no label',
      { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] },
      false,
    ],
  ])('%s', (_name, selector, matches) => {
    expect(matchesSelector(selector, labels)).toBe(matches);
  });
});

describe('parseSelector', () => {
  it('reads every form the API server takes', () => {
    expect(parseSelector('a=b, c==d,e!=f,g in (h, i),j notin (k),l,!m/n')).toEqual([
      { key: 'a', operator: 'In', values: ['b'] },
      { key: 'c', operator: 'In', values: ['d'] },
      { key: 'e', operator: 'NotIn', values: ['f'] },
      { key: 'g', operator: 'In', values: ['h', 'i'] },
      { key: 'j', operator: 'NotIn', values: ['k'] },
      { key: 'l', operator: 'Exists', values: [] },
      { key: 'm/n', operator: 'DoesNotExist', values: [] },
    ]);
  });

  it.each(['a=b,', 'a in b', '=b', 'a=b c', 'a in (b'])('refuses %j', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });

  it('selects the same through the text as directly', () => {
    const word = fc.constantFrom('a', 'b', 'c');
    const requirement = fc.record({
      key: word,
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.uniqueArray(word, { minLength: 1 }),
    });
    const selector = fc.record({
      matchLabels: fc.dictionary(word, word),
      matchExpressions: fc.array(requirement, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(selector, fc.dictionary(word, word), (chosen, labels) => {
        const parsed = parseSelector(formatSelector(chosen));
        expect(parsed).toBeDefined();
        expect(matchesRequirements(parsed ?? [], labels)).toBe(matchesSelector(chosen, labels));
      }),
    );
  });
});

describe('formatSelector', () => {
  it('names an operator that does not exist', () => {
    expect(() => formatSelector({ matchExpressions: [{ key: 'a', operator: 'Gt' }] })).toThrow(
      /"Gt" of key "a"/,
    );
  });
});
