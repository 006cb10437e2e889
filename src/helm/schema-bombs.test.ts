import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../api/json-schema.ts';
import type { Json } from '../kube/object.ts';
import { toYaml } from '../kube/yaml.ts';
import { structuralViolations } from '../../test/unit/structural-check.ts';
import { valuesSchemaOf } from './values-schema.ts';

/** Each definition refers to the next one twice: 40 of them stand for a million million. */
function doubling(make: (next: JsonObject) => JsonObject): JsonObject {
  const count = 40;
  const $defs: Record<string, Json> = { [`a${count}`]: { type: 'object' } };
  for (let n = 0; n < count; n++) $defs[`a${n}`] = make({ $ref: `#/$defs/a${n + 1}` });
  return { $defs, type: 'object', properties: { x: { $ref: '#/$defs/a0' } } };
}

function nested(keyword: string, depth: number): JsonObject {
  let schema: JsonObject = { type: 'object' };
  for (let n = 0; n < depth; n++)
    schema = keyword === 'allOf' ? { allOf: [schema] } : { properties: { x: schema } };
  return schema;
}

function deepValues(depth: number): JsonObject {
  let values: JsonObject = { y: 1 };
  for (let n = 0; n < depth; n++) values = { x: values };
  return values;
}

describe('a values schema that was made to fill time or memory', () => {
  const values = { x: { a: 1, l: { a: 1 }, r: { a: 1 } } };
  it.each<[string, JsonObject, JsonObject]>([
    ['references that double in allOf', doubling((next) => ({ allOf: [next, next] })), values],
    ['references that double in anyOf', doubling((next) => ({ anyOf: [next, next] })), values],
    [
      'references that double in properties',
      doubling((next) => ({ properties: { l: next, r: next } })),
      values,
    ],
    [
      'references that double in items',
      doubling((next) => ({ items: next, additionalProperties: next })),
      values,
    ],
    [
      'a reference to itself',
      { $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
      values,
    ],
    [
      'an enum of a hundred thousand',
      { properties: { x: { enum: Array.from({ length: 100_000 }, (_, n) => n) } } },
      values,
    ],
    ['rules in rules in rules', nested('allOf', 3000), values],
    ['fields in fields in fields', nested('properties', 3000), deepValues(300)],
    [
      'the same in the words of draft 4',
      { $schema: 'http://json-schema.org/draft-04/schema#', ...nested('properties', 3000) },
      values,
    ],
  ])('is compiled soon and small: %s', (_name, valuesSchema, defaults) => {
    const begin = performance.now();

    const { schema } = valuesSchemaOf({
      chart: { values: defaults, valuesYaml: toYaml(defaults), valuesSchema },
    });

    expect(performance.now() - begin).toBeLessThan(1500);
    expect(structuralViolations(schema)).toEqual([]);
  });
});
