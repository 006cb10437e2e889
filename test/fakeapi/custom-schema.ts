import { Ajv } from 'ajv';
import { clone, isMap, listAt, mapAt, type JsonMap } from './json.ts';
import { schemaOfItems } from './list-keys.ts';
import type { Resource } from './resources.ts';
import { StatusError } from './status-error.ts';

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });

/** What the API server does to a custom resource before it stores it: unknown fields dropped, defaults set, then checked. */
export function admitCustom(resource: Resource, object: JsonMap): JsonMap {
  if (resource.schema === undefined) return object;
  const { apiVersion, kind, metadata, ...rest } = object;
  const kept = { apiVersion, kind, metadata, ...(shape(rest, resource.schema) as JsonMap) }; // true: a map stays a map
  check(resource, kept);
  return kept;
}

/** Prunes and defaults by a structural schema. */
function shape(value: unknown, schema: JsonMap): unknown {
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema) ?? {};
    return (value as unknown[]).map((item) => shape(item, items));
  }
  if (!isMap(value)) return value;
  const properties = mapAt(schema, 'properties');
  const additional = schema['additionalProperties'];
  const keepsAll =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema['x-kubernetes-embedded-resource'] === true;
  const result: JsonMap = {};
  for (const [key, member] of Object.entries(value)) {
    const property = properties[key];
    if (isMap(property)) result[key] = nulled(shape(member, property), property);
    else if (isMap(additional)) result[key] = shape(member, additional);
    else if (keepsAll || additional === true) result[key] = member;
    if (result[key] === undefined) delete result[key];
  }
  for (const [key, property] of Object.entries(properties)) {
    if (isMap(property) && property['default'] !== undefined && result[key] === undefined) {
      result[key] = shape(clone(property['default']), property);
    }
  }
  return result;
}

/** A null where none is allowed and a default exists is replaced by the default. */
function nulled(value: unknown, schema: JsonMap): unknown {
  return value === null && schema['nullable'] !== true && schema['default'] !== undefined ? undefined : value;
}

function check(resource: Resource, object: JsonMap): void {
  const schema = { ...translate(resource.schema ?? {}), required: listAt(resource.schema, 'required') };
  const { metadata: _metadata, ...checked } = object;
  if (ajv.validate({ ...schema, properties: withoutMetadata(schema) }, checked)) return;
  const causes = (ajv.errors ?? []).map((error) => ({
    reason: 'FieldValueInvalid',
    message: error.message ?? 'is invalid',
    field: error.instancePath.slice(1).replaceAll('/', '.') || '<root>',
  }));
  const name = String(mapAt(object, 'metadata')['name']);
  const texts = causes.map(({ field, message }) => `${field}: Invalid value: ${message}`);
  throw new StatusError(
    'Invalid',
    `${resource.kind}.${resource.group} "${name}" is invalid: ${texts.join(', ')}`,
    { causes },
  );
}

function withoutMetadata(schema: JsonMap): JsonMap {
  const { metadata: _metadata, ...properties } = mapAt(schema, 'properties');
  return properties;
}

/** Kubernetes's own keywords in terms of JSON Schema. */
function translate(schema: JsonMap): JsonMap {
  const result: JsonMap = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isMap(value)) {
      result[key] = Object.fromEntries(
        Object.entries(value).map(([name, s]) => [name, isMap(s) ? translate(s) : s]),
      );
    } else if ((key === 'items' || key === 'additionalProperties' || key === 'not') && isMap(value))
      result[key] = translate(value);
    else if ((key === 'allOf' || key === 'anyOf' || key === 'oneOf') && Array.isArray(value)) {
      result[key] = value.map((s) => (isMap(s) ? translate(s) : (s as unknown)));
    } else if (key !== 'default' && key !== 'format' && !key.startsWith('x-kubernetes-')) result[key] = value;
  }
  if (schema['x-kubernetes-int-or-string'] === true) result['type'] = ['integer', 'string'];
  else if (schema['nullable'] === true && typeof result['type'] === 'string')
    result['type'] = [result['type'], 'null'];
  delete result['nullable'];
  return result;
}

/** True if a schema holds CEL rules, which the fake can't evaluate. */
export function hasCelRules(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(hasCelRules);
  if (!isMap(schema)) return false;
  return 'x-kubernetes-validations' in schema || Object.values(schema).some(hasCelRules);
}
