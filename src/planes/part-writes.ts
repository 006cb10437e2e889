import { NETWORK_POLICY, POD_DISRUPTION_BUDGET, SECRET, type Secret } from '../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { contains } from '../lib/contains.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { sha256 } from '../lib/hash.ts';
import type { Part } from './object-of.ts';
import { PLANE_LABEL } from './plane-names.ts';
import type { ServiceAccountRef, Write } from '../runtime/plan.ts';

/** On every object that we write of a plane: what was written. A field that is left out of the next version is seen by it. */
const WRITTEN_ANNOTATION = 'tenantry.dev/written';
const DIGEST_LENGTH = 16;
/** Kinds whose objects may become superfluous. */
const PRUNED: readonly Kind[] = [POD_DISRUPTION_BUDGET, NETWORK_POLICY];

/** Objects that are there, by `keyOfPart`. */
export type Present = ReadonlyMap<string, KubeObject>;

/** Tells parts of one namespace apart. */
export function keyOfPart({ kind, object }: Part): string {
  return `${groupKindOf(kind)}/${object.metadata.name}`;
}

/** Writes for those parts that are not there as they should be; nothing where all are. Pure. */
export function partWrites(
  parts: readonly Part[],
  present: Present,
  { owner, as }: { readonly owner: string; readonly as?: ServiceAccountRef },
): readonly Write[] {
  return parts.flatMap((part): Write[] => {
    const before = present.get(keyOfPart(part));
    const object = stamped(part.object);
    if (before !== undefined && isAsWanted(before, object)) return [];
    const { kind } = part;
    const { uid } = before?.metadata ?? {};
    // A Secret that appears meanwhile holds keys that are in use: it is looked at, never written over.
    const onlyNew = kind === SECRET && before === undefined ? { onlyNew: true } : {};
    return [
      {
        verb: 'own',
        kind,
        object,
        owner,
        ...onlyNew,
        ...(uid === undefined ? {} : { uid }),
        ...(as === undefined ? {} : { as }),
      },
    ];
  });
}

/** Deletes what the plane of this name no longer consists of: a disruption budget of API servers that are one now. Pure. */
export function surplus(
  present: Present,
  name: string,
  wanted: readonly Part[],
  as: ServiceAccountRef,
): readonly Write[] {
  const keys = new Set(wanted.map(keyOfPart));
  return PRUNED.flatMap((kind) =>
    [...present.entries()].flatMap(([key, { metadata }]): Write[] => {
      const isOurs = key.startsWith(`${groupKindOf(kind)}/`) && metadata.labels?.[PLANE_LABEL] === name;
      if (!isOurs || keys.has(key) || metadata.uid === undefined) return [];
      const { namespace, uid } = metadata;
      return [{ verb: 'delete', kind, ref: { namespace, name: metadata.name }, uid, as }];
    }),
  );
}

function stamped(object: KubeObject): KubeObject {
  const digest = sha256(canonicalJson(object)).slice(0, DIGEST_LENGTH);
  const annotations = { ...object.metadata.annotations, [WRITTEN_ANNOTATION]: digest };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Servers add defaults; Secrets have none, and a key too many would be read. */
function isAsWanted(before: KubeObject, wanted: KubeObject): boolean {
  // True by their kind: only Secrets have data.
  const [there, asked] = [before as Secret, wanted as Secret];
  return contains(before, wanted) && (asked.data === undefined || deepEqual(there.data, asked.data));
}
