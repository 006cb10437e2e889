import { INVENTORY_ANNOTATION } from '../../src/api/names.ts';
import { decodeInventory, type InventoryEntry } from '../../src/features/instance/inventory.ts';
import { markOf } from '../../src/features/instance/marks.ts';
import { WATCHED_KINDS } from '../../src/features/instance/observe-running.ts';
import { decodeRelease } from '../../src/helm/release-secret.ts';
import { groupKindOf } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { storeOf } from '../fakeapi/resources.ts';
import type { Store } from '../fakeapi/store.ts';

/** Kinds that are no part of the state: what was said, and who leads. */
const LEFT_OUT = new Set(['Event', 'Lease']);
/** Set by the server or by the clock: differs between runs that end the same. */
const VOLATILE = new Set([
  'resourceVersion',
  'managedFields',
  'creationTimestamp',
  'deletionTimestamp',
  'lastTransitionTime',
  'completionTime',
  'lastDeployed',
  'firstDeployed',
  'modifiedAt',
  'clusterIP',
]);

/**
 * Everything that stands in the cluster, one text an object, without what differs from run to run: times, versions, and UIDs,
 * which become the name of their object. Two runs ended the same if their pictures are equal.
 */
export function pictureOf(store: Store): Readonly<Record<string, string>> {
  const all = store.all().filter(({ object }) => !LEFT_OUT.has(object.kind));
  const names = new Map(all.map(({ store: where, object }) => [object.metadata.uid, nameOf(where, object)]));
  const uids = new RegExp([...names.keys()].filter((uid) => uid !== '').join('|') || 'no uid', 'g');
  return Object.fromEntries(
    all
      .map(({ store: where, object }): [string, string] => [
        nameOf(where, object),
        JSON.stringify(readable(object as unknown as KubeObject, store), sorted).replace(
          uids,
          (uid) => `<${names.get(uid)}>`,
        ),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What differs, object by object, for a message; empty if nothing does. */
export function differences(
  wanted: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    .filter((key) => wanted[key] !== found[key])
    .map((key) => `${key}\n    wanted ${wanted[key] ?? 'nothing'}\n    found  ${found[key] ?? 'nothing'}`);
}

function nameOf(where: string, { metadata }: { readonly metadata: { name: string } }): string {
  const { namespace } = metadata as { namespace?: string };
  return `${where} ${namespace === undefined ? '' : `${namespace}/`}${metadata.name}`;
}

/** Packed texts unpacked, so that what they say can be compared. */
function readable(object: KubeObject, store: Store): unknown {
  if ((object as { type?: string }).type === 'helm.sh/release.v1') {
    const { data: _data, ...rest } = object as KubeObject & { readonly data?: unknown };
    return { ...rest, data: decodeRelease(object) };
  }
  const inventory = decodeInventory(object.metadata.annotations?.[INVENTORY_ANNOTATION]);
  if (inventory === undefined) return object;
  const entry = (one: InventoryEntry): string => entryText(one, object.metadata.name, store);
  const told = {
    ...inventory,
    objects: inventory.objects.map(entry).sort(),
    policies: inventory.policies.map(entry).sort(),
  };
  const annotations = { ...object.metadata.annotations, [INVENTORY_ANNOTATION]: told };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/**
 * An entry, and whether its mark is the one that its object has; nobody looks at marks of kinds that are not watched. The
 * mark itself says whether the object was created or applied last, which a crash may change.
 */
function entryText({ kind, name, uid, mark }: InventoryEntry, namespace: string, store: Store): string {
  const live = store.get(storeOf(kind), kind.namespaced ? namespace : undefined, name);
  const isWatched = WATCHED_KINDS.some((watched) => groupKindOf(watched) === groupKindOf(kind));
  const fits = !isWatched || (live !== undefined && markOf(live) === mark);
  return `${groupKindOf(kind)} ${name} ${uid ?? 'no uid'} ${mark === undefined ? 'no mark' : fits ? 'as marked' : 'drifted'}`;
}

/** A replacer for JSON.stringify: keys in order, without the volatile ones. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
