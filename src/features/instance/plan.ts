import type { Instance } from '../../api/instance.ts';
import type { PlannedEvent, Stage } from '../../runtime/plan.ts';
import { isOfKubePlus } from './adoption.ts';
import { callFailure, migratedTo, namespaceTaken, notAdopted, notHandedOver } from './failures.ts';
import { hooksOf } from './hooks.ts';
import { entryKey } from './inventory.ts';
import type { NextAction } from './next-action.ts';
import { generatedSecrets, withoutSecrets } from './quiet-plan.ts';
import type { Readiness } from './readiness.ts';
import { type StatusFacts, statusOf } from './status.ts';
import type { Failure, InstanceWorld, ReleaseWorld } from './world.ts';
import {
  deleteStage,
  deployedStage,
  inventoryStage,
  namespaceStage,
  objectStages,
  policyStage,
  putBackRecords,
  recordStage,
  removeNamespaceStage,
  takeStage,
} from './writes.ts';
import { finished, inPhase, noted, started } from './next-inventory.ts';
import { planHooks } from './plan-hooks.ts';
import { busyPlan, factsOf, failed, type InstancePlan, lookAgain, warning } from './plan-verdict.ts';

/**
 * Milliseconds until an instance asks again whether its upgrade may begin. It is woken when a place is free; this is for a
 * change of how many may be upgraded at once, and for a namespace that the store does not have yet.
 */
const TURN_MS = 15_000;

/** What should be true of an instance next, and what to say about it. Pure. */
export function planInstance(instance: Instance, world: InstanceWorld, now: number): InstancePlan {
  const { failure, action } = world;
  const finalizer = action.do === 'let-go' ? 'absent' : 'present';
  const plan =
    failure === undefined ? planAction(instance, world, now) : failed(instance, world, failure, now);
  return { finalizer, ...withoutSecrets(plan, [...world.secrets, ...generatedSecrets(world.release)]) };
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
  return withoutSecrets({ stages: [], status, events: [warning(failure)] }, facts.secrets);
}

function planAction(instance: Instance, world: InstanceWorld, now: number): InstancePlan {
  const { action, release } = world;
  switch (action.do) {
    case 'let-go':
      return { stages: [] };
    case 'wait':
      return planWait(instance, world, action.for, now);
    case 'refuse':
      return failed(instance, world, refusal(instance, world), now);
    case 'take':
      return { stages: [takeStage(world)], again: true };
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

function refusal(instance: Instance, { identity, takenBy }: InstanceWorld): Failure {
  const { adopted } = instance.tenantry ?? {};
  if (takenBy !== undefined) return migratedTo(takenBy, identity.kind);
  if (adopted !== undefined) return notHandedOver(adopted);
  return isOfKubePlus(instance) ? notAdopted(instance.metadata.name) : namespaceTaken(identity.target);
}

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
      // A leader before us may still make what goes now: it goes when no request of its can arrive any more.
      if (world.deletions.length > 0 && world.lateMs > 0) return { stages: [], lookAgainMs: world.lateMs };
      return { stages: planFinish(world, now), again: true };
    case 'repair':
      return planRepair(world, now);
    default:
      return { stages: [], again: true };
  }
}

function planStart(world: InstanceWorld, number: number): InstancePlan {
  const inventory = started(world, number);
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
  return {
    stages: [],
    status,
    events: settledEvents(instance, world, readiness),
    ...lookAgain(world.lookAgainMs),
  };
}

/** Waiting is no event: it comes with every start, and the condition says for what. */
function settledEvents(
  instance: Instance,
  world: InstanceWorld,
  readiness: Readiness,
): readonly PlannedEvent[] {
  if (!readiness.ready) {
    const { reason, message } = readiness;
    return reason === 'Waiting' ? [] : [{ type: 'Warning', reason, message }];
  }
  const message = `Release ${world.inventory?.release.number ?? 0} runs in namespace ${world.identity.target}`;
  // An upgrade that never stopped being ready changes no condition, and is worth a word all the same.
  return [{ type: 'Normal', reason: 'Ready', message, always: isUpgraded(instance, world) }];
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
      return { stages: [], lookAgainMs: world.lookAgainMs ?? TURN_MS };
  }
}

function terminating(target: string): { readonly reason: string; readonly message: string } {
  return {
    reason: 'NamespaceTerminating',
    message: `Namespace ${target} is being deleted; the instance is written anew when it is gone`,
  };
}
