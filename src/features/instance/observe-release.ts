import type { HookEvent } from '../../helm/rendering.ts';
import { POD } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { HookStep } from './hooks.ts';
import type { InventoryRelease } from './inventory.ts';
import type { KeptRelease } from './kept-release.ts';
import { loadPrevious, loadRelease } from './load-release.ts';
import type { Look } from './look.ts';
import type { ReleaseContent } from './next-action.ts';
import { stepOf } from './seen-hooks.ts';

/** The content of a release, and what was read along the way. */
export interface LoadedContent {
  readonly content: ReleaseContent;
  readonly release: KeptRelease | undefined;
  readonly previous: KeptRelease | undefined;
  readonly changed: ReadonlySet<string>;
}

const MISSING: LoadedContent = {
  content: { missing: true, recorded: false, written: false, hooks: {} },
  release: undefined,
  previous: undefined,
  changed: new Set(),
};

/** Loads the release that the inventory names and sees how far it has come. */
export async function loadContent(look: Look): Promise<LoadedContent> {
  const { inventory, memory } = look;
  if (inventory === undefined) return MISSING;
  const { release: state } = inventory;
  const release = await loadRelease(look, state.number);
  if (release === 'unusable') return MISSING;
  // A Secret of the same number with other inputs is left from an attempt that ended before it counted.
  if (!look.deleting && release.inputs !== state.inputs) return MISSING;
  const previous = await loadBefore(look, state);
  const changed = changedKeys(release, previous, state);
  const rendered = `${state.number}/${release.content}`;
  if (!look.deleting && state.phase !== 'done') memory.awaitObjects(rendered, changed);
  const hooks = await loadHooks(look, release, state);
  return {
    content: {
      missing: false,
      // After a restart it is not known whether the account was written with the record: both are done again.
      recorded: memory.recordOf(state.number, release.content) !== undefined && memory.accountReady,
      written: memory.isWritten(rendered),
      hooks,
    },
    release,
    previous,
    changed,
  };
}

async function loadBefore(
  look: Look,
  { phase, running }: InventoryRelease,
): Promise<KeptRelease | undefined> {
  if (phase === 'done' || running === undefined || look.deleting) return undefined;
  return loadPrevious(look, running.number);
}

/**
 * The objects that a release must write: those that differ from the one before. All of them if there is none, or if a
 * release in between was begun and given up: it may have written some.
 */
export function changedKeys(
  release: Pick<KeptRelease, 'hashes'>,
  previous: Pick<KeptRelease, 'hashes'> | undefined,
  { number, running }: Pick<InventoryRelease, 'number' | 'running'>,
): ReadonlySet<string> {
  const keys = Object.keys(release.hashes);
  if (previous === undefined || running?.number !== number - 1) return new Set(keys);
  return new Set(keys.filter((key) => release.hashes[key] !== previous.hashes[key]));
}

/** Where the hooks stand that matter now. */
async function loadHooks(
  look: Look,
  release: KeptRelease,
  { number, phase, running }: InventoryRelease,
): Promise<Partial<Record<HookEvent, HookStep>>> {
  const hooks: Partial<Record<HookEvent, HookStep>> = {};
  for (const event of eventsNow(look, phase, running !== undefined)) {
    const step = await stepNow(look, release, event, number);
    if (step !== undefined) hooks[event] = step;
  }
  return hooks;
}

function eventsNow(look: Look, phase: InventoryRelease['phase'], isUpgrade: boolean): readonly HookEvent[] {
  if (look.deleting) {
    // An instance that never ran has nothing that its hooks could wind up.
    if (phase === 'before' && !isUpgrade) return [];
    return [look.memory.objectsDeleted ? 'post-delete' : 'pre-delete'];
  }
  const before: HookEvent = isUpgrade ? 'pre-upgrade' : 'pre-install';
  const after: HookEvent = isUpgrade ? 'post-upgrade' : 'post-install';
  switch (phase) {
    case 'before':
      return [before, after];
    case 'objects':
    case 'after':
      return [after];
    case 'closing':
    case 'done':
      return [];
  }
}

async function stepNow(
  look: Look,
  release: KeptRelease,
  event: HookEvent,
  number: number,
): Promise<HookStep | undefined> {
  const { account, identity, read, memory, deps, signal } = look;
  try {
    return await stepOf(release.hooks, event, number, {
      account,
      target: identity.target,
      pods: read.stores.list(POD, identity.target),
      attempts: memory.attempts,
      now: deps.clock.now(),
      signal,
    });
  } catch (error) {
    // On deletion the account may have lost its rights: hooks that can't be run are not waited for.
    if (look.deleting && isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
