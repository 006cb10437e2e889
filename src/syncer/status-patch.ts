import type { Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import type { Deed } from './deed.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The patch that makes the status of a tenant's object read so, or nothing where it does. Fields in `except` are the
 * tenant's API server's own, and left alone.
 */
export function statusPatch(
  kind: Kind,
  object: KubeObject & { readonly status?: unknown },
  status: unknown,
  except: readonly string[] = [],
): readonly Deed[] {
  // Statuses are JSON maps in every kind that has one.
  const present = without((object.status ?? {}) as Fields, except);
  const wanted = without((status ?? {}) as Fields, except);
  if (deepEqual(present, wanted)) return [];
  const gone = Object.keys(present).filter((key) => !(key in wanted));
  // Maps are replaced whole, not merged: what the host does not say is not so.
  const changed = Object.entries(wanted).filter(([key, value]) => !deepEqual(present[key], value));
  const fields = Object.fromEntries([
    ...changed.map(([key, value]) => [key, replacement(present[key], value)] as const),
    ...gone.map((key) => [key, null] as const),
  ]);
  const { namespace, name, uid } = object.metadata;
  const body = { metadata: { uid }, status: fields };
  return [
    { do: 'patch', on: 'tenant', kind, ref: { namespace, name }, type: 'merge', body, subresource: 'status' },
  ];
}

/** As a merge patch: keys of a map that are to go are named with null. */
function replacement(before: unknown, after: unknown): unknown {
  if (!isFields(before) || !isFields(after)) return after;
  const gone = Object.keys(before).filter((key) => !(key in after));
  return {
    ...Object.fromEntries(
      Object.entries(after).map(([key, value]) => [key, replacement(before[key], value)]),
    ),
    ...Object.fromEntries(gone.map((key) => [key, null])),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(fields: Fields, except: readonly string[]): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => !except.includes(key) && value !== undefined),
  );
}
