import { Ajv } from 'ajv';
import { isJsonObject, type JsonObject } from '../../src/api/json-schema.ts';
import type { Json } from '../../src/kube/object.ts';

const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });

const FREE: JsonObject = { 'x-kubernetes-preserve-unknown-fields': true };

/**
 * What the API server does with a value of a structural schema, in its order: a null where none is allowed is dropped, then
 * fields that the schema does not know, then the rest is judged. Answers what is stored; undefined if it is refused. That the
 * real server does the same is shown by `test/cluster/values-schema.test.ts`.
 */
export function storedBy(schema: JsonObject, value: Json): Json | undefined {
  const kept = prune(withoutNulls(value, schema), schema);
  return ajv.validate(forAjv(schema) as object, kept) ? kept : undefined;
}

function childSchema(schema: JsonObject, name: string): JsonObject | undefined {
  const { properties, additionalProperties } = schema;
  const named =
    isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
  return isJsonObject(named) ? named : undefined;
}

function withoutNulls(value: Json, schema: JsonObject | undefined): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) {
    const items = isJsonObject(schema['items']) ? schema['items'] : undefined;
    return (value as readonly Json[]).map((item) => withoutNulls(item, items));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]): [string, Json][] => {
      const below = childSchema(schema, name);
      if (child === null && below !== undefined && below['nullable'] !== true) return [];
      return [[name, withoutNulls(child, below)]];
    }),
  );
}

function prune(value: Json, schema: JsonObject): Json {
  if (Array.isArray(value)) {
    const items = isJsonObject(schema['items']) ? schema['items'] : FREE;
    return (value as readonly Json[]).map((item) => prune(item, items));
  }
  if (!isJsonObject(value)) return value;
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]): [string, Json][] => {
      const below = childSchema(schema, name);
      if (below !== undefined) return [[name, prune(child, below)]];
      return isFree ? [[name, child]] : [];
    }),
  );
}

/** The structural schema in words that ajv knows. */
function forAjv(schema: Json): Json {
  if (!isJsonObject(schema)) return schema;
  const out: Record<string, Json> = { ...schema };
  if (schema['x-kubernetes-int-or-string'] === true) out['type'] = ['string', 'integer'];
  if (schema['nullable'] === true && out['type'] !== undefined) out['type'] = [out['type'], 'null'].flat();
  // Alternatives are not tried for null.
  if (schema['nullable'] === true && Array.isArray(schema['anyOf']))
    out['anyOf'] = [...(schema['anyOf'] as readonly Json[]), { type: 'null' }];
  for (const [limit, flag] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (out[flag] === true) out[flag] = out[limit] ?? 0;
    else delete out[flag];
    if (out[flag] !== undefined) delete out[limit];
  }
  if (isJsonObject(schema['properties']))
    out['properties'] = Object.fromEntries(
      Object.entries(schema['properties']).map(([k, v]) => [k, forAjv(v)]),
    );
  for (const keyword of ['items', 'additionalProperties'])
    if (isJsonObject(schema[keyword])) out[keyword] = forAjv(schema[keyword]);
  for (const name of Object.keys(out)) if (name.startsWith('x-') || name === 'nullable') delete out[name];
  return out;
}
