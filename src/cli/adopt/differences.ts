import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { AnyObject } from '../../kube/object.ts';
import { isMap } from '../../lib/narrow.ts';

/** Metadata that the server writes at every change. */
const SERVERS = new Set(['managedFields', 'resourceVersion', 'generation', 'creationTimestamp', 'uid']);
/** Where lists of maps have a key: items are compared by it, as the server merges them. */
const LIST_KEYS = ['name', 'key', 'containerPort', 'port', 'mountPath', 'ip'] as const;

/**
 * The fields in which two states of an object differ, as paths; never a value, for some are secrets. What adopting itself marks is
 * none of them. Pure.
 */
export function differences(before: AnyObject, after: AnyObject): readonly string[] {
  return walk(plain(before), plain(after), '').filter((path) => path !== '');
}

/** True if a difference makes a workload replace its pods. */
export function replacesPods(path: string): boolean {
  return path === 'spec.template' || path.startsWith('spec.template.');
}

function plain({ metadata, status: _status, ...rest }: AnyObject): unknown {
  const { [INSTANCE_UID_LABEL]: _uid, ...labels } = metadata.labels ?? {};
  const kept = Object.fromEntries(Object.entries(metadata).filter(([name]) => !SERVERS.has(name)));
  return { ...rest, metadata: { ...kept, labels } };
}

function walk(before: unknown, after: unknown, path: string): readonly string[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const [one, other] = [byKey(before), byKey(after)];
    if (one !== undefined && other !== undefined) return walk(one, other, path);
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) =>
      walk(before[index], after[index], `${path}[${index}]`),
    ).flat();
  }
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => walk(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

/** A list of maps that all have the same key, as a map by it. */
function byKey(list: readonly unknown[]): Readonly<Record<string, unknown>> | undefined {
  const key = LIST_KEYS.find((one) => list.every((item) => isMap(item) && item[one] !== undefined));
  if (key === undefined || list.length === 0) return undefined;
  // True: the line above saw a map with this key in every item.
  const entries = list.map((item) => [String((item as Record<string, unknown>)[key]), item] as const);
  const map = Object.fromEntries(entries);
  return Object.keys(map).length === list.length ? map : undefined;
}
