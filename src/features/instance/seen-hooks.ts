import type { Reader } from '../../client/client.ts';
import type { HookEvent } from '../../helm/rendering.ts';
import type { Job, Pod } from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import {
  HOOK_RUN_ANNOTATION,
  hookRun,
  hooksOf,
  hookStep,
  keyOfHook,
  type HookSeen,
  type HookStep,
  type ScopedHook,
} from './hooks.ts';
import { failureOf, podTrouble } from './pod-trouble.ts';
import { podsOf } from './readiness.ts';

/** What is needed to see where hooks stand. */
export interface HookView {
  /** As the service's account. */
  readonly account: Reader;
  readonly target: string;
  /** Pods of the namespace. */
  readonly pods: readonly Pod[];
  readonly attempts: ReadonlyMap<string, number>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Where the hooks of an event stand; undefined if there are none. Reads each hook's object by name. */
export async function stepOf(
  hooks: readonly ScopedHook[],
  event: HookEvent,
  release: number,
  view: HookView,
): Promise<HookStep | undefined> {
  const due = hooksOf(hooks, event);
  if (due.length === 0) return undefined;
  const seen = new Map<string, HookSeen>();
  for (const hook of due) {
    const ref = { namespace: view.target, name: hook.object.metadata.name };
    const object = await view.account.find(hook.kind, ref, { signal: view.signal });
    if (object !== undefined) seen.set(keyOfHook(hook), seenOf(object, view.pods));
  }
  return hookStep(
    due,
    hookRun(release, event),
    (hook) => seen.get(keyOfHook(hook)),
    (hook) => view.attempts.get(keyOfHook(hook)) ?? 1,
    view.now,
  );
}

/** What the API shows of a hook. Jobs and Pods run; anything else is done as soon as it is there. */
export function seenOf(object: KubeObject, pods: readonly Pod[]): HookSeen {
  const { uid = '', annotations, deletionTimestamp } = object.metadata;
  const base = { uid, run: annotations?.[HOOK_RUN_ANNOTATION], deleting: deletionTimestamp !== undefined };
  // The kind says which of the two types it is.
  if (object.kind === 'Job') return { ...base, ...jobState(object, pods) };
  if (object.kind === 'Pod') return { ...base, ...podState(object) };
  return { ...base, state: 'succeeded' };
}

type State = Pick<HookSeen, 'state' | 'message' | 'endedAt'>;

function jobState({ metadata, status }: Job, pods: readonly Pod[]): State {
  const ended = status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
  if (ended === undefined) return { state: 'running' };
  if (ended.type === 'Complete') return { state: 'succeeded' };
  const own = podsOf(metadata.uid, pods).flatMap((pod) => failureOf(pod) ?? [])[0];
  return {
    state: 'failed',
    message: own ?? ended.message ?? 'the Job failed',
    endedAt: timeOf(ended.lastTransitionTime),
  };
}

function podState(pod: Pod): State {
  switch (pod.status?.phase) {
    case 'Succeeded':
      return { state: 'succeeded' };
    case 'Failed': {
      const ended =
        pod.status.containerStatuses?.flatMap(({ state }) => state?.terminated?.finishedAt ?? []) ?? [];
      const message = failureOf(pod) ?? podTrouble(pod)?.message ?? 'the Pod failed';
      return { state: 'failed', message, endedAt: timeOf(ended[0]) };
    }
    default:
      return { state: 'running' };
  }
}

function timeOf(text: string | undefined): number {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? 0 : time;
}
