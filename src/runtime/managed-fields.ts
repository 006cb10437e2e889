import type { KubeObject } from '../kube/object.ts';

/** meta/v1 ManagedFieldsEntry, the fields we read. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldSet;
}

/** fieldsV1: a tree of paths. */
type FieldSet = { readonly [path: string]: FieldSet };

/** managedFields of an object, which the informers drop and the types leave out. */
export function managedFieldsOf(object: KubeObject): readonly ManagedFieldsEntry[] {
  // The API server fills this list in every answer; whatever else stands there has no entries of ours.
  const metadata = object.metadata as KubeObject['metadata'] & {
    readonly managedFields?: readonly ManagedFieldsEntry[];
  };
  return Array.isArray(metadata.managedFields) ? metadata.managedFields : [];
}

/**
 * What managedFields must be so that a server-side apply by `manager` also removes fields that `manager` *created* the
 * object with; undefined if they are right already.
 *
 * Our first write is a create, which the server records as operation Update. An apply removes only what an earlier
 * Apply by the same manager owned, so a field of the first version that is left out of the second one would stay for
 * ever. Counting the created fields as applied (what client-go's csaupgrade does for kubectl) closes that hole.
 */
export function countCreatedAsApplied(
  entries: readonly ManagedFieldsEntry[],
  manager: string,
): readonly ManagedFieldsEntry[] | undefined {
  return asApplied(entries, manager, (entry) => entry.manager === manager && entry.operation === 'Update');
}

/**
 * What managedFields must be so that what any of `others` wrote, applied or not, counts as applied by `manager`, who writes in their place
 * from now on; undefined if they wrote nothing.
 */
export function countAsApplied(
  entries: readonly ManagedFieldsEntry[],
  others: readonly string[],
  manager: string,
): readonly ManagedFieldsEntry[] | undefined {
  return asApplied(entries, manager, (entry) => others.includes(entry.manager ?? ''));
}

function asApplied(
  entries: readonly ManagedFieldsEntry[],
  manager: string,
  counts: (entry: ManagedFieldsEntry) => boolean,
): readonly ManagedFieldsEntry[] | undefined {
  const isCreated = (entry: ManagedFieldsEntry): boolean => counts(entry) && (entry.subresource ?? '') === '';
  const isApplied = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '';
  const created = entries.filter(isCreated);
  if (created.length === 0) return undefined;

  const applied = entries.find(isApplied);
  const base = applied ?? { ...created[0], manager, operation: 'Apply' };
  const fields = created.reduce((sum, entry) => union(sum, entry.fieldsV1 ?? {}), applied?.fieldsV1 ?? {});
  const others = entries.filter((entry) => !isCreated(entry) && !isApplied(entry));
  return [...others, { ...base, fieldsV1: fields }];
}

function union(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = { ...a };
  for (const [path, inner] of Object.entries(b)) result[path] = union(result[path] ?? {}, inner);
  return result;
}
