import type { Json } from '../kube/object.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { isJsonObject, type JsonObject } from './json-schema.ts';

/** Told of every keyword whose two values can't be said in one schema. */
export type OnConflict = (keyword: string) => void;

type Merge = (a: Json, b: Json, conflict: () => void) => Json;

const larger: Merge = (a, b) => Math.max(Number(a), Number(b));
const smaller: Merge = (a, b) => Math.min(Number(a), Number(b));
const both: Merge = (a, b) => ({ allOf: [a, b] });
const first: Merge = (a) => a;
const keepFirst: Merge = (a, _b, conflict) => {
  conflict();
  return a;
};

function asList(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

const intersectTypes: Merge = (a, b, conflict) => {
  const right = asList(b);
  // Every integer is a number, so the meeting of both is integer.
  const kept = asList(a).flatMap((type) => {
    if (right.includes(type)) return [type];
    if (type === 'number' && right.includes('integer')) return ['integer'];
    return type === 'integer' && right.includes('number') ? ['integer'] : [];
  });
  if (kept.length === 0) {
    conflict();
    return a;
  }
  return kept.length === 1 ? (kept[0] ?? a) : kept;
};

const intersectEnums: Merge = (a, b, conflict) => {
  const kept = asList(a).filter((x) => asList(b).some((y) => deepEqual(x, y)));
  if (kept.length > 0) return kept;
  conflict();
  return a;
};

const unionRequired: Merge = (a, b) => [...new Set([...asList(a), ...asList(b)])];

/** Properties of both; one named in both must satisfy both, which is worked out when it is compiled. */
const mergeProperties: Merge = (a, b) => {
  if (!isJsonObject(a) || !isJsonObject(b)) return a;
  const merged: Record<string, Json> = { ...a };
  for (const [name, schema] of Object.entries(b)) {
    const other = Object.hasOwn(a, name) ? a[name] : undefined;
    merged[name] = other === undefined || deepEqual(other, schema) ? schema : { allOf: [other, schema] };
  }
  return merged;
};

const RULES: Readonly<Record<string, Merge>> = {
  type: intersectTypes,
  enum: intersectEnums,
  required: unionRequired,
  properties: mergeProperties,
  patternProperties: mergeProperties,
  minimum: larger,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  maximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  items: both,
  additionalProperties: (a, b) => (a === false || b === false ? false : { allOf: [a, b] }),
  $defs: first,
  definitions: first,
  $schema: first,
  $id: first,
  id: first,
  title: first,
  description: first,
  default: first,
  examples: first,
  $comment: first,
};

/** One schema that says what both say. What can't be said in one keeps the first and is reported. */
export function mergeSchemas(a: JsonObject, b: JsonObject, onConflict: OnConflict): JsonObject {
  const merged: Record<string, Json> = { ...a };
  for (const [keyword, value] of Object.entries(b)) {
    const present = Object.hasOwn(a, keyword) ? a[keyword] : undefined;
    if (present === undefined || deepEqual(present, value)) merged[keyword] = value;
    else merged[keyword] = (RULES[keyword] ?? keepFirst)(present, value, () => onConflict(keyword));
  }
  if (closesTo(a, b) || closesTo(b, a)) onConflict('additionalProperties');
  return merged;
}

/** True if `a` has a rule for fields that it does not name and `b` names: merged, they look named by both. */
function closesTo(a: JsonObject, b: JsonObject): boolean {
  const { properties, additionalProperties: rule } = a;
  if (rule === undefined || rule === true || !isJsonObject(b['properties'])) return false;
  return Object.keys(b['properties']).some(
    (name) => !isJsonObject(properties) || !Object.hasOwn(properties, name),
  );
}
