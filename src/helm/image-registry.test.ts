import { describe, expect, it } from 'vitest';
import { registryValues } from './image-registry.ts';

const GIVEN = { global: { imageRegistry: 'r' } };
const closed = (properties: Record<string, object>): object => ({ properties, additionalProperties: false });

describe('registryValues', () => {
  it('gives nothing where no registry is set', () => {
    expect(registryValues(undefined, undefined)).toEqual({});
  });

  it.each([
    ['no schema', undefined, GIVEN],
    ['an open schema', { properties: { a: {} } }, GIVEN],
    ['a schema that names it', closed({ global: closed({ imageRegistry: {} }) }), GIVEN],
    ['a schema that leaves global open', closed({ global: { type: 'object' } }), GIVEN],
    ['a closed schema', closed({ a: {} }), {}],
    ['a schema closed by unevaluatedProperties', { unevaluatedProperties: false }, {}],
    ['a closed global', closed({ global: closed({ storageClass: {} }) }), {}],
    ['a global that must not be', { properties: { global: false } }, {}],
  ])('with %s', (_name, schema, expected) => {
    // True: the table holds plain JSON.
    expect(registryValues('r', schema as never)).toEqual(expected);
  });
});
