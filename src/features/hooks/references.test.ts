import { describe, expect, it } from 'vitest';
import { missingIn, referencesIn } from './references.ts';

const named = (text: string): readonly string[] => [...referencesIn(text).named];

describe('referencesIn', () => {
  it.each([
    ['a variable', '{{.A}} and {{ .B_2 | quote }}', ['A', 'B_2']],
    ['arguments', '{{ printf "%s-%s" .A $.B }}', ['A', 'B']],
    ['what is no variable', 'x.A {{ "{{.A}} .B" }} {{ $x.A }} {{ (dict "a" 1).A }} {{/* .A */}}', []],
    ['both sides of a question', '{{ if eq .A "x" }}{{ .B }}{{ else }}{{ .C }}{{ end }}', ['A', 'B', 'C']],
    ['another dot', '{{ range splitList "," .A }}{{ .B }}{{ $.C }}{{ end }}{{ .D }}', ['A', 'C', 'D']],
    ['braces in a text', '{{ print "}}" .A }}', ['A']],
    ['trimmed actions', '{{- .A -}}', ['A']],
  ])('finds %s', (_what, text, expected) => {
    expect(named(text)).toEqual(expected);
  });
});

describe('missingIn', () => {
  it('names what has no value, once and in order', () => {
    expect(missingIn(['{{.B}}{{.A}}', '{{.B}}', '{{.C}}'], { C: '' })).toEqual(['A', 'B']);
  });

  it('is content where a text asks first or has another value', () => {
    expect(missingIn(['{{ if .A }}{{ .A }}{{ end }}', '{{ .B | default "b" }}'], {})).toEqual([]);
    expect(missingIn(['{{ if .A }}{{ .A }}{{ end }}', '{{ .A }}'], {})).toEqual(['A']);
  });
});
