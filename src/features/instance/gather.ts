import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { entryKey, type Inventory } from './inventory.ts';
import { labelsHold } from './isolation-status.ts';
import type { Look } from './look.ts';
import { observeReadiness, observeUrl } from './observe-running.ts';
import { observeDeletions, observeOutdated } from './observe-deletions.ts';
import { deletedNow } from './migration.ts';
import { loadPrevious, loadRelease } from './load-release.ts';
import { observeRecords } from './release-records.ts';
import { helmreleaseText, notesDigest } from './status.ts';
import { VALUES_AGAIN_MS } from './value-secrets.ts';
import type { Failure, InstanceWorld } from './world.ts';
import { gatherStart } from './gather-start.ts';
import { liveNamespace } from './seen-namespace.ts';
import { keysOf } from './wanted-policies.ts';

/** Milliseconds between attempts when somebody undoes every repair. */
const FIGHT_MS = 30_000;
/** Milliseconds after a repair until Helm’s records are looked at again: a stock uninstall deletes them after the objects. */
const RECORDS_AGAIN_MS = 2_000;

/** Reads what the chosen action needs beyond what is known. */
export async function gather(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  const { memory, identity, memories } = look;
  switch (world.action.do) {
    case 'start':
      return gatherStart(look, world, world.action.number);
    case 'let-go':
      return gatherLetGo(look, world);
    case 'policies':
      return gatherPolicies(look, world);
    case 'record':
      return gatherRecord(look, world);
    case 'hooks':
      if (world.action.step.do === 'run') memory.countAttempt(world.action.step.hook);
      return world;
    case 'finish':
      memories.endUpgrade(identity.uid);
      if (world.release !== undefined) memory.awaitRecord(world.release);
      return {
        ...world,
        deletions: deletedNow(look.instance, await observeDeletions(look, world.release?.objects ?? [])),
        outdated: await observeOutdated(look),
      };
    case 'repair-policies': {
      const mine = world.drifted.filter((entry) => look.inventory?.policies.includes(entry));
      return onlyPeaceful(look, { ...world, drifted: mine });
    }
    case 'repair':
      return gatherRepair(look, world);
    case 'uninstall': {
      const deletions = await observeDeletions(look, []);
      memory.awaitDeletions(deletions.map(entryKey));
      return { ...world, deletions };
    }
    case 'settled':
      return gatherSettled(look, world);
    case 'wait':
      return gatherWait(look, world, world.action.for);
    case 'take':
      // What was known of the namespace is the other one's, or from before it was.
      memory.startAnew();
      return world;
    case 'refuse':
    case 'write':
    case 'enter-after':
    case 'note':
    case 'remove-namespace':
      return world;
  }
}

/** One that waits for its turn is woken when a place is free. */
function gatherWait(
  { memories, identity, instance }: Look,
  world: InstanceWorld,
  what: 'namespace-gone' | 'service' | 'turn',
): InstanceWorld {
  if (what === 'turn') memories.awaitTurn(identity.uid, instance.metadata);
  return world;
}

function gatherPolicies({ memory }: Look, world: InstanceWorld): InstanceWorld {
  if (world.policies !== undefined) memory.awaitPolicies(world.policies.digest, keysOf(world.policies));
  return world;
}

/** Whoever changed objects may have done it with a stock helm: its records are looked at, too, now and once more later. */
async function gatherRepair(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  const { memory, deps, inventory } = look;
  const now = deps.clock.monotonic();
  const peaceful = onlyPeaceful(look, world);
  if (peaceful.failure !== undefined) return peaceful;
  memory.recordsDueMs = now + RECORDS_AGAIN_MS;
  const records = await observeRecords(look, inventory?.release.number ?? 0);
  if (records.rewrite !== undefined && world.release !== undefined) memory.awaitRecord(world.release);
  return { ...peaceful, records };
}

/** Without the drift that was put back too often lately; nothing but that is a failure. */
function onlyPeaceful({ memory, deps }: Look, world: InstanceWorld): InstanceWorld {
  const now = deps.clock.monotonic();
  const drifted = world.drifted.filter((entry) => memory.mayRepair(entryKey(entry), now));
  return drifted.length === 0 ? fought(world) : { ...world, drifted };
}

