import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import type { Json } from '../kube/object.ts';

/** Merges values as Helm does with several files: maps key by key, everything else by the later one; null overrides too. */
export function mergeValues(...layers: readonly (JsonObject | undefined)[]): JsonObject {
  return layers.reduce<JsonObject>((base, over) => (over === undefined ? base : mergeTwo(base, over)), {});
}

function mergeTwo(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(base, key) ? base[key] : undefined;
    const next = isJsonObject(before) && isJsonObject(value) ? mergeTwo(before, value) : value;
    // By definition and not by assignment: a key `__proto__` is a value like any other.
    Object.defineProperty(merged, key, { value: next, enumerable: true, writable: true, configurable: true });
  }
  return merged;
}
