import type { Instance, InstanceStatus } from '../../api/instance.ts';
import type { Plan, PlannedEvent, Stage } from '../../runtime/plan.ts';
import { callFailure, namespaceTaken } from './failures.ts';
import { hookRun, hooksOf, type HookStep, type ScopedHook } from './hooks.ts';
import { entryKey, unionOf, type Inventory, type InventoryRelease } from './inventory.ts';
import type { KeptRelease } from './kept-release.ts';
import type { NextAction } from './next-action.ts';
import { helmreleaseText, notesDigest, statusOf, type StatusFacts, type Verdict } from './status.ts';
import type { Failure, InstanceWorld } from './world.ts';
import {
  deletedEntries,
  deleteStage,
  deployedStage,
  entriesOf,
  hookStage,
  inventoryStage,
  namespaceStage,
  objectStages,
  policyStage,
  putBackRecords,
  recordStage,
  removeNamespaceStage,
  withKnown,
} from './writes.ts';

/** Milliseconds until an instance asks again whether its upgrade may begin; others end meanwhile without waking it. */
const TURN_MS = 2_000;
/** Milliseconds until a hook's object that nobody watches is looked for again. */
const UNWATCHED_MS = 2_000;

type InstancePlan = Plan<InstanceStatus>;

/** What should be true of an instance next, and what to say about it. Pure. */
export function planInstance(instance: Instance, world: InstanceWorld, now: number): InstancePlan {
  const { failure, action } = world;
  const finalizer = action.do === 'let-go' ? 'absent' : 'present';
  const plan =
    failure === undefined ? planAction(instance, world, now) : failed(instance, world, failure, now);
  return { finalizer, ...plan };
}

/** What to tell when a call was refused. Nothing is written but the status. Pure. */
export function explainInstance(
  instance: Instance,
  facts: StatusFacts,
  error: unknown,
  now: number,
): InstancePlan {
  const failure = callFailure(error);
  const status = statusOf(instance, { is: 'failed', failure }, facts, now);
  return { stages: [], status, events: [warning(failure)] };
}

function planAction(instance: Instance, world: InstanceWorld, now: number): InstancePlan {
  const { action, release } = world;
  switch (action.do) {
    case 'let-go':
      return { stages: [] };
    case 'wait':
      return planWait(instance, world, action.for, now);
    case 'refuse':
      return failed(instance, world, namespaceTaken(world.identity.target), now);
    case 'load':
      // `observe` loads and chooses again; this is never planned.
      return { stages: [], again: true };
    case 'start':
      return planStart(world, action.number);
    case 'policies':
      return { stages: [policyStage(world)], again: true };
    case 'repair-policies':
      return planRepairPolicies(world);
    case 'remove-namespace':
      return busyPlan(instance, world, DELETING, now, [removeNamespaceStage(world)]);
    case 'uninstall':
      return planUninstall(instance, world, now);
    case 'note':
      return { stages: [inventoryStage(world, noted(world))], again: true };
    case 'settled':
      return planSettled(instance, world, now);
    case 'record':
    case 'hooks':
    case 'write':
    case 'enter-after':
    case 'finish':
    case 'repair':
      return release === undefined
        ? { stages: [], again: true }
        : planRelease(instance, { ...world, release }, now);
  }
}

type ReleaseWorld = InstanceWorld & { readonly release: KeptRelease };

function planRelease(instance: Instance, world: ReleaseWorld, now: number): InstancePlan {
  const { action, release } = world;
  switch (action.do) {
    case 'record':
      return { stages: planRecord(world, now), again: true };
    case 'hooks':
      return planHooks(instance, world, action.event, action.step, now);
    case 'write':
      return { stages: objectStages(world, release, world.changed), again: true };
    case 'enter-after':
      return { stages: [inventoryStage(world, inPhase(world, 'after'))], again: true };
    case 'finish':
      return { stages: planFinish(world, now), again: true };
    case 'repair':
      return planRepair(world, now);
    default:
      return { stages: [], again: true };
  }
}