function fought(world: InstanceWorld): InstanceWorld {
  const names = world.drifted.map(({ kind, name }) => `${kind.kind} ${name}`).join(', ');
  const failure: Failure = {
    reason: 'DriftRepeats',
    message: `Somebody changes ${names} again and again; it is put back every ${FIGHT_MS / 1000} s. Stop that or remove the field from the chart`,
    stalled: false,
    retryMs: FIGHT_MS,
  };
  return { ...world, failure };
}

/** The store may lag behind another leader: a namespace is only given up for gone after a look at the API. */
async function gatherLetGo(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  if (look.namespace.state !== 'absent') return world;
  const live = await liveNamespace(look);
  if (live.state !== 'ours' && live.state !== 'terminating') return world;
  return { ...world, action: { do: 'wait', for: 'namespace-gone' }, lookAgainMs: 1000 };
}

async function gatherRecord(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  if (world.release !== undefined) look.memory.awaitRecord(world.release);
  const isAccountOpen = await observeDefaultAccount(look);
  if (!isAccountOpen) look.memory.accountReady = true;
  const number = look.inventory?.release.number ?? 1;
  // Somebody's stock upgrade took the number: only a release that ran before can have been upgraded.
  const records = number > 1 ? await observeRecords(look, number) : undefined;
  return { ...world, isAccountOpen, records };
}

/** In a namespace that we just made it is Kubernetes' own, which needs no look. */
async function observeDefaultAccount({ identity, inventory, read, signal }: Look): Promise<boolean> {
  if (inventory?.release.running === undefined) return true;
  const ref = { namespace: identity.target, name: 'default' };
  const account = await read.live.find(SERVICE_ACCOUNT, ref, { signal });
  const isOurs = account?.metadata.labels?.[INSTANCE_UID_LABEL] === identity.uid;
  return !isOurs || account?.automountServiceAccountToken !== false;
}

async function gatherSettled(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  const { inventory, identity, read, signal, memory, instance, deps } = look;
  if (inventory === undefined) return world;
  const { stores, live } = read;
  const now = deps.clock.monotonic();
  if (memory.recordsDueMs !== undefined && memory.recordsDueMs <= now) {
    const repair = await gatherRecordRepair(look, world, inventory.release.number);
    if (repair !== undefined) return repair;
  }
  const seen = await observeReadiness(inventory, identity.target, { stores, live, signal }, memory, now);
  const readsSecrets = (instance.tenantry?.valuesFrom ?? []).length > 0;
  return {
    ...world,
    readiness: seen.readiness,
    url: observeUrl(identity.target, stores),
    helmrelease: await observeNotes(look, inventory),
    lookAgainMs: soonest(
      seen.lookAgainMs,
      readsSecrets ? VALUES_AGAIN_MS : undefined,
      // Labels that somebody changes again and again, see DriftRepeats.
      isRelabelled(world) ? FIGHT_MS : undefined,
      memory.recordsDueMs === undefined ? undefined : Math.max(memory.recordsDueMs - now, 1),
    ),
  };
}

function isRelabelled({ namespace, policies }: InstanceWorld): boolean {
  return namespace !== undefined && policies !== undefined && !labelsHold(namespace, policies.labels);
}

function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The second look at Helm's records after a repair: undefined if they are as they should be. */
async function gatherRecordRepair(
  look: Look,
  world: InstanceWorld,
  number: number,
): Promise<InstanceWorld | undefined> {
  look.memory.recordsDueMs = undefined;
  const records = await observeRecords(look, number);
  if (records.rewrite === undefined && records.foreign.length === 0) return undefined;
  const release = await loadRelease(look, number);
  if (release === 'unusable') return undefined;
  if (records.rewrite !== undefined) look.memory.awaitRecord(release);
  return { ...world, action: { do: 'repair' }, release, records };
}

/** The text in the status is taken as it stands only if it is the one we wrote; else it is made again from the release. */
async function observeNotes(look: Look, { release }: Inventory): Promise<string | undefined> {
  const { running } = release;
  const present = look.instance.status?.helmrelease;
  if (running === undefined) return undefined;
  if (present !== undefined && notesDigest(present) === running.notes) return present;
  const { identity, memories } = look;
  const content = running.number === release.number ? release.content : undefined;
  const kept =
    memories.release(identity.uid, running.number, content) ?? (await loadPrevious(look, running.number));
  const text = kept && helmreleaseText(identity.target, identity.release, kept.record.info.notes);
  if (text === undefined || notesDigest(text) === running.notes) return text;
  // Whoever may write Secrets in the namespace changed the record, and the status was forged, too: nothing of either is said.
  return helmreleaseText(identity.target, identity.release, '');
}
