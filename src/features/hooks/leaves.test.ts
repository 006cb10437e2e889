import { describe, expect, it } from 'vitest';
import { leavesOf, withLeaves } from './leaves.ts';

describe('leavesOf', () => {
  it('finds templates in texts and keys, each once', () => {
    const value = { a: ['{{.A}}', 'plain', { '{{.K}}': '{{.A}}' }], n: 1, none: null };

    expect(leavesOf(value)).toEqual(['{{.A}}', '{{.K}}']);
  });
});

describe('withLeaves', () => {
  it('puts each text where its template was', () => {
    const rendered = new Map([
      ['{{.A}}', 'x"}\n- {{.B}}'],
      ['{{.K}}', 'key'],
    ]);

    expect(withLeaves({ '{{.K}}': ['{{.A}}', 1, null] }, rendered)).toEqual({
      key: ['x"}\n- {{.B}}', 1, null],
    });
  });

  it.each([
    ['{{ int .N | toJson }}', '3', 3],
    ['{{- list .A .B | toJson -}}', '["a","b"]', ['a', 'b']],
    ['{{ .A | toJson }} and more', '"a" and more', '"a" and more'],
    ['{{ if .A }}{{ .N | toJson }}{{ end }}', '3', '3'],
    ['{{ printf "}} | toJson }}" | toJson }}', '"x"', 'x'],
  ])('reads %s as what toJson gave, where that is all', (text, rendered, expected) => {
    expect(withLeaves(text, new Map([[text, rendered]]))).toEqual(expected);
  });
});
