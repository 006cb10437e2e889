import type { KubeObject } from '../kube/object.ts';
import { isMap } from '../lib/narrow.ts';

/** What a store keeps of an object. */
export type Slim<T> = (object: T) => T;

/** The default: everything but managedFields, which are half of an object's bytes and read by nobody here. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _dropped, ...metadata } = object.metadata as T['metadata'] & {
    managedFields: unknown;
  };
  return { ...object, metadata };
}

/**
 * One projection that keeps what any of several keeps: watches of one kind share a store. `undefined` among them stands
 * for `withoutManagedFields`. Slims get the object as the server sent it, with managedFields, and may compute fields from
 * it. Functions that are the same count once, so state them at module level where many watches use them.
 */
export function unionOfSlims<T extends KubeObject>(slims: ReadonlySet<Slim<T> | undefined>): Slim<T> {
  const all = [...slims].map((slim) => slim ?? withoutManagedFields);
  const [first = withoutManagedFields, ...others] = all;
  if (others.length === 0) return first;
  return (object) =>
    // Each projection is of type T, and joining them by field keeps every field that T asks for.
    others.reduce<unknown>((sum, slim) => join(sum, slim(object), object), first(object)) as T;
}

/** Joins two projections of the same value. Lists that were filtered differently are kept whole. */
function join(a: unknown, b: unknown, whole: unknown): unknown {
  if (a === undefined) return b;
  if (b === undefined || a === b) return a;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length || !Array.isArray(whole) || a.length !== whole.length) return whole ?? a;
    return a.map((item: unknown, index) => join(item, b[index], whole[index]));
  }
  if (!isMap(a) || !isMap(b)) return a;
  const original = isMap(whole) ? whole : {};
  const result: Record<string, unknown> = { ...a };
  for (const [key, inner] of Object.entries(b)) result[key] = join(a[key], inner, original[key]);
  return result;
}
