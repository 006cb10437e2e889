import { describe, expect, it } from 'vitest';
import type { Json } from '../../kube/object.ts';
import { ValuesValidator } from './validate-values.ts';
import type { Values } from './values.ts';

const check = (schema: Json, values: Values, partial = false): readonly string[] =>
  new ValuesValidator().findings(schema, values, partial).map(({ message }) => message);

const draft = (name: string, rules: Values): Values => ({ $schema: name, ...rules });
const LIMITED = { properties: { replicas: { type: 'integer', minimum: 1 } } };

describe('ValuesValidator', () => {
  it.each([
    'http://json-schema.org/draft-04/schema#',
    'http://json-schema.org/draft-06/schema#',
    'http://json-schema.org/draft-07/schema#',
    'https://json-schema.org/draft/2019-09/schema',
    'https://json-schema.org/draft/2020-12/schema',
  ])('checks by %s', (dialect) => {
    expect(check(draft(dialect, LIMITED), { replicas: 0 })).toEqual([
      'spec.replicas: 0 must be >= 1 (minimum)',
    ]);
    expect(check(draft(dialect, LIMITED), { replicas: 1 })).toEqual([]);
  });

  it('reads draft 4’s boolean limits', () => {
    const schema = draft('http://json-schema.org/draft-04/schema#', {
      properties: { a: { type: 'number', minimum: 0, exclusiveMinimum: true } },
    });

    expect(check(schema, { a: 0 })).toEqual(['spec.a: 0 must be > 0 (exclusiveMinimum)']);
    expect(check(schema, { a: 0.5 })).toEqual([]);
  });

  it('holds each field to its own pattern', () => {
    const schema = { properties: { a: { pattern: '^a+$' }, b: { pattern: '^b+$' } } };

    expect(check(schema, { a: 'aa', b: 'bb' })).toEqual([]);
    expect(check(schema, { a: 'aa', b: 'aa' })).toEqual(['spec.b: "aa" must match pattern "^b+$" (pattern)']);
  });

  it('names field, value and rule of everything that is wrong', () => {
    const schema = {
      type: 'object',
      required: ['title'],
      additionalProperties: false,
      properties: {
        title: { type: 'string' },
        size: { enum: ['small', 'large'] },
        list: { type: 'array', items: { properties: { port: { type: 'integer', maximum: 65_535 } } } },
      },
    };

    expect(check(schema, { size: 'huge', list: [{}, { port: 70_000 }], colour: 'red' })).toEqual([
      'spec.title: is required by the chart',
      'spec.colour: is no value of the chart (additionalProperties)',
      'spec.size: "huge" must be one of ["small","large"] (enum)',
      'spec.list[1].port: 70000 must be <= 65535 (maximum)',
    ]);
  });

  it('repeats no value that the provider set', () => {
    const schema = { properties: { auth: { properties: { a: { type: 'string' } }, maxProperties: 1 } } };
    const own = { auth: { a: 1 } };
    const merged = { auth: { a: 1, licence: 'planted' } };

    const messages = new ValuesValidator().findings(schema, merged, false, own).map(({ message }) => message);

    expect(messages).toEqual([
      'spec.auth: {"a":1} must NOT have more than 1 properties (maxProperties)',
      'spec.auth.a: 1 must be string (type)',
    ]);
  });

  it('does not ask for what Secrets may bring', () => {
    expect(check({ required: ['password'] }, {}, true)).toEqual([]);
  });

  it('checks formats, and lets go what it does not know', () => {
    expect(check({ properties: { mail: { format: 'email' } } }, { mail: 'x' })).toHaveLength(1);
    expect(check({ properties: { mail: { format: 'unheard-of' } } }, { mail: 'x' })).toEqual([]);
    expect(check({ properties: { a: { $ref: 'https://example.com/x.json' } } }, { a: 1 })).toEqual([]);
    expect(check(null, { a: 1 })).toEqual([]);
  });

  const many = Array.from({ length: 30_000 }, (_, n) => ({ n }));
  it.each<[string, Json, Values]>([
    ['a pattern that backtracks', { pattern: '^(a+)+$' }, { a: `${'a'.repeat(40)}b` }],
    ['a pattern that needs no long text', { pattern: `^${'(.*)'.repeat(40)}!$` }, { a: 'a'.repeat(11) }],
    ['a list compared with itself', { uniqueItems: true }, { a: many }],
  ])('leaves %s without end to Helm, and soon', (_name, rule, values) => {
    const validator = new ValuesValidator();
    const schema = { required: ['b'], properties: { a: rule } };
    const begin = performance.now();

    for (let time = 0; time < 5; time++) expect(validator.findings(schema, values, false)).toEqual([]);

    expect(performance.now() - begin).toBeLessThan(2000);
  });
});
