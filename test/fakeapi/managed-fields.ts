import { deepEqual } from '../../src/lib/deep-equal.ts';
import { clone, isMap, type JsonMap } from './json.ts';
import { isAtomicMap, listKeys, schemaOfField, schemaOfItems } from './list-keys.ts';

/** FieldsV1: `f:` members, `k:` items by key, `v:` values of a set, `.` the item or map itself. Leaves are `{}`. */
export type Fields = { [segment: string]: Fields };

/** Which kind an object is of, as far as merging needs to know. */
export interface Shape {
  readonly kind: string;
  readonly schema: JsonMap | undefined;
}

/** Never owned by anyone: the server's own. */
const SERVER_FIELDS = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'generateName',
]);

/** The fields an object sets. */
export function fieldsOf(shape: Shape, object: JsonMap): Fields {
  const result: Fields = {};
  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind') continue;
    if (key === 'metadata' && isMap(value)) {
      const kept = Object.fromEntries(Object.entries(value).filter(([name]) => !SERVER_FIELDS.has(name)));
      if (Object.keys(kept).length > 0)
        result['f:metadata'] = fieldsOfValue(shape.kind, kept, ['metadata'], undefined);
      continue;
    }
    result[`f:${key}`] = fieldsOfValue(shape.kind, value, [key], schemaOfField(shape.schema, key));
  }
  return result;
}

function fieldsOfValue(
  kind: string,
  value: unknown,
  path: readonly string[],
  schema: JsonMap | undefined,
): Fields {
  if (Array.isArray(value)) {
    const keys = listKeys(kind, path, value, schema);
    if (keys === undefined) return {};
    return Object.fromEntries(
      value.map((item: unknown): [string, Fields] =>
        keys === 'set'
          ? [`v:${JSON.stringify(item)}`, {}]
          : [segmentOf(item, keys), { '.': {}, ...fieldsOfValue(kind, item, path, schemaOfItems(schema)) }],
      ),
    );
  }
  if (!isMap(value) || isAtomicMap(path, schema)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      `f:${key}`,
      fieldsOfValue(kind, member, [...path, key], schemaOfField(schema, key)),
    ]),
  );
}

