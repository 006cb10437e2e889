import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { structuralViolations } from '../../test/unit/structural-check.ts';
import type { Json } from '../kube/object.ts';
import { isGoPattern } from './schema-pattern.ts';
import { toStructural } from './structural-schema.ts';

const FREE = 'x-kubernetes-preserve-unknown-fields';
const compiled = (schema: Json): Json => toStructural(schema).schema;

describe('toStructural', () => {
  it.each<[string, Json, Json]>([
    ['a plain type stays', { type: 'string', minLength: 1 }, { type: 'string', minLength: 1 }],
    ['true accepts anything, null too', true, { [FREE]: true, nullable: true }],
    ['a schema without rules accepts anything, null too', {}, { [FREE]: true, nullable: true }],
    ['a constant becomes an enum', { const: 'a' }, { type: 'string', enum: ['a'] }],
    ['null among types becomes nullable', { type: ['string', 'null'] }, { nullable: true, type: 'string' }],
    [
      'text or whole number becomes int-or-string',
      { type: ['string', 'integer'] },
      { 'x-kubernetes-int-or-string': true },
    ],
    [
      'text or whole number as alternatives does too',
      { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      { 'x-kubernetes-int-or-string': true },
    ],
    [
      'null among alternatives without a common form does not undo the type beside them',
      { type: 'number', anyOf: [{ type: 'null' }, { type: 'object' }, { type: 'boolean' }] },
      { type: 'number' },
    ],
    [
      'null or anything does not undo the type beside it',
      { type: 'integer', anyOf: [{ const: null }, true] },
      { type: 'integer' },
    ],
    [
      'null among listed values does not undo the type beside them',
      { type: 'string', anyOf: [{ type: 'null' }, { const: 'only' }] },
      { type: 'string', anyOf: [{ enum: ['only'] }] },
    ],
    [
      'a null alternative becomes nullable',
      { oneOf: [{ type: 'integer' }, { type: 'null' }] },
      { nullable: true, type: 'integer' },
    ],
    [
      'constants as alternatives become an enum',
      { oneOf: [{ const: 'a' }, { const: 'b' }] },
      { type: 'string', enum: ['a', 'b'] },
    ],
    ['integer or number is number', { type: ['integer', 'number'] }, { type: 'number' }],
    [
      'a numeric exclusive bound becomes a flag',
      { type: 'integer', exclusiveMinimum: 0 },
      { type: 'integer', minimum: 0, exclusiveMinimum: true },
    ],
    [
      "draft 4's exclusive bound stays",
      { type: 'number', maximum: 5, exclusiveMaximum: true },
      { type: 'number', maximum: 5, exclusiveMaximum: true },
    ],
    [
      'the tighter of two bounds wins',
      { type: 'integer', minimum: 3, exclusiveMinimum: 1 },
      { type: 'integer', minimum: 3 },
    ],
    ['an array without items takes any', { type: 'array' }, { type: 'array', items: { [FREE]: true } }],
    [
      'a map keeps the type of its values',
      { type: 'object', additionalProperties: { type: 'string' } },
      { type: 'object', additionalProperties: { type: 'string' } },
    ],
    [
      'an open object keeps unknown fields',
      { properties: { a: { type: 'boolean' } } },
      { type: 'object', nullable: true, properties: { a: { type: 'boolean' } }, [FREE]: true },
    ],
    [
      'a closed object is pruned',
      { type: 'object', properties: { a: { type: 'boolean' } }, additionalProperties: false },
      { type: 'object', properties: { a: { type: 'boolean' } } },
    ],
    [
      'a reference is followed, with what stands beside it',
      {
        type: 'object',
        properties: { p: { $ref: '#/$defs/port', description: 'Port.' } },
        $defs: { port: { type: 'integer', maximum: 65535 } },
      },
      {
        type: 'object',
        properties: { p: { description: 'Port.', type: 'integer', maximum: 65535 } },
        [FREE]: true,
      },
    ],
    [
      'allOf is merged',
      {
        allOf: [
          { type: 'integer', minimum: 1 },
          { minimum: 2, maximum: 9 },
        ],
      },
      { type: 'integer', minimum: 2, maximum: 9 },
    ],
    [
      'title and description are joined',
      { type: 'string', title: 'Host', description: 'Where it answers.' },
      { description: 'Host: Where it answers.', type: 'string' },
    ],
    ['a default is not injected', { type: 'string', default: 'x' }, { type: 'string' }],
  ])('%s', (_name, schema, expected) => {
    expect(compiled(schema)).toEqual(expected);
  });

  it.each<[string, Json, string, string]>([
    ['conditions', { type: 'object', if: {}, else: {} }, 'spec', 'if'],
    [
      'negation',
      { type: 'object', properties: { a: { type: 'string', not: { enum: ['x'] } } } },
      'spec.a',
      'not',
    ],
    ['uniqueness', { type: 'array', uniqueItems: true, items: { type: 'string' } }, 'spec', 'uniqueItems'],
    [
      'patterns of names',
      { type: 'object', patternProperties: { '^a': { type: 'string' } } },
      'spec',
      'patternProperties',
    ],
    ['null said twice', { oneOf: [{ type: 'null' }, { type: 'null' }, { type: 'string' }] }, 'spec', 'oneOf'],
    ['one value and a list', { const: 3, anyOf: [{ enum: [3, 'x'] }] }, 'spec', 'enum'],
    [
      'a closed object beside another that names more',
      {
        allOf: [
          { type: 'object', additionalProperties: false },
          { type: 'object', properties: { a: { type: 'string' } } },
        ],
      },
      'spec',
      'additionalProperties',
    ],
    ['look-ahead', { type: 'array', items: { type: 'string', pattern: '^(?!x)' } }, 'spec[]', 'pattern'],
    [
      'a recursive reference',
      {
        $ref: '#/definitions/n',
        definitions: { n: { type: 'object', properties: { next: { $ref: '#/definitions/n' } } } },
      },
      'spec.next',
      '$ref',
    ],
    ['a reference to the network', { $ref: 'https://example.org/schema.json' }, 'spec', '$ref'],
    ['alternatives of shape', { anyOf: [{ type: 'object' }, { type: 'array' }] }, 'spec', 'anyOf'],
    [
      'values beside named fields',
      { type: 'object', properties: { a: {} }, additionalProperties: { type: 'string' } },
      'spec',
      'additionalProperties',
    ],
    ['unknown formats', { type: 'string', format: 'semver' }, 'spec', 'format'],
  ])('reports %s as not enforced', (_name, schema, path, keyword) => {
    const result = toStructural(schema);

    expect(result.notEnforced).toContainEqual({ path, keyword });
    expect(structuralViolations(result.schema)).toEqual([]);
  });

  it('gives a structural schema for any JSON', { timeout: 60_000 }, () => {
    const keyword = fc.constantFrom(
      'type',
      'items',
      'properties',
      'anyOf',
      'oneOf',
      'allOf',
      'enum',
      'const',
      '$ref',
      'required',
      'minimum',
      'exclusiveMinimum',
      'pattern',
      'format',
      'additionalProperties',
      'nullable',
      'not',
      'if',
      'description',
    );
    const { node } = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.constantFrom<Json>(
          'string',
          'integer',
          'object',
          'array',
          'null',
          '#',
          '#/properties/a',
          true,
          false,
          null,
          0,
          7,
        ),
        fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>,
      ),
      node: fc.oneof(
        { depthSize: 'small' },
        tie('leaf'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(keyword, tie('node'), { maxKeys: 4 }),
        fc.record({
          type: fc.constant('object'),
          properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node')),
        }),
      ),
    }));

    fc.assert(
      fc.property(node, (schema) => {
        expect(structuralViolations(compiled(schema as Json))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('ends on schemas that refer to themselves many times over', () => {
    const definitions: Record<string, Json> = { n0: { type: 'string' } };
    for (let i = 1; i < 40; i += 1) {
      definitions[`n${i}`] = {
        type: 'object',
        properties: { a: { $ref: `#/definitions/n${i - 1}` }, b: { $ref: `#/definitions/n${i - 1}` } },
      };
    }

    const result = toStructural({ $ref: '#/definitions/n39', definitions });

    expect(result.notEnforced.some((entry) => entry.keyword === 'size')).toBe(true);
  });
});

describe('isGoPattern', () => {
  it.each([
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', true],
    ['^(?:a|b)\\.c\\d+$', true],
    ['(?=x)', false],
    ['(?<!x)y', false],
    ['(a)\\1', false],
    ['\\u0041', false],
    ['[^]', false],
    ['a{2000}', false],
    ['(', false],
    ['\\(?=', true],
  ])('%s: %s', (pattern, expected) => {
    expect(isGoPattern(pattern)).toBe(expected);
  });
});
