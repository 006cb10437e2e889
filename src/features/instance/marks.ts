import { FIELD_MANAGER } from '../../client/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import { managedFieldsOf } from '../../runtime/managed-fields.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';

/** Where a slim object in a store carries its mark. Never written to the API. */
export const MARK_ANNOTATION = 'tenantry.dev/mark';

const MARK_LENGTH = 12;

/**
 * What tells whether somebody else changed a field of ours: a digest of the fields that the API server counts as ours.
 * Whoever changes, takes over or removes one of them takes it out of that list, while changes to other fields (a status,
 * an autoscaler's replicas, a bound volume, annotations of controllers) leave it alone. Undefined if we own nothing on it.
 */
export function markOf(object: KubeObject): string | undefined {
  const kept = object.metadata.annotations?.[MARK_ANNOTATION];
  if (kept !== undefined) return kept;
  if (!marks.has(object)) marks.set(object, computeMark(object));
  return marks.get(object);
}

/** Marks by object: the answer to a write is asked about twice, by the store and by the memory of our own writes. */
const marks = new WeakMap<KubeObject, string | undefined>();

function computeMark(object: KubeObject): string | undefined {
  const fields = managedFieldsOf(object)
    .filter(({ manager, subresource }) => manager === FIELD_MANAGER && (subresource ?? '') === '')
    .map(({ operation, fieldsV1 }) => `${operation}:${canonicalJson(fieldsV1)}`)
    .sort();
  if (fields.length === 0) return undefined;
  return shortHash([...fields, ...contentOf(object)].join('\n'), MARK_LENGTH);
}

/** Kinds that isolate an instance. Nothing but us writes their content, so the content itself counts: a field manager's
 * name is only what a writer says of himself. */
const ISOLATING = new Set(['NetworkPolicy', 'ResourceQuota', 'LimitRange', 'RoleBinding']);

function contentOf(object: KubeObject): readonly string[] {
  if (!ISOLATING.has(object.kind)) return [];
  // What these kinds are made of; a field that a kind does not have is undefined.
  const { spec, roleRef, subjects } = object as KubeObject &
    Readonly<Record<'spec' | 'roleRef' | 'subjects', unknown>>;
  return [canonicalJson([spec ?? null, roleRef ?? null, subjects ?? null])];
}