/** `k:{"name":"a"}`; a protocol that is not given is TCP, as the API defaults it. */
function segmentOf(item: unknown, keys: readonly string[]): string {
  const fields = isMap(item) ? item : {};
  const entries = [...keys].sort().map((key) => [key, fields[key] ?? (key === 'protocol' ? 'TCP' : null)]);
  return `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

/** What a server-side apply leaves of the live object: applied fields set, fields that were owned and are no more removed. */
export function mergeApplied(shape: Shape, live: JsonMap, applied: JsonMap, removed: Fields): JsonMap {
  const merged = merge(shape.kind, live, applied, [], shape.schema) as JsonMap; // true: two maps merge into a map
  return prune(shape.kind, merged, removed, [], shape.schema) as JsonMap; // true: the root itself is never removed
}

function merge(
  kind: string,
  live: unknown,
  applied: unknown,
  path: readonly string[],
  schema: JsonMap | undefined,
): unknown {
  const atomic = path.length > 0 && isAtomicMap(path, path[0] === 'metadata' ? undefined : schema);
  if (isMap(applied) && isMap(live) && !atomic) {
    const result: JsonMap = { ...live };
    for (const [key, value] of Object.entries(applied)) {
      if (path.length === 1 && path[0] === 'metadata' && SERVER_FIELDS.has(key)) continue;
      result[key] = merge(kind, live[key], value, [...path, key], memberSchema(path, schema, key));
    }
    return result;
  }
  if (!Array.isArray(applied) || !Array.isArray(live)) return clone(applied);
  const keys = listKeys(kind, path, applied, schema);
  if (keys === undefined) return clone(applied);
  const idOf = (item: unknown): string => (keys === 'set' ? JSON.stringify(item) : segmentOf(item, keys));
  const result: unknown[] = [...(live as unknown[])];
  for (const item of applied as unknown[]) {
    const at = result.findIndex((other) => idOf(other) === idOf(item));
    if (at < 0) result.push(clone(item));
    else result[at] = merge(kind, result[at], item, path, schemaOfItems(schema));
  }
  return result;
}

const memberSchema = (
  path: readonly string[],
  schema: JsonMap | undefined,
  key: string,
): JsonMap | undefined =>
  path.length === 0 && key === 'metadata'
    ? undefined
    : path[0] === 'metadata'
      ? undefined
      : schemaOfField(schema, key);

function prune(
  kind: string,
  value: unknown,
  removed: Fields,
  path: readonly string[],
  schema: JsonMap | undefined,
): unknown {
  if (Array.isArray(value)) {
    const keys = listKeys(kind, path, value, schema);
    if (keys === undefined) return value;
    const segment = (item: unknown): string =>
      keys === 'set' ? `v:${JSON.stringify(item)}` : segmentOf(item, keys);
    return (value as unknown[])
      .filter((item) => {
        const fields = removed[segment(item)];
        return fields === undefined || (keys !== 'set' && fields['.'] === undefined);
      })
      .map((item) => prune(kind, item, removed[segment(item)] ?? {}, path, schemaOfItems(schema)));
  }
  if (!isMap(value)) return value;
  const result: JsonMap = {};
  for (const [key, member] of Object.entries(value)) {
    const fields = removed[`f:${key}`];
    if (fields === undefined) result[key] = member;
    else if (Object.keys(fields).length > 0) {
      const rest = prune(kind, member, fields, [...path, key], memberSchema(path, schema, key));
      const empty =
        (isMap(rest) && Object.keys(rest).length === 0) || (Array.isArray(rest) && rest.length === 0);
      if (!empty) result[key] = rest;
    }
  }
  return result;
}

/** Leaves of `a` that `b` has not. */
export function subtractFields(a: Fields, b: Fields): Fields {
  const result: Fields = {};
  for (const [segment, members] of Object.entries(a)) {
    const other = b[segment];
    if (other === undefined) result[segment] = members;
    else if (Object.keys(members).length > 0) {
      // A leaf in `b` (an atomic value) covers everything below it.
      const rest = Object.keys(other).length === 0 ? {} : subtractFields(members, other);
      if (Object.keys(rest).length > 0) result[segment] = rest;
    }
  }
  return result;
}

/** Leaves that were owned and are applied no more. A map that is applied empty covers nothing of what was in it. */
export function fieldsBeyond(owned: Fields, applied: Fields): Fields {
  const result: Fields = {};
  for (const [segment, members] of Object.entries(owned)) {
    const other = applied[segment];
    const rest = other === undefined ? members : fieldsBeyond(members, other);
    if (other === undefined || Object.keys(rest).length > 0) result[segment] = rest;
  }
  return result;
}

export function unionFields(a: Fields, b: Fields): Fields {
  const result: Fields = { ...a };
  for (const [segment, members] of Object.entries(b)) {
    const other = result[segment];
    result[segment] = other === undefined ? members : unionFields(other, members);
  }
  return result;
}

/** What both have. */
export function intersectFields(a: Fields, b: Fields): Fields {
  const result: Fields = {};
  for (const [segment, members] of Object.entries(a)) {
    const other = b[segment];
    if (other === undefined) continue;
    const common = intersectFields(members, other);
    const leaf = Object.keys(members).length === 0 || Object.keys(other).length === 0;
    if (leaf || Object.keys(common).length > 0) result[segment] = common;
  }
  return result;
}

/** The fields of `after` whose values differ from `before`, or are new. */
export function changedFields(shape: Shape, before: JsonMap, after: JsonMap): Fields {
  const [was, is] = [fieldsOf(shape, before), fieldsOf(shape, after)];
  return differing(is, was, (path) => !deepEqual(lookUp(before, path), lookUp(after, path)), []);
}

function differing(
  is: Fields,
  was: Fields,
  differs: (path: readonly string[]) => boolean,
  path: readonly string[],
): Fields {
  const result: Fields = {};
  for (const [segment, members] of Object.entries(is)) {
    const here = [...path, segment];
    const old = was[segment];
    if (old === undefined) result[segment] = members;
    else if (Object.keys(members).length === 0) {
      if (segment !== '.' && differs(here)) result[segment] = members;
    } else {
      const rest = differing(members, old, differs, here);
      if (Object.keys(rest).length > 0) result[segment] = rest;
    }
  }
  return result;
}

/** The value a path of segments leads to. */
export function lookUp(object: unknown, path: readonly string[]): unknown {
  let node: unknown = object;
  for (const segment of path) {
    if (segment.startsWith('f:')) node = isMap(node) ? node[segment.slice(2)] : undefined;
    else if (segment.startsWith('k:') && Array.isArray(node)) {
      const keys = Object.keys(JSON.parse(segment.slice(2)) as JsonMap);
      node = (node as unknown[]).find((item) => segmentOf(item, keys) === segment);
    } else if (segment.startsWith('v:') && Array.isArray(node)) {
      node = (node as unknown[]).find((item) => `v:${JSON.stringify(item)}` === segment);
    } else return undefined;
  }
  return node;
}

/** Paths of the leaves both have, in the dotted form of the server's conflict messages. */
export function commonLeaves(a: Fields, b: Fields, path: readonly string[] = []): string[][] {
  return Object.entries(a).flatMap(([segment, members]): string[][] => {
    const other = b[segment];
    if (other === undefined || segment === '.') return [];
    const here = [...path, segment];
    const leaf = Object.keys(members).length === 0 || Object.keys(other).length === 0;
    return leaf ? [here] : commonLeaves(members, other, here);
  });
}

/** `.spec.containers[name="a"].image`. */
export function formatPath(path: readonly string[]): string {
  return path
    .map((segment) => {
      if (segment.startsWith('f:')) return `.${segment.slice(2)}`;
      if (segment.startsWith('v:')) return `[${segment.slice(2)}]`;
      const keys = JSON.parse(segment.slice(2)) as JsonMap;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}
