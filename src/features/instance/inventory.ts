import { gunzipSync, gzipSync } from 'node:zlib';
import { INVENTORY_ANNOTATION } from '../../api/names.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ExposedService } from './exposure.ts';

/** One object that a release or the operator wrote, or was about to write. */
export interface InventoryEntry {
  readonly kind: Kind;
  readonly name: string;
  /** Known once the write was answered; deletes carry it. */
  readonly uid?: string;
  /** What our fields on the object looked like after our last write, see `marks.ts`. */
  readonly mark?: string;
}

/** How far a release has come. */
export type ReleasePhase =
  /** Nothing of the chart was written, apart from hooks that run before it. */
  | 'before'
  /** The hooks before are through; the chart's objects are being written. */
  | 'objects'
  /** The objects are written; hooks that run after them are not through. */
  | 'after'
  /** Those hooks are through: none of them runs again, though their objects may be gone. */
  | 'closing'
  | 'done';

/** The release that ran last: what the status speaks of, and what the next one replaces. */
export interface RunningRelease {
  readonly number: number;
  /** Name of its Revision. */
  readonly revision: string;
  /** Version of its chart. */
  readonly version: string;
  /** Digest of `status.helmrelease`, so that a forged one is noticed without reading the release. */
  readonly notes: string;
}

/** The release that is being written, or runs. */
export interface InventoryRelease {
  /** Helm's number. */
  readonly number: number;
  /** Digest of everything that was rendered from, see `values.ts`. */
  readonly inputs: string;
  /** Name of the Revision. */
  readonly revision: string;
  /** Version of the chart. */
  readonly version: string;
  readonly phase: ReleasePhase;
  /** Digest of what it renders to. Its record is a Secret in the namespace, which others may be allowed to write. */
  readonly content?: string;
  /** Taken over as it was: its pods' templates are what they were before. */
  readonly asFound?: true;
  readonly running?: RunningRelease;
}

/** Everything that an instance's release may touch. Stands on the instance's namespace, which is watched anyway. */
export interface Inventory {
  readonly release: InventoryRelease;
  /** Objects of the chart: the union of old and new until the new ones are written. */
  readonly objects: readonly InventoryEntry[];
  /** Policies and bindings, and the digest of how they should look. */
  readonly policies: readonly InventoryEntry[];
  readonly policyDigest?: string;
  /** What the policies depend on in the rendering, so that they can be recomputed without it. */
  readonly exposed: readonly ExposedService[];
  /** The chart binds a Role: its pods talk to the API server. */
  readonly usesApi: boolean;
}

/** An annotation may have 256 KiB together with all others; long inventories are compressed, these are given up on. */
const MAX_ENCODED = 200 * 1024;
/** Texts shorter than this stay readable JSON. */
const COMPRESS_ABOVE = 2048;
/** What a compressed inventory may grow to; far above what fits MAX_ENCODED for real. */
const MAX_DECODED = 8 * 1024 * 1024;
const FORMAT = 1;

/** An entry as it is written: short, because hundreds of them must fit. */
type Row = readonly [
  group: string,
  version: string,
  kind: string,
  plural: string,
  scope: 0 | 1,
  name: string,
  uid?: string,
  mark?: string,
];

function toRow({ kind, name, uid, mark }: InventoryEntry): Row {
  const scope = kind.namespaced ? 1 : 0;
  if (mark !== undefined)
    return [kind.group, kind.version, kind.kind, kind.plural, scope, name, uid ?? '', mark];
  if (uid !== undefined) return [kind.group, kind.version, kind.kind, kind.plural, scope, name, uid];
  return [kind.group, kind.version, kind.kind, kind.plural, scope, name];
}

function fromRow(row: Row): InventoryEntry {
  const [group, version, kind, plural, scope, name, uid = '', mark = ''] = row;
  return {
    kind: { group, version, kind, plural, namespaced: scope === 1 },
    name,
    ...(uid === '' ? {} : { uid }),
    ...(mark === '' ? {} : { mark }),
  };
}

/** The annotation's text. Throws RangeError for an inventory that no annotation can hold. */
export function encodeInventory(inventory: Inventory): string {
  const { release, policyDigest, exposed, usesApi } = inventory;
  const text = JSON.stringify({
    v: FORMAT,
    release,
    objects: inventory.objects.map(toRow),
    policies: inventory.policies.map(toRow),
    policyDigest,
    exposed,
    usesApi,
  });
  // The level is fixed, so that equal inventories are equal texts and nothing is written for nothing.
  const encoded = text.length <= COMPRESS_ABOVE ? text : gzipSync(text, { level: 9 }).toString('base64');
  if (encoded.length > MAX_ENCODED) {
    throw new RangeError(
      `the release has ${inventory.objects.length} objects, more than can be kept account of; split the chart`,
    );
  }
  return encoded;
}

/** Reads the annotation; undefined if there is none or it is not one of ours (then nothing in it is believed). */
export function decodeInventory(text: string | undefined): Inventory | undefined {
  if (text === undefined) return undefined;
  try {
    const json = text.startsWith('{')
      ? text
      : gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_DECODED }).toString();
    // True enough: only the operator can write it (a policy of our chart holds the namespaces), and `isInventory` looks.
    const data = JSON.parse(json) as Encoded;
    if (!isInventory(data)) return undefined;
    const { release, policyDigest, exposed, usesApi } = data;
    return {
      release,
      objects: data.objects.map(fromRow),
      policies: data.policies.map(fromRow),
      ...(policyDigest === undefined ? {} : { policyDigest }),
      exposed,
      usesApi,
    };
  } catch {
    return undefined;
  }
}

interface Encoded {
  readonly v: number;
  readonly release: InventoryRelease;
  readonly objects: readonly Row[];
  readonly policies: readonly Row[];
  readonly policyDigest?: string;
  readonly exposed: readonly ExposedService[];
  readonly usesApi: boolean;
}

function isInventory(data: Encoded): boolean {
  return (
    data.v === FORMAT &&
    Array.isArray(data.objects) &&
    Array.isArray(data.policies) &&
    Array.isArray(data.exposed) &&
    typeof data.release?.number === 'number' &&
    typeof data.release.inputs === 'string' &&
    typeof data.release.phase === 'string'
  );
}

/** The inventory on an instance's namespace. */
export function inventoryOf(namespace: KubeObject | undefined): Inventory | undefined {
  return decodeInventory(namespace?.metadata.annotations?.[INVENTORY_ANNOTATION]);
}

/** What an entry is about, whatever version it was written in: key of maps. */
export function entryKey(entry: {
  readonly kind: Pick<Kind, 'group' | 'kind'>;
  readonly name: string;
}): string {
  return `${entry.kind.group}/${entry.kind.kind}/${entry.name}`;
}

/** Old and new together; what is known of an old entry (UID, mark) is kept, the version is the new one's. */
export function unionOf(
  old: readonly InventoryEntry[],
  next: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const byKey = new Map(old.map((entry) => [entryKey(entry), entry]));
  for (const entry of next) {
    const known = byKey.get(entryKey(entry));
    byKey.set(entryKey(entry), known === undefined ? entry : { ...known, ...entry });
  }
  return [...byKey.values()];
}

/** What stands in the inventory and in the new release no more: to be deleted, by UID. */
export function pruneList(
  inventory: readonly InventoryEntry[],
  wanted: readonly { readonly kind: Kind; readonly name: string }[],
): readonly InventoryEntry[] {
  const keys = new Set(wanted.map(entryKey));
  return inventory.filter((entry) => !keys.has(entryKey(entry)));
}
