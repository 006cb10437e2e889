import type { Instance } from '../../api/instance.ts';
import type { ReleaseWorld } from './world.ts';
import { hookRun, type HookStep, type ScopedHook } from './hooks.ts';
import { deletedEntries, deleteStage, hookStage, inventoryStage } from './writes.ts';
import { inPhase } from './next-inventory.ts';
import { busyPlan, failed, type InstancePlan } from './plan-verdict.ts';

/** Milliseconds until a hook's object that nobody watches is looked for again. */
const UNWATCHED_MS = 2_000;

export function planHooks(
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
