import * as fc from 'fast-check';
import type { JsonObject } from '../../src/api/json-schema.ts';
import type { Json } from '../../src/kube/object.ts';

/** Levels of a drawn schema: deep enough for a rule inside a list inside an object inside a union. */
const DEPTH = 3;

const names = ['a', 'b', 'c'] as const;
const small = fc.nat(4);

/** Some of several keywords, each with its own draw. */
function some(keywords: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> {
  // Keys that were not drawn are absent, not undefined.
  return fc.record(keywords, { requiredKeys: [] }) as fc.Arbitrary<JsonObject>;
}

const textRules = some({
  minLength: small,
  maxLength: small.map((n) => n + 2),
  pattern: fc.constantFrom('^[a-z]+$', 'a', String.raw`^\d+$`, '^(?=x)x', String.raw`^\p{L}+$`, '^.{2,}$'),
  format: fc.constantFrom('duration', 'regex', 'idn-email'),
});
const numberRules = fc.oneof(
  some({ minimum: small, maximum: small.map((n) => n + 3), multipleOf: fc.constantFrom(1, 2, 0.5) }),
  some({ exclusiveMinimum: small, exclusiveMaximum: small.map((n) => n + 3) }),
);

/** By parsing, since an object literal with this keyword looks like a promise to the linter. */
function implied(premise: Json, conclusion: Json): JsonObject {
  // What is written here is an object.
  return JSON.parse(
    `{"if": ${JSON.stringify(premise)}, "then": ${JSON.stringify(conclusion)}}`,
  ) as JsonObject;
}

function leaf(): fc.Arbitrary<JsonObject> {
  return fc.oneof(
    textRules.map((rules) => ({ type: 'string', ...rules })),
    fc.tuple(fc.constantFrom('integer', 'number'), numberRules).map(([type, rules]) => ({ type, ...rules })),
    fc.constant<JsonObject>({ type: 'boolean' }),
    fc.constant<JsonObject>({ type: 'null' }),
    fc.constant<JsonObject>({}),
    fc.constantFrom<JsonObject>(
      { enum: ['x', 'y', 1] },
      { enum: ['x', null] },
      { type: 'string', enum: ['p', 'q'] },
      { const: 'only' },
      { const: 3 },
      { const: null },
      { type: ['string', 'null'], maxLength: 3 },
      { type: ['integer', 'string'], minimum: 2 },
      { type: ['object', 'array'] },
      { type: 'string', nullable: true },
      { type: ['boolean', 'string', 'null'] },
    ),
  );
}

function node(depth: number): fc.Arbitrary<Json> {
  if (depth === 0) return leaf();
  const below = node(depth - 1);
  const closed = fc.oneof(
    { arbitrary: fc.constantFrom<Json>(true, false), weight: 2 },
    { arbitrary: below, weight: 1 },
  );
  const requiredNames = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }).map((list): Json => list);
  const object = fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), below, { maxKeys: 3 }),
      some({
        required: requiredNames,
        additionalProperties: closed,
        patternProperties: below.map((part): Json => ({ '^x': part })),
        propertyNames: fc.constant<Json>({ maxLength: 3 }),
        minProperties: fc.nat(2),
        maxProperties: small,
        dependencies: fc.constantFrom<Json>({ a: ['b'] }, { a: { required: ['c'] } }),
        dependentRequired: fc.constant<Json>({ b: ['c'] }),
      }),
    )
    .map(([properties, rules]): Json => ({ type: 'object', properties, ...rules }));
  const array = fc
    .tuple(
      fc.oneof(
        below.map((items): JsonObject => ({ items })),
        fc.array(below, { minLength: 1, maxLength: 2 }).map((items): JsonObject => ({ items })),
        fc.constant<JsonObject>({}),
      ),
      some({
        minItems: fc.nat(1),
        maxItems: small,
        uniqueItems: fc.boolean(),
        contains: fc.constant<Json>({ type: 'string' }),
      }),
    )
    .map(([items, rules]): Json => ({ type: 'array', ...items, ...rules }));
  const union = fc
    .tuple(
      fc.constantFrom('anyOf', 'oneOf', 'allOf'),
      fc.array(below, { minLength: 1, maxLength: 3 }),
      leaf(),
    )
    .chain(([keyword, parts, own]) =>
      fc.constantFrom<Json>({ [keyword]: parts }, { ...own, [keyword]: parts }),
    );
  const conditional = fc
    .tuple(below, below, below, below)
    .chain(([base, first, second, third]) =>
      fc.constantFrom<Json>(
        implied(first, second),
        { ...implied(first, second), else: third },
        { not: first },
        { allOf: [base, { not: first }] },
      ),
    );
  return fc.oneof(
    { arbitrary: leaf(), weight: 3 },
    { arbitrary: object, weight: 5 },
    { arbitrary: array, weight: 2 },
    { arbitrary: union, weight: 3 },
    { arbitrary: conditional, weight: 1 },
    {
      arbitrary: fc.constantFrom<Json>({ $ref: '#/definitions/shared' }, { $ref: '#/definitions/tree' }),
      weight: 1,
    },
    { arbitrary: fc.constant<Json>(true), weight: 1 },
  );
}

/** A schema of a chart's values: an object with a few fields, and two definitions that they may refer to. */
export const valuesSchemas: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...names, 'd', 'e'), node(DEPTH), { minKeys: 1, maxKeys: 4 }),
    // No reference: one to itself is a schema without a meaning.
    leaf(),
    some({ required: fc.constant<Json>(['a']), additionalProperties: fc.boolean() }),
  )
  .map(([properties, shared, rules]) => ({
    type: 'object',
    properties,
    ...rules,
    definitions: {
      shared,
      tree: { type: 'object', properties: { a: { $ref: '#/definitions/tree' }, b: { type: 'string' } } },
    },
  }));
