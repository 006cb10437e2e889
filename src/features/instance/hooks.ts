import type { HookEvent } from '../../helm/rendering.ts';
import { backoffMs } from '../../lib/backoff.ts';
import { entryKey } from './inventory.ts';
import type { SourcedHook } from './manifests.ts';
import type { ScopedObject } from './scope.ts';

/** On hook objects: release number and event that they run for. Tells this run's object from the last one's. */
export const HOOK_RUN_ANNOTATION = 'tenantry.dev/hook-run';

/** A hook whose kind is known and which belongs into the instance's namespace. */
export type ScopedHook = SourcedHook & ScopedObject;

/** What stands in the cluster under a hook's name. */
export interface HookSeen {
  readonly uid: string;
  /** Value of HOOK_RUN_ANNOTATION. */
  readonly run: string | undefined;
  readonly deleting: boolean;
  readonly state: 'running' | 'succeeded' | 'failed';
  /** Why it failed, in the hook's own words. */
  readonly message?: string;
  /** Milliseconds since the epoch when it ended. */
  readonly endedAt?: number;
}

/** The one thing to do next for the hooks of an event. */
export type HookStep =
  | { readonly do: 'run'; readonly hook: ScopedHook }
  /** An object of an earlier run or attempt is in the way. */
  | { readonly do: 'clear'; readonly hook: ScopedHook; readonly uid: string }
  | { readonly do: 'wait'; readonly hook: ScopedHook }
  | { readonly do: 'failed'; readonly hook: ScopedHook; readonly message: string; readonly retryInMs: number }
  | {
      readonly do: 'done';
      /** Objects whose delete policy says that they go when they succeeded. */
      readonly cleanup: readonly { readonly hook: ScopedHook; readonly uid: string }[];
    };

/** Waits between attempts of a failing hook: each costs pods and perhaps a migration that is half done. */
const RETRY = { baseMs: 10_000, maxMs: 300_000, jitter: 0 };

/** The hooks of an event in the order they run: weight, then kind and name. Helm runs them one after another. */
export function hooksOf(hooks: readonly ScopedHook[], event: HookEvent): readonly ScopedHook[] {
  return hooks
    .filter(({ hook }) => hook.events.includes(event))
    .sort((a, b) => a.hook.weight - b.hook.weight || (keyOfHook(a) < keyOfHook(b) ? -1 : 1));
}

export function keyOfHook({ kind, object }: ScopedHook): string {
  return entryKey({ kind, name: object.metadata.name });
}

/**
 * Decides the next step. `attempts` tells how often a hook was tried in this run. A failed hook stays for people to look
 * at until it is tried again, whatever its delete policy: it is the only evidence. An object of an earlier run is always
 * deleted first (Helm's default; without that policy Helm would fail).
 */
export function hookStep(
  hooks: readonly ScopedHook[],
  run: string,
  seen: (hook: ScopedHook) => HookSeen | undefined,
  attempts: (hook: ScopedHook) => number,
  now: number,
): HookStep {
  for (const hook of hooks) {
    const object = seen(hook);
    if (object === undefined) return { do: 'run', hook };
    if (object.deleting) return { do: 'wait', hook };
    if (object.run !== run) return { do: 'clear', hook, uid: object.uid };
    if (object.state === 'running') return { do: 'wait', hook };
    if (object.state === 'failed') return retryOf(hook, object, attempts(hook), now);
  }
  const cleanup = hooks.flatMap((hook) => {
    const uid = seen(hook)?.uid;
    return uid !== undefined && hook.hook.deletePolicies.includes('hook-succeeded') ? [{ hook, uid }] : [];
  });
  return { do: 'done', cleanup };
}

function retryOf(
  hook: ScopedHook,
  { uid, endedAt = 0, message }: HookSeen,
  attempts: number,
  now: number,
): HookStep {
  const retryInMs = endedAt + backoffMs(Math.max(1, attempts), RETRY) - now;
  if (retryInMs <= 0) return { do: 'clear', hook, uid };
  return { do: 'failed', hook, message: message ?? 'it failed and left no message', retryInMs };
}

/** The value of HOOK_RUN_ANNOTATION. */
export function hookRun(release: number, event: HookEvent): string {
  return `${release}/${event}`;
}
