import { INSTANCE_UID_LABEL, INVENTORY_ANNOTATION } from '../../api/names.ts';
import { NAMESPACE, SECRET, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { Stage, Write } from '../../runtime/plan.ts';
import { HOOK_RUN_ANNOTATION, type ScopedHook } from './hooks.ts';
import { installRounds } from './install-order.ts';
import { encodeInventory, entryKey, pruneList, type Inventory, type InventoryEntry } from './inventory.ts';
import { releaseSecret, type KeptRelease } from './kept-release.ts';
import { defaultAccount, LABELS_AT_TIMES, namespaceObject, type KindedObject } from './policies.ts';
import type { InstanceWorld } from './world.ts';
import { withStatus } from '../../helm/release.ts';

/** Entries with what our last writes told of them. */
export function withKnown(
  entries: readonly InventoryEntry[],
  known: InstanceWorld['known'],
): readonly InventoryEntry[] {
  return entries.map((entry) => ({ ...entry, ...known.get(entryKey(entry)) }));
}

/** Entries of objects that are about to be written, with what is known of them already. */
export function entriesOf(
  objects: readonly KindedObject[],
  known: InstanceWorld['known'],
): readonly InventoryEntry[] {
  return withKnown(
    objects.map(({ kind, object }) => ({ kind, name: object.metadata.name })),
    known,
  );
}

/** Stage: the namespace with everything that must be on it from its creation on. */
export function namespaceStage(world: InstanceWorld, inventory: Inventory): Stage {
  const { identity, revision } = world;
  const policies = revision?.spec.policies ?? { podSecurity: 'baseline' };
  const object = namespaceObject(identity, policies, encodeInventory(inventory));
  const write: Write = { verb: 'own', kind: NAMESPACE, object, owner: identity.uid, onlyNew: true };
  return { name: 'namespace', writes: [write] };
}

/** Stage: a namespace of another kind's instance becomes this one's, if it is still as it was looked at. */
export function takeStage({ identity, namespace }: InstanceWorld): Stage {
  const { uid, resourceVersion } = namespace?.metadata ?? {};
  const body = { metadata: { uid, resourceVersion, labels: { [INSTANCE_UID_LABEL]: identity.uid } } };
  return { name: 'take', writes: [{ verb: 'patch', kind: NAMESPACE, ref: { name: identity.target }, body }] };
}

/** In a merge patch, takes away what is not said after it. */
const NO_LABELS = Object.fromEntries(LABELS_AT_TIMES.map((label) => [label, null]));

/** Stage: the inventory on a namespace that exists, and its labels: a new level of pod security counts from then on. */
export function inventoryStage(world: InstanceWorld, inventory: Inventory): Stage {
  const labels = world.policies?.labels;
  return {
    name: 'inventory',
    writes: [
      {
        verb: 'patch',
        kind: NAMESPACE,
        ref: { name: world.identity.target },
        body: {
          metadata: {
            // A namespace that took the name meanwhile is not ours to write to; and what another leader wrote since we
            // looked is newer than what we know.
            uid: world.namespace?.metadata.uid,
            resourceVersion: world.namespace?.metadata.resourceVersion,
            annotations: { [INVENTORY_ANNOTATION]: encodeInventory(inventory) },
            ...(labels === undefined ? {} : { labels: { ...NO_LABELS, ...labels } }),
          },
        },
      },
    ],
  };
}

/** Stage: policies and bindings as they should be, and away with those that are not wanted any more. */
export function policyStage(world: InstanceWorld): Stage {
  const { identity, policies, inventory, known } = world;
  const wanted = policies?.objects ?? [];
  const old = withKnown(inventory?.policies ?? [], known);
  const writes = wanted.map(({ kind, object }): Write => {
    const uid =
      uidOf(old, { kind, name: object.metadata.name }) ??
      known.get(entryKey({ kind, name: object.metadata.name }))?.uid;
    return { verb: 'own', kind, object, owner: identity.uid, uid };
  });
  const unwanted = pruneList(
    old,
    wanted.map(({ kind, object }) => ({ kind, name: object.metadata.name })),
  ).flatMap(({ kind, name, uid }): readonly Write[] =>
    uid === undefined ? [] : [{ verb: 'delete', kind, ref: { namespace: identity.target, name }, uid }],
  );
  return { name: 'policies', writes: [...writes, ...unwanted] };
}

function uidOf(
  entries: readonly InventoryEntry[],
  entry: Pick<InventoryEntry, 'kind' | 'name'>,
): string | undefined {
  const key = entryKey(entry);
  return entries.find((one) => entryKey(one) === key)?.uid;
}

/** Stage: the pending release, and the account that pods run as by default. Before any object of the chart. */
export function recordStage(world: InstanceWorld, release: KeptRelease, now: number): Stage {
  const writes: Write[] = [releaseWrite(world, release, now)];
  if (world.isAccountOpen) writes.push(accountWrite(world));
  return { name: 'release', writes };
}

/** Kubernetes makes the account at about the same time: applied, it does not matter who was first. */
function accountWrite({ identity }: InstanceWorld): Write {
  return { verb: 'apply', kind: SERVICE_ACCOUNT, object: defaultAccount(identity) };
}

/**
 * Write: the Secret that keeps a release. By the service's account: only it reads Secrets there. A Secret that is known
 * is patched, which is one call and asks for nothing before.
 */
function releaseWrite(world: InstanceWorld, release: KeptRelease, now: number): Write {
  const { identity } = world;
  const object = releaseSecret(release, identity.uid, now);
  if (release.secret === undefined)
    return { verb: 'own', kind: SECRET, object, owner: identity.uid, as: identity.account };
  const { name, namespace, labels, annotations } = object.metadata;
  // As it was read or written last: a write that comes late changes nothing that others wrote since.
  const body = { metadata: { ...release.secret, labels, annotations }, data: object['data'] };
  return { verb: 'patch', kind: SECRET, ref: { namespace, name }, body, as: identity.account };
}

/** Stage: the release is deployed; the one before it is history; the oldest goes. */
export function deployedStage(world: InstanceWorld, release: KeptRelease, now: number): Stage {
  const { identity, previous, outdated } = world;
  const upgrade = previous !== undefined;
  const record = withStatus(release.record, 'deployed', upgrade ? 'Upgrade complete' : 'Install complete');
  const writes: Write[] = [releaseWrite(world, { ...release, record }, now)];
  if (previous !== undefined) {
    const superseded = withStatus(previous.record, 'superseded', previous.record.info.description);
    writes.push(releaseWrite(world, { ...previous, record: superseded }, now));
  }
  if (outdated !== undefined) {
    const { name, uid } = outdated;
    writes.push({
      verb: 'delete',
      kind: SECRET,
      ref: { namespace: identity.target, name },
      uid,
      as: identity.account,
    });
  }
  return { name: 'deployed', writes };
}

/** Stages: Helm's records as they were before somebody else used a stock helm on the release; none if they still are. */
export function putBackRecords(world: InstanceWorld, release: KeptRelease, now: number): readonly Stage[] {
  const { records } = world;
  if (records === undefined) return [];
  const { foreign, rewrite } = records;
  const stages = foreign.length > 0 ? [deleteStage('foreign-releases', world, foreign)] : [];
  if (rewrite === undefined) return stages;
  const description = release.record.version > 1 ? 'Upgrade complete' : 'Install complete';
  const record = withStatus(release.record, 'deployed', description);
  const write = releaseWrite(world, { ...release, record, secret: rewrite.secret }, now);
  return [...stages, { name: 'release', writes: [write] }];
}

/** Stages: the release's objects that must be written, in rounds. */
export function objectStages(
  world: InstanceWorld,
  release: KeptRelease,
  keys: ReadonlySet<string>,
): readonly Stage[] {
  const { identity, inventory, known } = world;
  const old = withKnown(inventory?.objects ?? [], known);
  const objects = release.objects.filter(({ kind, object }) =>
    keys.has(entryKey({ kind, name: object.metadata.name })),
  );
  return installRounds(objects).map((round, index) => ({
    name: `objects-${index + 1}`,
    writes: round.map(({ kind, object }): Write => {
      const uid = uidOf(old, { kind, name: object.metadata.name });
      return { verb: 'own', kind, object, owner: identity.uid, uid, as: identity.account };
    }),
  }));
}

/** Stage: a hook's object, marked with the run that it belongs to. */
export function hookStage(world: InstanceWorld, hook: ScopedHook, run: string): Stage {
  const { identity } = world;
  const { metadata } = hook.object;
  const object: AnyObject = {
    ...hook.object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [HOOK_RUN_ANNOTATION]: run } },
  };
  return {
    name: 'hook',
    writes: [{ verb: 'own', kind: hook.kind, object, owner: identity.uid, as: identity.account }],
  };
}

/** Stage: deletes as the service's account, by UID. */
export function deleteStage(name: string, world: InstanceWorld, entries: InstanceWorld['deletions']): Stage {
  const { target, account } = world.identity;
  return {
    name,
    writes: entries.map(({ kind, name: object, uid }): Write => {
      const ref = kind.namespaced ? { namespace: target, name: object } : { name: object };
      return { verb: 'delete', kind, ref, uid, as: account };
    }),
  };
}

/** Stage: the namespace goes, by UID, and with it what is left in it. */
export function removeNamespaceStage(world: InstanceWorld): Stage {
  const uid = world.namespace?.metadata.uid;
  const ref = { name: world.identity.target };
  return {
    name: 'namespace',
    writes: uid === undefined ? [] : [{ verb: 'delete', kind: NAMESPACE, ref, uid }],
  };
}

/** Hook objects as entries to delete. */
export function deletedEntries(
  hooks: readonly { readonly hook: ScopedHook; readonly uid: string }[],
): InstanceWorld['deletions'] {
  return hooks.map(({ hook, uid }) => ({ kind: hook.kind, name: hook.object.metadata.name, uid }));
}
