/** Anything that JSON writes. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

/** Where a value stands: names of fields and places in lists. */
export type Path = readonly (string | number)[];

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path; undefined where there is none. */
export function valueAt(values: Json | undefined, path: Path): Json | undefined {
  let inner: Json | undefined = values;
  for (const key of path) {
    if (Array.isArray(inner) && typeof key === 'number') inner = (inner as readonly Json[])[key];
    else if (isMap(inner) && Object.hasOwn(inner, key)) inner = inner[key];
    else return undefined;
  }
  return inner;
}

/** A copy with another value at the path. Undefined takes the field away, and whatever map is empty then: what nobody filled in is left to the service. */
export function withValue(values: Json | undefined, path: Path, value: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof key === 'number') {
    const list = Array.isArray(values) ? [...(values as readonly Json[])] : [];
    const inner = withValue(list[key], rest, value);
    if (inner === undefined) list.splice(key, 1);
    else list[key] = inner;
    return list;
  }
  const map = isMap(values) ? values : {};
  const inner = withValue(Object.hasOwn(map, key) ? map[key] : undefined, rest, value);
  const others = Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
  if (inner !== undefined) return { ...map, [key]: inner };
  return Object.keys(others).length === 0 ? undefined : others;
}
