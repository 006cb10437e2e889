import { isMap, listAt, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';
import {
  changedFields,
  commonLeaves,
  fieldsBeyond,
  fieldsOf,
  formatPath,
  intersectFields,
  lookUp,
  mergeApplied,
  subtractFields,
  unionFields,
  type Fields,
  type Shape,
} from './managed-fields.ts';
import { deepEqual } from '../../src/lib/deep-equal.ts';
import { StatusError } from './status-error.ts';

interface Entry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly subresource: string;
  readonly fields: Fields;
}

/** Who writes, for the managed fields. */
export interface Writer {
  readonly manager: string;
  readonly subresource: string;
  readonly time: string;
}

function readEntries(object: JsonMap): Entry[] {
  return listAt(mapAt(object, 'metadata'), 'managedFields')
    .filter(isMap)
    .map((entry) => ({
      manager: stringAt(entry, 'manager') ?? '',
      operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
      apiVersion: stringAt(entry, 'apiVersion') ?? '',
      time: stringAt(entry, 'time') ?? '',
      subresource: stringAt(entry, 'subresource') ?? '',
      fields: mapAt(entry, 'fieldsV1') as Fields, // true: only this file writes them
    }));
}

function withEntries<T extends JsonMap>(object: T, entries: readonly Entry[]): T {
  const managedFields = entries
    .filter((entry) => Object.keys(entry.fields).length > 0)
    .map(({ fields, subresource, ...entry }) => ({
      ...entry,
      fieldsType: 'FieldsV1',
      fieldsV1: fields,
      ...(subresource === '' ? {} : { subresource }),
    }));
  return { ...object, metadata: { ...mapAt(object, 'metadata'), managedFields } };
}

const same = (entry: Entry, writer: Writer, operation: Entry['operation']): boolean =>
  entry.manager === writer.manager &&
  entry.subresource === writer.subresource &&
  entry.operation === operation;

/**
 * Whose entries count in an update: those the client sent, if it sent any (so that ownership can be handed over), else
 * the live ones. One empty entry means that everything shall be forgotten. Through a subresource nothing is taken.
 */
function baseEntries(before: JsonMap, after: JsonMap, writer: Writer): Entry[] {
  const sent = listAt(mapAt(after, 'metadata'), 'managedFields').filter(isMap);
  if (writer.subresource !== '' || sent.length === 0) return readEntries(before);
  const forgets = sent.length === 1 && sent[0] !== undefined && Object.keys(sent[0]).length === 0;
  return forgets ? [] : readEntries(after);
}

/** Records a create, update or patch: what changed belongs to the writer, what is gone to nobody. */
export function recordUpdate(shape: Shape, before: JsonMap, after: Stored, writer: Writer): Stored {
  const changed = changedFields(shape, before, after);
  const present = fieldsOf(shape, after);
  const entries = baseEntries(before, after, writer);
  const own = entries.find((entry) => same(entry, writer, 'Update'));
  const others = entries
    .filter((entry) => entry !== own)
    .map((entry) => ({ ...entry, fields: intersectFields(subtractFields(entry.fields, changed), present) }));
  const fields = unionFields(intersectFields(own?.fields ?? {}, present), changed);
  const time = Object.keys(changed).length > 0 ? writer.time : (own?.time ?? writer.time);
  return withEntries(after, [
    ...others,
    {
      manager: writer.manager,
      subresource: writer.subresource,
      operation: 'Update',
      apiVersion: after.apiVersion,
      time,
      fields,
    },
  ]);
}

/** Server-side apply of a document onto the live object (an empty one where there is none). Throws Conflict. */
export function applyDocument(
  shape: Shape,
  live: JsonMap,
  document: JsonMap,
  writer: Writer & { readonly force: boolean },
): JsonMap {
  const entries = readEntries(live);
  const own = entries.find((entry) => same(entry, writer, 'Apply'));
  const applied = fieldsOf(shape, document);
  let others = entries.filter((entry) => entry !== own);
  const conflicts = others.flatMap((other) =>
    commonLeaves(applied, other.fields)
      .filter((path) => !deepEqual(lookUp(live, path), lookUp(document, path)))
      .map((path) => ({ owner: other, field: formatPath(path) })),
  );
  if (conflicts.length > 0 && !writer.force) throw conflictError(conflicts);
  if (conflicts.length > 0) {
    const changed = changedFields(shape, live, mergeApplied(shape, live, document, {}));
    others = others.map((other) => ({
      ...other,
      fields: subtractFields(other.fields, intersectFields(applied, changed)),
    }));
  }
  const owned = others.reduce<Fields>((all, other) => unionFields(all, other.fields), {});
  const removed = subtractFields(fieldsBeyond(own?.fields ?? {}, applied), owned);
  const merged = mergeApplied(shape, live, document, removed);
  const unchanged = own !== undefined && deepEqual(own.fields, applied) && deepEqual(merged, live);
  const entry: Entry = {
    manager: writer.manager,
    subresource: writer.subresource,
    operation: 'Apply',
    apiVersion: stringAt(document, 'apiVersion') ?? '',
    time: unchanged ? own.time : writer.time,
    fields: applied,
  };
  return withEntries(merged, [entry, ...others]);
}

/** A field that somebody else set to something else. */
interface Dispute {
  readonly owner: Entry;
  readonly field: string;
}

function conflictError(disputes: readonly Dispute[]): StatusError {
  return new StatusError('Conflict', `Apply failed with ${disputesText(disputes)}`, {
    causes: disputes.map(({ owner, field }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${ownerText(owner)}`,
      field,
    })),
  });
}

/** One in a line, several as a list under each owner. */
function disputesText(disputes: readonly Dispute[]): string {
  const [first, ...more] = disputes;
  if (first !== undefined && more.length === 0)
    return `1 conflict: conflict with ${ownerText(first.owner)}: ${first.field}`;
  const owners = [...new Set(disputes.map(({ owner }) => owner))].toSorted((a, b) =>
    a.manager < b.manager ? -1 : 1,
  );
  const lists = owners.map((owner) => {
    const fields = disputes.filter((dispute) => dispute.owner === owner);
    return [`conflicts with ${ownerText(owner)}:`, ...fields.map(({ field }) => `- ${field}`)].join('\n');
  });
  return `${disputes.length} conflicts: ${lists.join('\n')}`;
}

/** Who it is; of one who did not apply also through which version. */
function ownerText({ manager, subresource, operation, apiVersion }: Entry): string {
  const through = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const using = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${through}${using}`;
}
