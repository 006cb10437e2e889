import type { Instance } from '../../api/instance.ts';
import type { ReleaseWorld } from './world.ts';
import { hookRun, type HookStep, type ScopedHook } from './hooks.ts';
import { deletedEntries, deleteStage, hookStage, inventoryStage } from './writes.ts';
import { unionOf } from './inventory.ts';
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
    case 'done': {
      const going = deletedEntries(step.cleanup);
      const inventory = inPhase(world, event.startsWith('pre-') ? 'objects' : 'closing');
      // Noted before their objects go: else a crash in between would run them again. And noted with those objects, which
      // a crash would leave behind: what of the inventory the release does not want goes at its end.
      return {
        stages: [
          inventoryStage(world, { ...inventory, objects: unionOf(inventory.objects, going) }),
          // Their names stay taken as long as a leader before us may have sent them, too: a hook runs once.
          ...(world.lateMs > 0 ? [] : [deleteStage('hooks', world, going)]),
        ],
        again: true,
      };
    }
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
