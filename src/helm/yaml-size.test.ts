import { describe, expect, it } from 'vitest';
import { expandedYamlSize } from './yaml-size.ts';

describe('expandedYamlSize', () => {
  it.each([
    ['text without anchors', 'a: 1\nb: [1, 2]', 0],
    ['an ampersand in a word', 'a: this & that', 0],
    ['one alias', 'a: &x [1, 2]\nb: *x', 9],
    ['a merge key', 'a: &x {k: 1}\nb:\n  <<: *x', 11],
    ['an alias to its own parent', 'a: &x [1, *x]', 4],
    ['an anchor that nobody uses', 'a: &x [1, 2]', 0],
    ['text that is not YAML', 'a: &x [*x', 0],
    ['a text that is too long to look into', `a: &x 1\nb: *x\n#${'x'.repeat(8192)}`, 0],
  ])('counts %s', (_name, text, size) => {
    expect(expandedYamlSize(text)).toBe(size);
  });

  it('stops at the limit, however much the aliases multiply', () => {
    const lines = ['a0: &a0 [x]'];
    for (let n = 1; n < 60; n++) lines.push(`a${n}: &a${n} [*a${n - 1}, *a${n - 1}]`);

    expect(expandedYamlSize(lines.join('\n'), 1000)).toBe(1001);
  });
});
