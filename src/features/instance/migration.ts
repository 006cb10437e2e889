import type { AdoptedRelease, Instance } from '../../api/instance.ts';
import { INSTANCE_UID_LABEL, RELEASE_NAME_ANNOTATION } from '../../api/names.ts';
import { REVISION } from '../../api/revision.ts';
import { PVC, SECRET } from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';
import { inventoryOf } from './inventory.ts';
import type { Look } from './look.ts';
import type { InstanceWorld } from './world.ts';

/*
 * Migration between kinds: an instance takes over namespace and release of the instance of another kind that has its name, and goes on
 * with them as with an upgrade. The other object stays, holds nothing, and can take everything back in the same way until it is deleted.
 */

/** KubePlus's annotation: the kind whose instance of the same name and namespace is taken over. */
export const MIGRATE_ANNOTATION = 'kubeplus/migrate-from';

/**
 * UID of the instance that is taken over, as admission found it when the kind was named. Names are taken again: who was allowed to take over
 * one instance gets nothing of a later one. Only admission writes it.
 */
export const MIGRATE_UID_ANNOTATION = 'tenantry.dev/migrate-from-uid';

/** See MIGRATE_UID_ANNOTATION. */
export function sourceUidOf({ metadata }: Pick<Instance, 'metadata'>): string | undefined {
  return metadata.annotations?.[MIGRATE_UID_ANNOTATION];
}

/** What a release holds that nobody can make again: it stays while a migration can still be undone. */
const KEPT = new Set([PVC, SECRET].map((kind) => groupKindOf(kind)));

/** The kind that an instance names as its source; undefined if it names none, or none that is offered in its group. */
export function sourceKind(
  { apiVersion, metadata }: Pick<Instance, 'apiVersion' | 'metadata'>,
  stores: Stores,
): Kind<Instance> | undefined {
  const name = metadata.annotations?.[MIGRATE_ANNOTATION];
  const [group] = apiVersion.split('/');
  const revision = stores
    .list(REVISION)
    .find(({ spec }) => spec.resource.kind === name && spec.resource.group === group);
  return revision && { ...revision.spec.resource, namespaced: true };
}

/** True if an instance of a kind may have the namespace of another one now: it holds it, is at rest, and does not want it back. */
export function isGiving(source: Instance, holder: KubeObject | undefined, to: string): boolean {
  const { uid, deletionTimestamp, annotations } = source.metadata;
  return (
    holder !== undefined &&
    deletionTimestamp === undefined &&
    holder.metadata.deletionTimestamp === undefined &&
    uid !== undefined &&
    holder.metadata.labels?.[INSTANCE_UID_LABEL] === uid &&
    inventoryOf(holder)?.release.phase === 'done' &&
    annotations?.[MIGRATE_ANNOTATION] !== to
  );
}

/** True if the instance's namespace is to be taken from its source now. Asked only where it is somebody else's. */
export async function mayTake({ instance, identity, namespace, read, signal }: Look): Promise<boolean> {
  if (namespace.state !== 'taken') return false;
  const kind = sourceKind(instance, read.stores);
  if (kind === undefined) return false;
  const { name, namespace: home = '' } = instance.metadata;
  const source = await read.live.find(kind, { namespace: home, name }, { signal });
  return (
    source !== undefined &&
    source.metadata.uid === sourceUidOf(instance) &&
    isGiving(source, namespace.object, identity.kind)
  );
}

/** What an instance that migrates says of the release that it takes over, told by the namespace; undefined if it has none. */
export function releaseIn(holder: KubeObject | undefined): AdoptedRelease | undefined {
  const release = holder?.metadata.annotations?.[RELEASE_NAME_ANNOTATION];
  const running = inventoryOf(holder)?.release;
  if (holder === undefined || release === undefined || running?.running === undefined) return undefined;
  const { number: revision } = running.running;
  return { namespace: holder.metadata.name, release, revision, content: running.content ?? '' };
}

/** What a release deletes: while a migration can be undone, no claims and no Secrets. */
export function deletedNow(
  { metadata }: Pick<Instance, 'metadata'>,
  deletions: InstanceWorld['deletions'],
): InstanceWorld['deletions'] {
  if (metadata.annotations?.[MIGRATE_ANNOTATION] === undefined) return deletions;
  return deletions.filter(({ kind }) => !KEPT.has(groupKindOf(kind)));
}
