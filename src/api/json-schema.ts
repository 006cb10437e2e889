import type { Json } from '../kube/object.ts';

/** A JSON object: most schemas, most values. */
export type JsonObject = Readonly<Record<string, Json>>;

/** True for `{…}`; false for null, arrays and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a JSON pointer inside one document (`#/definitions/a~1b`), or undefined. */
export function atPointer(root: Json, pointer: string): Json | undefined {
  let node: Json | undefined = root;
  for (const raw of pointer.split('/').slice(1)) {
    const key = decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(node)) node = (node as readonly Json[])[Number(key)];
    else if (isJsonObject(node) && Object.hasOwn(node, key)) node = node[key];
    else return undefined;
  }
  return node;
}

/**
 * Follows a `$ref` within its own document: `#`, `#/a/b`, and `#name` for `$anchor`, `$id` or draft 4's `id`.
 * Anything else would need the network and answers undefined.
 */
export function resolveRef(root: Json, ref: string): Json | undefined {
  if (ref === '#') return root;
  if (ref.startsWith('#/')) {
    try {
      return atPointer(root, ref);
    } catch {
      return undefined; // a stray % in the pointer: not resolvable
    }
  }
  const isNamed = (node: JsonObject): boolean =>
    node['$id'] === ref || node['id'] === ref || (ref.startsWith('#') && node['$anchor'] === ref.slice(1));
  return findNode(root, isNamed, 0);
}

/** Levels searched for an anchor; deeper definitions are not found, which the caller reports. */
const MAX_SEARCH_DEPTH = 32;

function findNode(node: Json, wanted: (node: JsonObject) => boolean, depth: number): JsonObject | undefined {
  if (typeof node !== 'object' || node === null || depth > MAX_SEARCH_DEPTH) return undefined;
  if (isJsonObject(node) && wanted(node)) return node;
  for (const child of Object.values(node)) {
    const found = findNode(child, wanted, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
