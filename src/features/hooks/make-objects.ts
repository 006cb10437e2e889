import type { HookObject } from '../../api/hook-state.ts';
import type { Client } from '../../client/client.ts';
import type { Discovery } from '../../client/discovery.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { AnyObject, OwnerReference } from '../../kube/object.ts';
import { carryOutWrite } from '../../runtime/write.ts';
import { HookError } from './hook-error.ts';
import { HOOK_LABEL, hookLabel, keyOfObject, namedIn, ownedBy } from './hook-objects.ts';
import { objectHealth } from './object-ready.ts';

/** Where the objects of a hook are made, and how they are made its own there. */
export interface HookPlace {
  readonly client: Client;
  readonly discovery: Discovery;
  /** Namespace that an object is in where the hook names none. */
  readonly namespace: string;
  /** The object as it is written. Throws HookError where it may not be. */
  readonly prepare: (object: AnyObject, kind: Kind) => AnyObject;
  /** Owner of what belongs to no namespace; none on the plane itself. */
  readonly owner?: OwnerReference;
}

/** Kinds whose objects can't be changed: what differs is made anew. */
const MADE_ANEW = ['Job', 'Pod'];

/** Makes one object or brings it up to date; the answer names it with its UID. Throws HookError and KubeError. */
export async function makeObject(
  place: HookPlace,
  object: AnyObject,
  hook: string,
  uid: string | undefined,
): Promise<HookObject> {
  const kind = await kindOf(place, object);
  const prepared = place.prepare(object, kind);
  const ref = prepared.metadata;
  const owner = kind.namespaced ? undefined : place.owner;
  const wanted =
    owner === undefined ? prepared : ownedBy(prepared, owner, await place.client.find(kind, ref));
  const write = {
    verb: 'own',
    kind,
    object: wanted,
    owner: hookLabel(hook),
    ownerLabel: HOOK_LABEL,
    uid,
  } as const;
  try {
    const written = await carryOutWrite(place.client, write);
    return namedIn(object, written.object?.metadata.uid);
  } catch (error) {
    if (!MADE_ANEW.includes(kind.kind) || !isKubeError(error, 'Invalid')) throw error;
    const present = await place.client.find(kind, ref);
    const { uid: old } = present?.metadata ?? {};
    // Nothing of ours is in the way: then it is wrong, and not merely different.
    if (old === undefined || present?.metadata.labels?.[HOOK_LABEL] !== write.owner) throw error;
    await carryOutWrite(place.client, { verb: 'delete', kind, ref, uid: old });
    const written = await carryOutWrite(place.client, { ...write, uid: undefined });
    return namedIn(object, written.object?.metadata.uid);
  }
}

/** Removes one object of a hook, or the plane from its owners where other planes use it. One that is not the hook's stays. */
export async function removeObject(place: HookPlace, object: HookObject, hook: string): Promise<void> {
  const kind = await place.discovery.kindFor(object.apiVersion, object.kind);
  if (kind === undefined) return;
  const ref = refOf(place, object, kind);
  const present = await place.client.find(kind, ref);
  const { uid, labels, ownerReferences = [], resourceVersion } = present?.metadata ?? {};
  if (uid === undefined || labels?.[HOOK_LABEL] !== hookLabel(hook)) return;
  const others = ownerReferences.filter((one) => one.uid !== place.owner?.uid);
  if (!kind.namespaced && place.owner !== undefined && others.length > 0) {
    const body = { metadata: { uid, resourceVersion, ownerReferences: others } };
    await carryOutWrite(place.client, { verb: 'patch', kind, ref, body });
    return;
  }
  await carryOutWrite(place.client, { verb: 'delete', kind, ref, uid });
}

/** What keeps the objects of a hook from being ready, in a sentence; undefined: nothing does. */
export async function whatIsMissing(
  place: HookPlace,
  objects: readonly HookObject[],
): Promise<string | undefined> {
  const waiting: string[] = [];
  for (const object of objects) {
    const kind = await place.discovery.kindFor(object.apiVersion, object.kind);
    const live = kind && (await place.client.find(kind, refOf(place, object, kind)));
    // A Job that was there and is not any more has ended: nobody else takes it away but its time to live.
    if (live === undefined && object.kind === 'Job') continue;
    const health = live === undefined ? ({ is: 'waiting' } as const) : objectHealth(live);
    if (health.is === 'failed') return health.why;
    if (health.is === 'waiting') waiting.push(`${object.kind} ${object.name}`);
  }
  return waiting.length === 0 ? undefined : `Waiting for ${waiting.join(', ')}`;
}

/** Those that are recorded and wanted no longer. */
export function surplusOf(
  recorded: readonly HookObject[],
  wanted: readonly AnyObject[],
): readonly HookObject[] {
  const keys = new Set(wanted.map((one) => keyOfObject(namedIn(one))));
  return recorded.filter((one) => !keys.has(keyOfObject(one)));
}

function refOf(
  { namespace }: HookPlace,
  object: HookObject,
  kind: Kind,
): { readonly name: string; readonly namespace?: string } {
  return kind.namespaced
    ? { name: object.name, namespace: object.namespace ?? namespace }
    : { name: object.name };
}

async function kindOf({ discovery }: HookPlace, { apiVersion, kind }: AnyObject): Promise<Kind> {
  const found = await discovery.kindFor(apiVersion, kind);
  if (found !== undefined) return found;
  throw new HookError(`the API server has no kind ${kind} in ${apiVersion}`);
}
