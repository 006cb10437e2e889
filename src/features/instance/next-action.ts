import type { HookEvent } from '../../helm/rendering.ts';
import type { HookStep } from './hooks.ts';
import type { InventoryRelease } from './inventory.ts';

/** What `nextAction` knows of the release's content, once that was loaded. */
export interface ReleaseContent {
  /** Nothing is kept of the release: it was never recorded, or somebody deleted its Secret. */
  readonly missing: boolean;
  /** The release Secret is written, and the namespace's default account. */
  readonly recorded: boolean;
  /** All objects are written. */
  readonly written: boolean;
  /** Where the hooks of an event stand; absent for events without hooks. */
  readonly hooks: Readonly<Partial<Record<HookEvent, HookStep>>>;
}

/** Everything that the choice depends on. */
export interface InstanceState {
  readonly deleting: boolean;
  /** Deletion is forced by label: hooks are not waited for. */
  readonly forced: boolean;
  readonly namespace: 'absent' | 'ours' | 'terminating' | 'taken';
  /** It takes over a namespace that is there, and makes none. */
  readonly adopts: boolean;
  /** The instance of another kind gives it its namespace. */
  readonly mayTake: boolean;
  /** The namespace is marked as another service's: it was taken over, and the policies are that one's still. */
  readonly moved: boolean;
  /** The service has a current revision. */
  readonly served: boolean;
  readonly release: InventoryRelease | undefined;
  /** Digest of what should be rendered from. */
  readonly inputs: string;
  /** Name of the revision that should run. */
  readonly revision: string;
  readonly policiesCurrent: boolean;
  /** What somebody changed or deleted of ours: policies, or objects of the chart only. */
  readonly drifted: 'nothing' | 'policies' | 'objects';
  /** The inventory lacks what memory knows: UIDs, marks, the policies' digest, the revision's name. */
  readonly unnoted: boolean;
  /** An upgrade to another revision may begin now. */
  readonly mayUpgrade: boolean;
  /** The chart's objects are deleted (on deletion). */
  readonly objectsDeleted: boolean;
  /** Undefined until it was loaded. */
  readonly content: ReleaseContent | undefined;
}

/** The one thing to do next: a closed list, so that the plan's switch is complete. */
export type NextAction =
  /** Nothing is left: take the finalizer away. */
  | { readonly do: 'let-go' }
  | { readonly do: 'wait'; readonly for: 'namespace-gone' | 'service' | 'turn' }
  /** The namespace is somebody else's, or to be taken over and not there. */
  | { readonly do: 'refuse' }
  /** Make the namespace of another kind's instance its own. */
  | { readonly do: 'take' }
  /** Render anew and write down what will be touched. */
  | { readonly do: 'start'; readonly number: number }
  | { readonly do: 'policies' }
  /** Write the pending release, and the objects too if no hook runs before them. */
  | { readonly do: 'record' }
  | { readonly do: 'hooks'; readonly event: HookEvent; readonly step: HookStep }
  | { readonly do: 'write' }
  /** Objects are written and hooks follow: note it, so that a restart does not begin anew. */
  | { readonly do: 'enter-after' }
  | { readonly do: 'finish' }
  | { readonly do: 'repair-policies' }
  | { readonly do: 'repair' }
  | { readonly do: 'note' }
  | { readonly do: 'settled' }
  | { readonly do: 'uninstall' }
  | { readonly do: 'remove-namespace' };

/** The choice depends on the release's content: get it, then choose again. */
export interface NeedsContent {
  readonly do: 'load';
}

/**
 * Chooses the next action. After each one the instance is looked at again, so a crash anywhere ends in the same place:
 *
 *     start → policies → record → [hooks before] → write → [hooks after] → finish → settled ⇄ repair, note
 */