function planStart(world: InstanceWorld, number: number): InstancePlan {
  const { inventory: old, known, policies, release, revision, inputs } = world;
  const next: InventoryRelease = {
    number,
    inputs,
    revision: revision?.metadata.name ?? '',
    version: revision?.spec.chart.version ?? '',
    phase: 'before',
    ...(old?.release.running === undefined ? {} : { running: old.release.running }),
  };
  const inventory: Inventory = {
    release: next,
    // Old and new: whatever becomes of this release, everything that either of them touches is accounted for.
    objects: unionOf(withKnown(old?.objects ?? [], known), entriesOf(release?.objects ?? [], known)),
    policies: unionOf(withKnown(old?.policies ?? [], known), entriesOf(policies?.objects ?? [], known)),
    ...(old?.policyDigest === undefined ? {} : { policyDigest: old.policyDigest }),
    exposed: policies?.exposed ?? [],
    usesApi: policies?.usesApi ?? false,
  };
  if (world.namespace === undefined) {
    return { stages: [namespaceStage(world, inventory), policyStage(world)], again: true };
  }
  return { stages: [inventoryStage(world, inventory)], again: true };
}

/** Where no hook runs before the objects, they follow in the same plan. */
function planRecord(world: ReleaseWorld, now: number): readonly Stage[] {
  const { release, inventory, changed } = world;
  const foreign = world.records?.foreign ?? [];
  const record = recordStage(world, release, now);
  const cleared = foreign.length > 0 ? [deleteStage('foreign-releases', world, foreign)] : [];
  const upgrade = inventory?.release.running !== undefined;
  const before = hooksOf(release.hooks, upgrade ? 'pre-upgrade' : 'pre-install');
  const stages = [...cleared, record];
  return before.length > 0 ? stages : [...stages, ...objectStages(world, release, changed)];
}

function planHooks(
  instance: Instance,
  world: ReleaseWorld,
  event: Parameters<typeof hookRun>[1],
  step: HookStep,
  now: number,
): InstancePlan {
  const run = hookRun(world.inventory?.release.number ?? 0, event);
  switch (step.do) {
    case 'run':
      return {
        ...busyPlan(instance, world, running(event, step.hook), now, [hookStage(world, step.hook, run)]),
        again: true,
      };
    case 'clear': {
      const { kind, object } = step.hook;
      return {
        stages: [deleteStage('hook', world, [{ kind, name: object.metadata.name, uid: step.uid }])],
        again: true,
      };
    }
    case 'wait': {
      const plan = busyPlan(instance, world, running(event, step.hook), now, []);
      return isWatched(step.hook) ? plan : { ...plan, lookAgainMs: UNWATCHED_MS };
    }
    case 'failed': {
      const message = `Hook ${event} ${nameOf(step.hook)} failed: ${step.message}`;
      const failure = { reason: 'HookFailed', message, stalled: false, retryMs: step.retryInMs };
      return failed(instance, world, failure, now);
    }
    case 'done':
      return {
        stages: [
          inventoryStage(world, inPhase(world, 'objects')),
          deleteStage('hooks', world, deletedEntries(step.cleanup)),
        ],
        again: true,
      };
  }
}

function running(event: string, hook: ScopedHook): { readonly reason: string; readonly message: string } {
  return { reason: 'HookRunning', message: `Hook ${event} ${nameOf(hook)} runs` };
}

function nameOf({ kind, object, source }: ScopedHook): string {
  return `${kind.kind} ${object.metadata.name} (${source})`;
}

function isWatched({ kind }: ScopedHook): boolean {
  return kind.kind === 'Job' || kind.kind === 'Pod';
}

function planFinish(world: ReleaseWorld, now: number): readonly Stage[] {
  const { deletions } = world;
  return [
    ...(deletions.length > 0 ? [deleteStage('prune', world, deletions)] : []),
    deployedStage(world, world.release, now),
    inventoryStage(world, finished(world)),
  ];
}

/** Policies before anything else: what isolates the instance, and what lets the service's account work. */
function planRepairPolicies(world: InstanceWorld): InstancePlan {
  const keys = new Set(world.drifted.map(entryKey));
  const writes = policyStage(world).writes.filter(
    (write) =>
      write.verb === 'own' && keys.has(entryKey({ kind: write.kind, name: write.object.metadata.name })),
  );
  return { stages: [{ name: 'policies', writes }], events: [repaired(world, [])], again: true };
}

function planRepair(world: ReleaseWorld, now: number): InstancePlan {
  const { drifted, release, identity } = world;
  const records = putBackRecords(world, release, now);
  const stages = [...objectStages(world, release, new Set(drifted.map(entryKey))), ...records];
  const more = records.length > 0 ? [`Helm release ${identity.release}`] : [];
  return { stages, events: [repaired(world, more)], again: true };
}

function repaired({ drifted, identity }: InstanceWorld, more: readonly string[]): PlannedEvent {
  const names = [...drifted.map(({ kind, name }) => `${kind.kind} ${name}`), ...more].join(', ');
  return {
    type: 'Normal',
    reason: 'Repaired',
    message: `Put back what others changed or deleted in namespace ${identity.target}: ${names}`,
    always: true,
  };
}

