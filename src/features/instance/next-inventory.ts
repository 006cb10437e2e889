import { entryKey, type Inventory, type InventoryRelease, type ReleasePhase, unionOf } from './inventory.ts';
import { helmreleaseText, notesDigest } from './status.ts';
import type { InstanceWorld, ReleaseWorld } from './world.ts';
import { entriesOf, withKnown } from './writes.ts';

/** The inventory of a release that begins, written before the first of its objects. */
export function started(world: InstanceWorld, number: number): Inventory {
  const { inventory: old, known, policies, release, revision, inputs } = world;
  const next: InventoryRelease = {
    number,
    inputs,
    revision: revision?.metadata.name ?? '',
    version: revision?.spec.chart.version ?? '',
    phase: 'before',
    ...(release === undefined ? {} : { content: release.content }),
    ...(release?.asFound === true ? { asFound: true } : {}),
    ...(old?.release.running === undefined ? {} : { running: old.release.running }),
  };
  return {
    release: next,
    // Old and new: whatever becomes of this release, everything that either of them touches is accounted for.
    objects: unionOf(withKnown(old?.objects ?? [], known), entriesOf(release?.objects ?? [], known)),
    policies: unionOf(withKnown(old?.policies ?? [], known), entriesOf(policies?.objects ?? [], known)),
    ...(old?.policyDigest === undefined ? {} : { policyDigest: old.policyDigest }),
    exposed: policies?.exposed ?? [],
    usesApi: policies?.usesApi ?? false,
  };
}

/** The inventory with the release in another phase. */
export function inPhase(world: InstanceWorld, phase: Exclude<ReleasePhase, 'before' | 'done'>): Inventory {
  const inventory = noted(world);
  return { ...inventory, release: { ...inventory.release, phase } };
}

/** The inventory with everything that was learnt since it was written. */
export function noted(world: InstanceWorld): Inventory {
  const { inventory, known, writtenPolicies, policies, revision } = world;
  const release = inventory?.release ?? { number: 0, inputs: '', revision: '', version: '', phase: 'before' };
  const policyDigest = writtenPolicies ?? inventory?.policyDigest;
  // Only a release that is through takes the name of a revision with the same content.
  const renamed =
    release.phase === 'done' && revision !== undefined ? { revision: revision.metadata.name } : {};
  return {
    release: {
      ...release,
      ...renamed,
      ...(release.running === undefined ? {} : { running: { ...release.running, ...renamed } }),
    },
    objects: withKnown(inventory?.objects ?? [], known),
    policies: policies === undefined ? withKnown(inventory?.policies ?? [], known) : policyEntries(world),
    ...(policyDigest === undefined ? {} : { policyDigest }),
    exposed: policies?.exposed ?? inventory?.exposed ?? [],
    usesApi: policies?.usesApi ?? inventory?.usesApi ?? false,
  };
}

/** The inventory of a release that is through: only what it wants, and itself as the one that runs. */
export function finished(world: ReleaseWorld): Inventory {
  const inventory = noted(world);
  const { release } = inventory;
  const old = new Map((world.inventory?.objects ?? []).map((entry) => [entryKey(entry), entry]));
  const { number, revision, version } = release;
  const notes = notesDigest(helmreleaseOf(world));
  return {
    ...inventory,
    release: { ...release, phase: 'done', running: { number, revision, version, notes } },
    objects: entriesOf(world.release.objects, new Map()).map((entry) => ({
      ...old.get(entryKey(entry)),
      ...entry,
      ...world.known.get(entryKey(entry)),
    })),
  };
}

function policyEntries(world: InstanceWorld): Inventory['policies'] {
  const old = new Map((world.inventory?.policies ?? []).map((entry) => [entryKey(entry), entry]));
  const wanted = (world.policies?.objects ?? []).map(({ kind, object }) => ({
    kind,
    name: object.metadata.name,
  }));
  return withKnown(
    wanted.map((entry) => ({ ...old.get(entryKey(entry)), ...entry })),
    world.known,
  );
}

function helmreleaseOf({ identity, release }: ReleaseWorld): string {
  return helmreleaseText(identity.target, identity.release, release.record.info.notes);
}