export function nextAction(state: InstanceState & { readonly content: ReleaseContent }): NextAction;
export function nextAction(state: InstanceState): NextAction | NeedsContent;
export function nextAction(state: InstanceState): NextAction | NeedsContent {
  if (state.deleting) return nextOfDeletion(state);
  if (state.namespace === 'taken' && state.mayTake) return { do: 'take' };
  // Made, it would be a namespace by a name of the user's choice.
  if (state.namespace === 'taken' || (state.adopts && state.namespace === 'absent')) return { do: 'refuse' };
  if (state.namespace === 'terminating') return { do: 'wait', for: 'namespace-gone' };
  if (!state.served) return { do: 'wait', for: 'service' };
  const { release } = state;
  if (release === undefined || state.namespace === 'absent') return { do: 'start', number: 1 };
  // Its account reads nothing there before it is bound.
  if (state.moved && !state.policiesCurrent) return { do: 'policies' };
  // The policies need nothing of the release, and reading that needs one of them: the binding of the service's account.
  if (state.drifted === 'policies') return { do: 'repair-policies' };
  if (release.inputs !== state.inputs) return nextRelease(state, release);
  if (!state.policiesCurrent) return { do: 'policies' };
  return release.phase === 'done' ? nextOfRunning(state, release) : nextOfPending(state, release);
}

function nextRelease(state: InstanceState, release: InventoryRelease): NextAction {
  const upgrade = release.running !== undefined && release.revision !== state.revision;
  if (upgrade && !state.mayUpgrade) return { do: 'wait', for: 'turn' };
  return { do: 'start', number: release.number + 1 };
}

function nextOfRunning(state: InstanceState, release: InventoryRelease): NextAction | NeedsContent {
  if (state.drifted === 'objects') {
    if (state.content === undefined) return { do: 'load' };
    return state.content.missing ? { do: 'start', number: release.number + 1 } : { do: 'repair' };
  }
  return state.unnoted ? { do: 'note' } : { do: 'settled' };
}

function nextOfPending(state: InstanceState, release: InventoryRelease): NextAction | NeedsContent {
  const { content } = state;
  if (content === undefined) return { do: 'load' };
  if (content.missing) {
    // Never recorded: nothing was written under this number, it can be used again.
    return { do: 'start', number: release.phase === 'before' ? release.number : release.number + 1 };
  }
  if (!content.recorded) return { do: 'record' };
  const upgrade = release.running !== undefined;
  const before = content.hooks[upgrade ? 'pre-upgrade' : 'pre-install'];
  const afterEvent = upgrade ? 'post-upgrade' : 'post-install';
  const after = content.hooks[afterEvent];
  if (release.phase === 'before' && before !== undefined) {
    return { do: 'hooks', event: upgrade ? 'pre-upgrade' : 'pre-install', step: before };
  }
  if (release.phase === 'closing') return { do: 'finish' };
  if (release.phase === 'after') {
    return after === undefined ? { do: 'finish' } : { do: 'hooks', event: afterEvent, step: after };
  }
  if (!content.written) return { do: 'write' };
  return after === undefined ? { do: 'finish' } : { do: 'enter-after' };
}

function nextOfDeletion(state: InstanceState): NextAction | NeedsContent {
  const { namespace, content, release, forced } = state;
  if (namespace === 'absent' || namespace === 'taken') return { do: 'let-go' };
  if (namespace === 'terminating') return { do: 'wait', for: 'namespace-gone' };
  if (release === undefined) return { do: 'remove-namespace' };
  if (content === undefined && !forced) return { do: 'load' };
  const hooks = forced ? {} : (content?.hooks ?? {});
  const before = hooks['pre-delete'];
  if (!state.objectsDeleted) {
    return before === undefined || before.do === 'done'
      ? { do: 'uninstall' }
      : { do: 'hooks', event: 'pre-delete', step: before };
  }
  const after = hooks['post-delete'];
  return after === undefined || after.do === 'done'
    ? { do: 'remove-namespace' }
    : { do: 'hooks', event: 'post-delete', step: after };
}
