import { clone, isMap, type JsonMap } from './json.ts';
import { listKeys } from './list-keys.ts';
import { notImplemented, StatusError } from './status-error.ts';

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return clone(patch);
  const result: JsonMap = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902. A test that fails, or a path that is not there, is 422 as on the real server. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new StatusError('BadRequest', 'a JSON patch must be an array');
  let result: unknown = clone(target);
  for (const operation of operations) {
    if (!isMap(operation)) throw new StatusError('BadRequest', 'an operation must be an object');
    result = applyOperation(result, operation);
  }
  return result;
}

const invalid = (message: string): StatusError =>
  new StatusError('Invalid', `the server rejected our request due to an error in our request: ${message}`);

function applyOperation(root: unknown, operation: JsonMap): unknown {
  const path = String(operation['path']);
  const from = String(operation['from']);
  switch (operation['op']) {
    case 'add':
      return change(root, path, 'add', clone(operation['value']));
    case 'replace':
      return change(root, path, 'replace', clone(operation['value']));
    case 'remove':
      return change(root, path, 'remove', undefined);
    case 'move': {
      const moved = clone(valueAt(root, from));
      return change(change(root, from, 'remove', undefined), path, 'add', moved);
    }
    case 'copy':
      return change(root, path, 'add', clone(valueAt(root, from)));
    case 'test':
      if (JSON.stringify(valueAt(root, path)) !== JSON.stringify(operation['value']))
        throw invalid(`testing ${path} failed`);
      return root;
    default:
      throw invalid(`unexpected kind: ${String(operation['op'])}`);
  }
}

const segments = (path: string): string[] =>
  path === ''
    ? []
    : path
        .slice(1)
        .split('/')
        .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));

function valueAt(root: unknown, path: string): unknown {
  return segments(path).reduce<unknown>((node, key) => {
    const next: unknown = Array.isArray(node) ? node[Number(key)] : isMap(node) ? node[key] : undefined;
    if (next === undefined) throw invalid(`${path} does not exist`);
    return next;
  }, root);
}

function change(root: unknown, path: string, op: 'add' | 'replace' | 'remove', value: unknown): unknown {
  const keys = segments(path);
  const last = keys.pop();
  if (last === undefined) return op === 'remove' ? null : value;
  const parent = valueAt(root, keys.length === 0 ? '' : path.slice(0, path.lastIndexOf('/')));
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length - (op === 'add' ? 0 : 1))
      throw invalid(`${path} does not exist`);
    if (op === 'remove') parent.splice(index, 1);
    else parent.splice(index, op === 'replace' ? 1 : 0, value);
    return root;
  }
  // A replacement of a key that is not there adds it: RFC 6902 would not, upstream's library does.
  if (!isMap(parent) || (op === 'remove' && !(last in parent))) throw invalid(`${path} does not exist`);
  if (op === 'remove') delete parent[last];
  else parent[last] = value;
  return root;
}

/**
 * Strategic merge patch as far as clients of ours use it: maps merge, lists with known keys merge by key, other lists
 * are replaced, `$patch: delete` inside such a list removes the item. Every other directive is refused.
 */
export function strategicPatch(
  kind: string,
  target: unknown,
  patch: unknown,
  path: readonly string[] = [],
): unknown {
  if (Array.isArray(patch)) {
    const keys = listKeys(kind, path, patch, undefined);
    return keys === undefined || keys === 'set' ? clone(patch) : mergeKeyed(kind, target, patch, path, keys);
  }
  if (!isMap(patch)) return clone(patch);
  const result: JsonMap = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) throw notImplemented(`strategic merge directive ${key}`);
    if (value === null) delete result[key];
    else result[key] = strategicPatch(kind, result[key], value, [...path, key]);
  }
  return result;
}

function mergeKeyed(
  kind: string,
  target: unknown,
  patch: readonly unknown[],
  path: readonly string[],
  keys: readonly string[],
): unknown[] {
  const result: unknown[] = Array.isArray(target) ? [...(target as unknown[])] : [];
  for (const item of patch) {
    if (!isMap(item)) throw new StatusError('BadRequest', `${path.join('.')}: an item is not an object`);
    const { $patch: directive, ...fields } = item;
    const at = result.findIndex((other) => isMap(other) && keys.every((key) => other[key] === fields[key]));
    if (directive === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (directive !== undefined)
      throw notImplemented(`strategic merge directive $patch: ${JSON.stringify(directive)}`);
    else if (at < 0) result.push(clone(fields));
    else result[at] = strategicPatch(kind, result[at], fields, path);
  }
  return result;
}
