import type { Reader } from '../../client/client.ts';
import {
  DAEMON_SET,
  DEPLOYMENT,
  EVENT,
  INGRESS,
  JOB,
  LIMIT_RANGE,
  NETWORK_POLICY,
  NODE,
  POD,
  PVC,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SERVICE,
  STATEFUL_SET,
} from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Inventory, InventoryEntry } from './inventory.ts';
import { markOf } from './marks.ts';
import type { InstanceMemory } from './memory.ts';
import { lacksPods, readinessOf, type Readiness, type ReleaseView, type SeenObject } from './readiness.ts';
import { urlOf } from './urls.ts';

/** Kinds whose objects are watched in instances' namespaces: only their drift is noticed at once. */
export const WATCHED_KINDS: readonly Kind[] = [
  DEPLOYMENT,
  STATEFUL_SET,
  DAEMON_SET,
  JOB,
  POD,
  PVC,
  SERVICE,
  INGRESS,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  LIMIT_RANGE,
  ROLE_BINDING,
];
const WATCHED = new Map(WATCHED_KINDS.map((kind) => [groupKindOf(kind), kind]));

/** Milliseconds for which events that were read are believed. */
const EVENTS_BELIEVED_MS = 10_000;

/** The object in the stores; undefined if it is not there, `unwatched` if its kind is not watched. */
function seenIn(
  stores: Stores,
  target: string,
  { kind, name }: InventoryEntry,
): AnyObject | undefined | 'unwatched' {
  const watched = WATCHED.get(groupKindOf(kind));
  if (watched === undefined) return 'unwatched';
  // Stores hold objects as JSON; that they have further fields is all that AnyObject says.
  return stores.get(watched, { namespace: target, name }) as AnyObject | undefined;
}

/** Entries that are not as we left them: gone, replaced, or with a field of ours changed by somebody else. */
export function driftOf(
  inventory: Inventory,
  known: InstanceMemory['known'],
  identity: { readonly target: string; readonly uid: string },
  stores: Stores,
  keyOf: (entry: InventoryEntry) => string,
): readonly InventoryEntry[] {
  return [...inventory.objects, ...inventory.policies].filter((entry) => {
    const { uid, mark } = { ...entry, ...known.get(keyOf(entry)) };
    const live = seenIn(stores, identity.target, entry);
    if (live === 'unwatched') return false;
    // A Job runs once: that it is gone (by its time to live, say) is no reason to run it again.
    if (live === undefined) return entry.kind.kind !== 'Job';
    if (live.metadata.deletionTimestamp !== undefined) return false;
    if (live.metadata.uid !== uid) return true;
    if (live.metadata.labels?.[INSTANCE_UID_LABEL] !== identity.uid) return true;
    return mark !== undefined && markOf(live) !== mark;
  });
}

export interface SeenReadiness {
  readonly readiness: Readiness;
  /** Set where no watch would tell of a change. */
  readonly lookAgainMs?: number;
}

/** Health of the release, from the stores; refusals of pods that stand in events only are read when nothing else tells. */
export async function observeReadiness(
  inventory: Inventory,
  target: string,
  sources: { readonly stores: Stores; readonly live: Reader; readonly signal: AbortSignal },
  memory: InstanceMemory,
  now: number,
): Promise<SeenReadiness> {
  const objects = inventory.objects.flatMap((entry): readonly SeenObject[] => {
    const live = seenIn(sources.stores, target, entry);
    return live === 'unwatched' ? [] : [{ kind: entry.kind, name: entry.name, live }];
  });
  const view: ReleaseView = { objects, pods: sources.stores.list(POD, target), refusals: {} };
  const first = readinessOf(view);
  if (first.ready || first.reason !== 'Waiting' || !objects.some(lacksPods)) return { readiness: first };
  if (memory.refusals === undefined || memory.refusals.untilMs <= now) {
    const found = await readRefusals(target, sources.live, sources.signal);
    memory.refusals = { found, untilMs: now + EVENTS_BELIEVED_MS };
  }
  const readiness = readinessOf({ ...view, refusals: memory.refusals.found });
  // Nobody watches events, and the object itself says nothing of a refusal.
  return { readiness, lookAgainMs: EVENTS_BELIEVED_MS };
}

async function readRefusals(
  target: string,
  live: Reader,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const { items } = await live.list(EVENT, {
    namespace: target,
    fieldSelector: 'reason=FailedCreate',
    signal,
  });
  return Object.fromEntries(
    items.flatMap(({ regarding, note }) =>
      regarding?.name === undefined || note === undefined
        ? []
        : [[`${regarding.kind}/${regarding.name}`, note]],
    ),
  );
}

/** How the instance is reached. */
export function observeUrl(target: string, stores: Stores): string | undefined {
  return urlOf(stores.list(INGRESS, target), stores.list(SERVICE, target), stores.list(NODE));
}
