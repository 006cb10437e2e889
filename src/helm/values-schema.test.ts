import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedBy } from '../../test/charts/structural-server.ts';
import { structuralViolations } from '../../test/unit/structural-check.ts';
import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import type { Json } from '../kube/object.ts';
import { parseYaml } from '../kube/yaml.ts';
import { valuesSchemaOf } from './values-schema.ts';

const ajv = new Ajv({ strict: false, validateFormats: false });

function chartOf(
  valuesYaml: string,
  valuesSchema?: Json,
): { values: JsonObject; valuesYaml: string; valuesSchema: Json | undefined } {
  const values = parseYaml(valuesYaml);
  return { values: isJsonObject(values) ? values : {}, valuesYaml, valuesSchema };
}

const at = (schema: JsonObject, ...path: readonly string[]): JsonObject =>
  path.reduce<JsonObject>(
    (node, name) => (node['properties'] as Record<string, JsonObject>)[name] ?? {},
    schema,
  );

const CHART = `
# How many pods.
replicas: 1
image:
  # Which version.
  tag: ""
empty: {}
list: []
nothing: null
mixed: [1, a]
ports: [80, 443]
hosts:
  - name: a
ratio: 0.5
debug: false
password: ~
`;

describe('valuesSchemaOf a chart without a schema', () => {
  const { schema, notEnforced, admission } = valuesSchemaOf({ chart: chartOf(CHART) });

  it('is structural, complete and has no rules for admission', () => {
    expect(structuralViolations(schema)).toEqual([]);
    expect(notEnforced).toEqual([]);
    expect(admission).toBeNull();
  });

  it.each<[string, Json]>([
    ['a list of objects for []', { list: [{ key: 'a', operator: 'Exists' }] }],
    ['text in a list for []', { list: ['a'] }],
    ['any object for {}', { empty: { limits: { cpu: '1' } } }],
    ['anything for null', { nothing: { a: [1] } }],
    ['other entries in a mixed list', { mixed: [true, { a: 1 }] }],
    ['more fields of an object', { image: { pullPolicy: 'Always' } }],
    ['more fields of an entry', { hosts: [{ name: 'b', paths: ['/'] }] }],
    ['null to drop a default', { image: null, replicas: null }],
    ['values for all charts', { global: { imageRegistry: 'r' } }],
    ["KubePlus's node name", { nodeName: 'n1' }],
  ])('takes and keeps %s', (_name, value) => {
    expect(storedBy(schema, value)).toEqual(value);
  });

  it.each<[string, Json]>([
    ['text for a number', { replicas: 'two' }],
    ['a fraction for a whole number', { replicas: 1.5 }],
    ['text in a list of numbers', { ports: ['http'] }],
    ['a number for a switch', { debug: 1 }],
  ])('refuses %s', (_name, value) => {
    expect(storedBy(schema, value)).toBeUndefined();
  });

  it('prunes names that the chart does not have, so that kubectl tells of a typo', () => {
    expect(storedBy(schema, { replcas: 2 })).toEqual({});
  });

  it('explains fields by their comments and defaults', () => {
    expect(at(schema, 'replicas')['description']).toBe('How many pods. Default: 1');
    expect(at(schema, 'image', 'tag')['description']).toBe('Which version. Default: ""');
    expect(at(schema, 'nothing')['description']).toBeUndefined();
    expect(JSON.stringify(schema)).not.toContain('"default"');
  });

  it("does not show the provider's values to consumers", () => {
    const result = valuesSchemaOf({
      chart: chartOf(CHART),
      providerValues: { password: 'planted', image: { tag: 'x1' } },
    });

    expect(JSON.stringify(result.schema)).not.toMatch(/planted|x1/);
    expect(at(result.schema, 'image', 'tag')['description']).toBe('Which version.');
  });

  it('takes every values file that can be written, unchanged', { timeout: 60_000 }, () => {
    const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
    // `__proto__` is no name that a values file of a chart has; it would test JavaScript.
    const values = fc.dictionary(
      fc
        .string({ maxLength: 5 })
        .filter((name) => name !== '__proto__' && name !== 'nodeName' && name !== 'global'),
      json,
    );

    fc.assert(
      fc.property(values, (given) => {
        const result = valuesSchemaOf({ chart: { values: given, valuesYaml: '', valuesSchema: undefined } });

        expect(structuralViolations(result.schema)).toEqual([]);
        expect(storedBy(result.schema, given)).toEqual(given);
      }),
      { numRuns: 150 },
    );
  });
});

