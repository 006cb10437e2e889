/** JSON as the fake API server works on it: changeable, because it owns what it stores. */
export type JsonMap = { [key: string]: unknown };

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map under a key, or an empty one. */
export function mapAt(parent: JsonMap | undefined, key: string): JsonMap {
  const value = parent?.[key];
  return isMap(value) ? value : {};
}

export function stringAt(parent: JsonMap | undefined, key: string): string | undefined {
  const value = parent?.[key];
  return typeof value === 'string' ? value : undefined;
}

export function listAt(parent: JsonMap | undefined, key: string): readonly unknown[] {
  const value = parent?.[key];
  return Array.isArray(value) ? value : [];
}

/** Without those of the keys whose map or list is empty, or null: the server leaves them out of typed objects. */
export function withoutEmpty<T extends JsonMap>(object: T, keys: readonly string[]): T {
  // True: only optional fields are named.
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) =>
        !keys.includes(key) || (typeof value === 'object' && value !== null && Object.keys(value).length > 0),
    ),
  ) as T;
}

/** A deep copy of what came out of JSON. */
export const clone = <T>(value: T): T => structuredClone(value);

/** An object as the server stores it. */
export interface Stored extends JsonMap {
  apiVersion: string;
  kind: string;
  metadata: JsonMap & { name: string; uid: string; resourceVersion: string };
}
