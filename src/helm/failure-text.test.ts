import { describe, expect, it } from 'vitest';
import { templateFailure, valuesFailure } from './failure-text.ts';

const HEADING = "values don't meet the specifications of the schema(s) in the following chart(s):\n";

describe('valuesFailure', () => {
  it.each([
    [
      'one field',
      `${HEADING}demo:\n- at '/replicas': got string, want integer\n`,
      'replicas: got string, want integer',
    ],
    [
      'an index and a subchart',
      `${HEADING}demo:\n- at '/tags/0': got number, want string\nsub:\n- at '/a~1b/c': value must be 1\n`,
      'a/b.c: value must be 1; tags[0]: got number, want string',
    ],
    [
      'the whole',
      `${HEADING}demo:\n- at '': missing property 'title'\n`,
      "values of demo: missing property 'title'",
    ],
    [
      'a schema that is none',
      `${HEADING}demo:\njsonschema validation failed: 'file:///values.schema.json' is not valid against metaschema:\n- at '/type': got number, want array\n- at '': 'allOf' failed\n`,
      "values.schema.json of demo is no JSON Schema: schema: 'allOf' failed; type: got number, want array",
    ],
    ['a schema that cannot be read', `${HEADING}demo:\nno such reference\n`, 'demo: no such reference'],
    ['something else', 'the request is not JSON', 'the request is not JSON'],
  ])('names %s', (_name, message, text) => {
    expect(valuesFailure(message)).toBe(text);
  });

  it('stops after ten findings', () => {
    const lines = Array.from({ length: 12 }, (_, n) => `- at '/f${n}': wrong`).join('\n');

    expect(valuesFailure(`${HEADING}demo:\n${lines}`)).toMatch(/^f0: wrong; .*f7: wrong; and 2 more$/);
  });
});

describe('templateFailure', () => {
  it('is one line with the author’s own words', () => {
    const message =
      'demo/templates/a.yaml:1:3\n  executing "x" at <fail>:\n    error calling fail: HELM_ERR_STARTno such thingHELM_ERR_END\n';

    expect(templateFailure(message)).toBe(
      'demo/templates/a.yaml:1:3 executing "x" at <fail>: error calling fail: no such thing',
    );
  });

  it('is cut in the middle where templates call each other deeply', () => {
    const text = templateFailure(`a.yaml:1:3 ${'x'.repeat(5000)} no such thing`);

    expect(text.length).toBeLessThan(1600);
    expect(text).toMatch(/^a\.yaml:1:3 .* no such thing$/);
  });
});