const DELETING = { reason: 'Deleting', message: 'The instance is being deleted' };

function planUninstall(instance: Instance, world: InstanceWorld, now: number): InstancePlan {
  const objects = deleteStage('objects', world, world.deletions);
  const hooksFollow = hooksOf(world.release?.hooks ?? [], 'post-delete').length > 0;
  const stages = hooksFollow ? [objects] : [objects, removeNamespaceStage(world)];
  return { ...busyPlan(instance, world, DELETING, now, stages), again: hooksFollow };
}

function planSettled(instance: Instance, world: InstanceWorld, now: number): InstancePlan {
  const readiness = world.readiness ?? { ready: true };
  const status = statusOf(instance, { is: 'applied', readiness }, factsOf(world), now);
  const event: PlannedEvent = readiness.ready
    ? {
        type: 'Normal',
        reason: 'Ready',
        message: `Release ${world.inventory?.release.number ?? 0} runs in namespace ${world.identity.target}`,
        // An upgrade that never stopped being ready changes no condition, and is worth a word all the same.
        always: isUpgraded(instance, world),
      }
    : {
        type: readiness.reason === 'Waiting' ? 'Normal' : 'Warning',
        reason: readiness.reason,
        message: readiness.message,
      };
  return { stages: [], status, events: [event], ...lookAgain(world.lookAgainMs) };
}

function isUpgraded({ status }: Instance, { inventory }: InstanceWorld): boolean {
  const number = inventory?.release.running?.number;
  return status?.release !== undefined && number !== undefined && status.release !== number;
}

function planWait(
  instance: Instance,
  world: InstanceWorld,
  what: Extract<NextAction, { do: 'wait' }>['for'],
  now: number,
): InstancePlan {
  const deleting = instance.metadata.deletionTimestamp !== undefined;
  switch (what) {
    case 'namespace-gone':
      return {
        ...busyPlan(instance, world, deleting ? DELETING : terminating(world.identity.target), now, []),
        ...lookAgain(world.lookAgainMs),
      };
    case 'service': {
      const message = `The service of kind ${instance.kind} is not registered (yet)`;
      return busyPlan(instance, world, { reason: 'ServiceNotReady', message }, now, []);
    }
    case 'turn':
      // What runs goes on running and is reported as it was.
      return { stages: [], lookAgainMs: TURN_MS };
  }
}

function terminating(target: string): { readonly reason: string; readonly message: string } {
  return {
    reason: 'NamespaceTerminating',
    message: `Namespace ${target} is being deleted; the instance is written anew when it is gone`,
  };
}

/** The inventory with the release in another phase. */
function inPhase(world: InstanceWorld, phase: 'objects' | 'after'): Inventory {
  const inventory = noted(world);
  return { ...inventory, release: { ...inventory.release, phase } };
}

/** The inventory with everything that was learnt since it was written. */
function noted(world: InstanceWorld): Inventory {
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

/** The inventory of a release that is through: only what it wants, and itself as the one that runs. */
function finished(world: ReleaseWorld): Inventory {
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

function helmreleaseOf({ identity, release }: ReleaseWorld): string {
  return helmreleaseText(identity.target, identity.release, release.record.info.notes);
}

/** What of the world stands in the status besides the verdict. */
export function factsOf(world: InstanceWorld): StatusFacts {
  const { identity, namespace, inventory, helmrelease, url } = world;
  return {
    target: identity.target,
    release: identity.release,
    holdsNamespace: namespace !== undefined,
    inventory,
    helmrelease,
    url,
  };
}

function failed(instance: Instance, world: InstanceWorld, failure: Failure, now: number): InstancePlan {
  const verdict: Verdict = { is: 'failed', failure };
  return {
    stages: [],
    status: statusOf(instance, verdict, factsOf(world), now),
    events: [warning(failure)],
    ...lookAgain(failure.retryMs ?? world.lookAgainMs),
  };
}

function warning({ reason, message }: Failure): PlannedEvent {
  return { type: 'Warning', reason, message };
}

function busyPlan(
  instance: Instance,
  world: InstanceWorld,
  said: { readonly reason: string; readonly message: string },
  now: number,
  stages: readonly Stage[],
): InstancePlan {
  return { stages, status: statusOf(instance, { is: 'busy', ...said }, factsOf(world), now) };
}

function lookAgain(ms: number | undefined): { readonly lookAgainMs?: number } {
  return ms === undefined ? {} : { lookAgainMs: ms };
}
