import type { Instance, InstanceStatus } from '../../api/instance.ts';
import type { Plan, PlannedEvent, Stage } from '../../runtime/plan.ts';
import { isolationOf } from './isolation-status.ts';
import { type StatusFacts, statusOf, type Verdict } from './status.ts';
import type { Failure, InstanceWorld } from './world.ts';

/** A plan for an instance. */
export type InstancePlan = Plan<InstanceStatus>;

/** What of the world stands in the status besides the verdict. */
export function factsOf(world: InstanceWorld): StatusFacts {
  const { identity, namespace, inventory, helmrelease, url, secrets } = world;
  return {
    target: identity.target,
    release: identity.release,
    holdsNamespace: namespace !== undefined,
    inventory,
    helmrelease,
    url,
    isolation: isolationOf(world),
    secrets,
  };
}

/** Nothing is written but why it does not get further; tried again when the failure says so. */
export function failed(
  instance: Instance,
  world: InstanceWorld,
  failure: Failure,
  now: number,
): InstancePlan {
  const verdict: Verdict = { is: 'failed', failure };
  return {
    stages: [],
    status: statusOf(instance, verdict, factsOf(world), now),
    events: [warning(failure)],
    ...lookAgain(failure.retryMs ?? world.lookAgainMs),
  };
}

/** A failure as an event. */
export function warning({ reason, message }: Failure): PlannedEvent {
  return { type: 'Warning', reason, message };
}

/** Stages, and the status that says what is being done. */
export function busyPlan(
  instance: Instance,
  world: InstanceWorld,
  said: { readonly reason: string; readonly message: string },
  now: number,
  stages: readonly Stage[],
): InstancePlan {
  return { stages, status: statusOf(instance, { is: 'busy', ...said }, factsOf(world), now) };
}

/** When to look again, as a part of a plan; nothing where only a change matters. */
export function lookAgain(ms: number | undefined): { readonly lookAgainMs?: number } {
  return ms === undefined ? {} : { lookAgainMs: ms };
}
