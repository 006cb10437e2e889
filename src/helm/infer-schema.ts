import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import { ANYTHING } from '../api/structural-schema.ts';
import type { Json } from '../kube/object.ts';

/**
 * The structural schema of a values file that has no schema: what a default looks like, its replacement may look like.
 * Every field may be null, for that is how Helm drops a default. Where the default does not tell the shape (null, `[]`,
 * `{}`, mixed lists) anything of that sort is kept. Below the top level an object keeps fields the file does not name,
 * since charts pass whole objects on (`resources`, `labels`); at the top they are pruned, so that kubectl tells of a typo.
 */
export function inferSchema(values: JsonObject): JsonObject {
  const properties = propertiesOf(values, 0);
  // Helm hands `global` to every subchart; charts use it without naming it.
  if (properties['global'] === undefined) properties['global'] = FREE_OBJECT;
  return { type: 'object', properties };
}

/** Levels that are described; deeper ones are kept as they are. */
const MAX_DEPTH = 12;

const FREE_OBJECT: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function propertiesOf(values: JsonObject, depth: number): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { ...schemaOf(value, depth + 1), nullable: true }]),
  );
}

function schemaOf(value: Json, depth: number): JsonObject {
  if (value === null || depth > MAX_DEPTH) return ANYTHING;
  if (Array.isArray(value)) return { type: 'array', items: itemsOf(value as readonly Json[], depth) };
  if (isJsonObject(value)) {
    return Object.keys(value).length === 0
      ? FREE_OBJECT
      : { ...FREE_OBJECT, properties: propertiesOf(value, depth) };
  }
  switch (typeof value) {
    case 'string':
      return { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    default:
      return { type: Number.isInteger(value) ? 'integer' : 'number' };
  }
}

/** One schema for all entries: theirs if they agree, else anything. Objects in lists stay open and unnamed. */
function itemsOf(items: readonly Json[], depth: number): JsonObject {
  const [first, ...others] = items.map((item) =>
    isJsonObject(item) ? FREE_OBJECT : schemaOf(item, depth + 1),
  );
  if (first === undefined || first['type'] === undefined) return ANYTHING;
  if (others.every((other) => other['type'] === first['type']))
    return first['type'] === 'array' ? { type: 'array', items: ANYTHING } : first;
  const isNumeric = [first, ...others].every(
    (each) => each['type'] === 'integer' || each['type'] === 'number',
  );
  return isNumeric ? { type: 'number' } : ANYTHING;
}
