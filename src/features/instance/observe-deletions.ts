import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { REVISION } from '../../api/revision.ts';
import { releaseSecretName } from '../../helm/release-secret.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { groupKindOf } from '../../kube/kind.ts';
import type { InventoryEntry } from './inventory.ts';
import { pruneList } from './inventory.ts';
import type { Look } from './look.ts';
import type { ScopedObject } from './scope.ts';
import type { InstanceWorld } from './world.ts';
import { withKnown } from './writes.ts';

/**
 * What of the inventory is wanted no more, with UIDs. Where none was recorded (a crash came before), the object is read
 * and is ours only by its label; anything else under the name is left alone.
 */
export async function observeDeletions(
  look: Look,
  wanted: readonly Pick<ScopedObject, 'kind' | 'object'>[],
): Promise<InstanceWorld['deletions']> {
  const { inventory, memory } = look;
  const keep = wanted.map(({ kind, object }) => ({ kind, name: object.metadata.name }));
  const entries = pruneList(withKnown(inventory?.objects ?? [], memory.known), keep);
  const found: { kind: Kind; name: string; uid: string }[] = [];
  for (const entry of entries) {
    // Without rights the rest goes with the namespace.
    if (memory.powerless && entry.kind.namespaced) continue;
    if (!entry.kind.namespaced && !isAllowed(look, entry)) continue;
    const uid = entry.uid ?? (await findUid(look, entry));
    if (uid !== undefined && !memory.deleted.has(uid))
      found.push({ kind: entry.kind, name: entry.name, uid });
  }
  return found;
}

/** A cluster-scoped kind is touched only while the service allows it by name, also when it is to be deleted. */
function isAllowed({ revision, inventory, read, service }: Look, { kind }: InventoryEntry): boolean {
  const running = inventory?.release.revision;
  const allowed = revision?.spec.policies.allowedClusterKinds ?? [];
  if (allowed.includes(groupKindOf(kind))) return true;
  const made =
    running === undefined
      ? undefined
      : read.stores.get(REVISION, { namespace: service.composition.namespace, name: running });
  return made?.spec.policies.allowedClusterKinds.includes(groupKindOf(kind)) ?? false;
}

async function findUid(
  { account, identity, signal, memory }: Look,
  { kind, name }: InventoryEntry,
): Promise<string | undefined> {
  if (memory.powerless) return undefined;
  const ref = kind.namespaced ? { namespace: identity.target, name } : { name };
  const object = await account.find(kind, ref, { signal });
  return object?.metadata.labels?.[INSTANCE_UID_LABEL] === identity.uid ? object.metadata.uid : undefined;
}

/** Releases kept of an instance: Helm's own default. */
const MAX_REVISIONS = 10;

/** The release Secret that falls out of the history when this one is through. */
export async function observeOutdated(look: Look): Promise<InstanceWorld['outdated']> {
  const { inventory, identity, account, signal } = look;
  const number = (inventory?.release.number ?? 0) - MAX_REVISIONS;
  if (number < 1) return undefined;
  const name = releaseSecretName(identity.release, number);
  const secret = await account.find(SECRET, { namespace: identity.target, name }, { signal });
  const uid = secret?.metadata.uid;
  return uid === undefined ? undefined : { name, uid };
}
