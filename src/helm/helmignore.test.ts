import { describe, expect, it } from 'vitest';
import { IgnoreError, parseHelmignore } from './helmignore.ts';

describe('parseHelmignore', () => {
  it.each<[string, string, string, boolean]>([
    ['a name at any depth', '*.bak', 'a/b/c.bak', true],
    ['not another name', '*.bak', 'a/b/c.yaml', false],
    ['a path with a slash as a whole', 'a/*.md', 'a/x.md', true],
    ['not a path below another one', 'a/*.md', 'b/a/x.md', false],
    ['a rule from the root', '/top.md', 'top.md', true],
    ['not below the root', '/top.md', 'a/top.md', false],
    ['a star that stops at a slash', 'a/*', 'a/b/c', false],
    ['one letter', '?.txt', 'a.txt', true],
    ['a class of letters', '[a-c].txt', 'b.txt', true],
    ['not what a class excludes', '[^a-c].txt', 'b.txt', false],
    ['an escaped star', String.raw`\*.txt`, 'a.txt', false],
    ['a dot as a dot', 'a.b', 'axb', false],
    ['comments not at all', '# a\n\n', 'a', false],
    ['a folder’s rule not for a file', 'docs/', 'docs', false],
    ['all that a negated rule does not name', '!keep', 'other', true],
    ['not what a negated rule names', '!keep', 'a/keep', false],
    ['hidden files beside templates, always', '', 'templates/.x.swp', true],
  ])('leaves out %s', (_name, text, path, ignored) => {
    expect(parseHelmignore(text)(path, false)).toBe(ignored);
  });

  it('leaves out folders by a rule with a slash at its end', () => {
    expect(parseHelmignore('docs/')('docs', true)).toBe(true);
  });

  it.each(['a/**/b', '[a', String.raw`a\ `.trim()])('refuses %j as Helm does', (line) => {
    expect(() => parseHelmignore(line)).toThrow(IgnoreError);
  });
});
