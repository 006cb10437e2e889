import { describe, expect, it } from 'vitest';
import { parseSkips, reasonToSkip, skipExpression, staleSkips } from './skips.ts';

const text = `
# why
two nodes needed: [sig-a] Pods should move [Conformance]
no such image: [sig-b] Volumes (x) …
`;

describe('skips', () => {
  const skips = parseSkips(text);

  it('reads a reason and a name a line', () =>
    expect(skips).toEqual([
      { reason: 'two nodes needed', test: '[sig-a] Pods should move [Conformance]' },
      { reason: 'no such image', test: '[sig-b] Volumes (x) …' },
    ]));

  it.each(['[sig-a] Pods should move', 'two nodes needed', ': [sig-a] x'])(
    'refuses "%s", which has no reason or no name',
    (line) => expect(() => parseSkips(line)).toThrow(/line 1 .* is not/),
  );

  it.each([
    ['[sig-a] Pods should move [Conformance]', 'two nodes needed'],
    ['[sig-a] Pods should move [Conformance] twice', undefined],
    ['[sig-b] Volumes (x) read', 'no such image'],
    ['[sig-b] Volumes (y) read', undefined],
  ])('%s: %s, by the list and by the expression', (name, reason) => {
    expect(reasonToSkip(skips, name)).toBe(reason);
    expect(new RegExp(skipExpression(skips) ?? '').test(name)).toBe(reason !== undefined);
  });

  it('tells which lines leave out nothing', () =>
    expect(staleSkips(skips, ['[sig-b] Volumes (x) read']).map(({ reason }) => reason)).toEqual([
      'two nodes needed',
    ]));

  it('has no expression for no lines, which would leave out everything', () =>
    expect(skipExpression([])).toBeUndefined());
});