describe('valuesSchemaOf a chart with a schema', () => {
  const declared = (schema: JsonObject, values = CHART): ReturnType<typeof valuesSchemaOf> =>
    valuesSchemaOf({ chart: chartOf(values, schema) });

  it('does not demand what the chart gives by default', () => {
    const { schema, admission } = declared({
      type: 'object',
      required: ['replicas', 'password', 'site'],
      properties: {
        replicas: { type: 'integer', minimum: 1 },
        password: { type: 'string' },
        site: { type: 'string' },
      },
    });

    expect(schema['required']).toEqual(['password', 'site']);
    expect(isJsonObject(admission) && admission['required']).toEqual(['password', 'site']);
    expect(storedBy(schema, { password: 'p', site: 's', replicas: 0 })).toBeUndefined();
  });

  it('relaxes behind references without touching their other users', () => {
    const { admission } = declared(
      {
        type: 'object',
        properties: { a: { $ref: '#/definitions/x' }, b: { $ref: '#/definitions/x' } },
        definitions: { x: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
      },
      'a: {name: n}\nb: {}\n',
    );

    expect(ajv.validate(admission as object, { a: {}, b: { name: 'x' } })).toBe(true);
    expect(ajv.validate(admission as object, { a: {}, b: {} })).toBe(false);
  });

  it("reads draft 4's flags and ids", () => {
    const { admission } = declared({
      $schema: 'http://json-schema.org/draft-04/schema#',
      id: 'http://example.org/x',
      type: 'object',
      properties: { ratio: { type: 'number', minimum: 0, exclusiveMinimum: true }, id: { type: 'string' } },
    });

    const validate = new Ajv({ strict: false }).compile(admission as object);
    expect(validate({ ratio: 0, id: 'x' })).toBe(false);
    expect(validate({ ratio: 0.1, id: 'x' })).toBe(true);
  });

  it('takes null for every default that may be absent, and keeps it', () => {
    const { schema, admission } = declared(
      {
        type: 'object',
        required: ['replicas'],
        properties: {
          replicas: { type: 'integer' },
          size: { enum: ['s', 'm'] },
          image: { $ref: '#/definitions/image' },
          list: { type: 'array', items: { type: 'string' } },
        },
        definitions: { image: { type: 'object', properties: { tag: { type: 'string' } } } },
      },
      'replicas: 1\nsize: s\nimage: {tag: x}\nlist: []\nother: 1\n',
    );
    const values = { size: null, image: { tag: null }, list: null, other: null };

    expect(storedBy(schema, values)).toEqual(values);
    expect(storedBy(schema, { image: null })).toEqual({ image: null });
    expect(ajv.validate(admission as object, values)).toBe(true);
    // Helm refuses merged values that lack it, so the default stays.
    expect(storedBy(schema, { replicas: null })).toEqual({});
  });

  it('keeps values the schema is silent on, and shows them', () => {
    const { schema } = declared({ type: 'object', properties: { replicas: { type: 'integer' } } });

    expect(storedBy(schema, { image: { tag: 'x' }, other: 1 })).toEqual({ image: { tag: 'x' }, other: 1 });
    expect(at(schema, 'debug')['description']).toBe('Default: false');
    expect(structuralViolations(schema)).toEqual([]);
  });

  it('takes descriptions from the comments where the schema has none', () => {
    const { schema } = declared({
      type: 'object',
      properties: { replicas: { type: 'integer' }, ratio: { type: 'number', description: 'Share.' } },
    });

    expect(at(schema, 'replicas')['description']).toBe('How many pods. Default: 1');
    expect(at(schema, 'ratio')['description']).toBe('Share. Default: 0.5');
  });

  it('gives an object even for a schema that is none', () => {
    for (const odd of [{ type: 'array' }, { anyOf: [{ type: 'object' }, { type: 'string' }] }]) {
      const { schema } = declared(odd);

      expect(schema['type']).toBe('object');
      expect(structuralViolations(schema)).toEqual([]);
    }
  });

  it("prefers the provider's schema to the chart's", () => {
    const result = valuesSchemaOf({
      chart: chartOf(CHART, { type: 'object', properties: { a: { type: 'string' } } }),
      ownSchema: { type: 'object', properties: { debug: { type: 'boolean' } }, additionalProperties: false },
    });

    expect(Object.keys(result.schema['properties'] as object).sort()).toEqual([
      'debug',
      'global',
      'nodeName',
    ]);
  });
});
