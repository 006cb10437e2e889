import { isJsonObject } from '../../src/api/json-schema.ts';
import type { Json } from '../../src/kube/object.ts';

/**
 * The API server's rules for a structural schema, written down a second time and independently of the compiler:
 * answers every violation with its path. Empty: a server takes the schema.
 */
export function structuralViolations(schema: Json, path = '$'): string[] {
  if (!isJsonObject(schema)) return [`${path}: not an object`];
  const found: string[] = [];
  const bad = (what: string): void => void found.push(`${path}: ${what}`);
  for (const keyword of Object.keys(schema)) {
    if (!ALLOWED.has(keyword)) bad(`keyword ${keyword} is not allowed`);
  }
  const { type, items, properties, additionalProperties, anyOf } = schema;
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === undefined && !isFree && !isIntOrString) bad('has no type');
  if (type !== undefined && !(typeof type === 'string' && TYPES.has(type)))
    bad(`type ${JSON.stringify(type)}`);
  if (isIntOrString && type !== undefined) bad('int-or-string with a type');
  if (isFree && type !== undefined && type !== 'object') bad('preserve-unknown-fields on a non-object');
  if (type === 'array' && !isJsonObject(items)) bad('array without items');
  if (type !== 'array' && items !== undefined) bad('items without type array');
  if (properties !== undefined && additionalProperties !== undefined)
    bad('properties and additionalProperties');
  if (properties !== undefined && type !== 'object') bad('properties without type object');
  for (const keyword of ['exclusiveMinimum', 'exclusiveMaximum']) {
    if (schema[keyword] !== undefined && typeof schema[keyword] !== 'boolean')
      bad(`${keyword} is not a boolean`);
  }
  for (const branch of Array.isArray(anyOf) ? (anyOf as readonly Json[]) : []) {
    for (const keyword of isJsonObject(branch) ? Object.keys(branch) : ['?']) {
      if (!IN_ANY_OF.has(keyword)) bad(`${keyword} inside anyOf`);
    }
  }
  if (isJsonObject(items)) found.push(...structuralViolations(items, `${path}[]`));
  if (isJsonObject(additionalProperties))
    found.push(...structuralViolations(additionalProperties, `${path}.*`));
  for (const [name, child] of isJsonObject(properties) ? Object.entries(properties) : []) {
    found.push(...structuralViolations(child, `${path}.${name}`));
  }
  return found;
}

const TYPES = new Set(['string', 'integer', 'number', 'boolean', 'array', 'object']);

const IN_ANY_OF = new Set([
  'required',
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'enum',
]);

const ALLOWED = new Set([
  ...IN_ANY_OF,
  'type',
  'description',
  'nullable',
  'format',
  'pattern',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'items',
  'properties',
  'additionalProperties',
  'anyOf',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);
