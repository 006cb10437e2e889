import type { KubeErrorCode } from './kube-error.ts';
import type { KubeObject } from './object.ts';

/**
 * The decisions of a watch, without I/O: which request comes next, what the outside is told, how long to wait.
 * `client/watcher.ts` carries them out.
 *
 *                  start                     initial-events-end
 *     ┌─ idle ───────────────▶ streaming ──────────────────────▶ watching ◀──┐
 *     │    │  two bad streaming starts                            │   │      │ end, or a break:
 *     │    └──────────────────▶ paging ──── last page ────────────┘   └──────┘ again from the last version
 *     │                            │                                   │
 *     └──── any failure (back-off) ┴────────── 410: from nothing ──────┘
 */
export type WatchState =
  /** Nothing is known (any more); a full state must come first. */
  | { readonly phase: 'idle'; readonly streamFailures: number; readonly failures: number }
  /** A streaming list is under way. */
  | { readonly phase: 'streaming'; readonly streamFailures: number; readonly failures: number }
  /** Pages are being read. */
  | { readonly phase: 'paging'; readonly streamFailures: number; readonly failures: number }
  /** The full state was told; changes follow from `resourceVersion`. */
  | {
      readonly phase: 'watching';
      readonly streamFailures: number;
      readonly failures: number;
      readonly resourceVersion: string;
    };

/** What happens to the machine. */
export type WatchInput<T> =
  /** Time to send the next request. */
  | { readonly type: 'ready' }
  /** A page of the list; `first` voids the pages before. */
  | { readonly type: 'page'; readonly first: boolean; readonly items: readonly T[] }
  /** The pages are over; they are a state of this version. */
  | { readonly type: 'pages-end'; readonly resourceVersion: string }
  | { readonly type: 'event'; readonly change: 'added' | 'modified' | 'deleted'; readonly object: T }
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  /** The server ended the watch in peace. */
  | { readonly type: 'end' }
  | {
      readonly type: 'error';
      readonly code: KubeErrorCode;
      /** Milliseconds the server asked to wait. */
      readonly retryAfterMs?: number | undefined;
    };

/** What is to be done, in this order. */
export type WatchOutput<T> =
  | { readonly type: 'init-begin' }
  | { readonly type: 'init-item'; readonly object: T }
  | { readonly type: 'init-done' }
  | { readonly type: 'apply'; readonly object: T }
  | { readonly type: 'delete'; readonly object: T }
  /** Send this; its answers come back as inputs. */
  | { readonly type: 'request'; readonly request: 'stream' | 'pages' }
  | { readonly type: 'request'; readonly request: 'watch'; readonly resourceVersion: string }
  /** Wait, then give the input `ready`. `failures` in a row so far; 0 means at once. */
  | { readonly type: 'wait'; readonly failures: number; readonly atLeastMs: number };

/** The next state and what is to be done on the way there. */
export interface WatchStep<T> {
  readonly state: WatchState;
  readonly outputs: readonly WatchOutput<T>[];
}

/** Streaming starts that may go wrong before pages are preferred: a server under load fails them again and again. */
const STREAM_ATTEMPTS = 2;

export const WATCH_START: WatchState = { phase: 'idle', streamFailures: 0, failures: 0 };

/** One step. Inputs that do not belong to the phase (late answers) change nothing. */
export function stepWatch<T extends KubeObject>(state: WatchState, input: WatchInput<T>): WatchStep<T> {
  switch (input.type) {
    case 'ready':
      return ready(state);
    case 'page':
      return state.phase === 'paging' ? { state, outputs: pageOutputs(input) } : stay(state);
    case 'pages-end':
      return state.phase === 'paging' ? listed(state, input.resourceVersion) : stay(state);
    case 'event':
      return event(state, input);
    case 'bookmark':
      return bookmark(state, input);
    case 'end':
      return ended(state);
    case 'error':
      return failed(state, input.code, input.retryAfterMs ?? 0);
  }
}

const stay = <T>(state: WatchState): WatchStep<T> => ({ state, outputs: [] });

function ready<T>(state: WatchState): WatchStep<T> {
  switch (state.phase) {
    case 'idle': {
      const stream = state.streamFailures < STREAM_ATTEMPTS;
      if (!stream)
        return { state: { ...state, phase: 'paging' }, outputs: [{ type: 'request', request: 'pages' }] };
      // The full state begins with the request: what was told of an attempt that broke is void.
      return {
        state: { ...state, phase: 'streaming' },
        outputs: [{ type: 'init-begin' }, { type: 'request', request: 'stream' }],
      };
    }
    case 'watching':
      return {
        state,
        outputs: [{ type: 'request', request: 'watch', resourceVersion: state.resourceVersion }],
      };
    default:
      return stay(state);
  }
}

function pageOutputs<T>(page: { readonly first: boolean; readonly items: readonly T[] }): WatchOutput<T>[] {
  const items = page.items.map((object): WatchOutput<T> => ({ type: 'init-item', object }));
  return page.first ? [{ type: 'init-begin' }, ...items] : items;
}

/**
 * The full state is known. Only what a watch tells counts as success: a server that lists and then refuses to watch from
 * there (410 at once, again and again) must not be asked for everything in a tight loop. The preference for pages stays.
 */
function listed<T>(state: WatchState, resourceVersion: string): WatchStep<T> {
  const { streamFailures, failures } = state;
  return {
    state: { phase: 'watching', streamFailures, failures, resourceVersion },
    outputs: [{ type: 'init-done' }, { type: 'request', request: 'watch', resourceVersion }],
  };
}

function event<T extends KubeObject>(
  state: WatchState,
  input: Extract<WatchInput<T>, { type: 'event' }>,
): WatchStep<T> {
  const { object, change } = input;
  if (state.phase === 'streaming') {
    // Changes may be mixed in while the state is streamed; consumers see them as items, the last one counts.
    return { state, outputs: [{ type: change === 'deleted' ? 'delete' : 'init-item', object }] };
  }
  if (state.phase !== 'watching') return stay(state);
  return {
    state: {
      ...state,
      failures: 0,
      resourceVersion: object.metadata.resourceVersion ?? state.resourceVersion,
    },
    outputs: [{ type: change === 'deleted' ? 'delete' : 'apply', object }],
  };
}

function bookmark<T>(state: WatchState, input: Extract<WatchInput<T>, { type: 'bookmark' }>): WatchStep<T> {
  const { resourceVersion, initialEventsEnd } = input;
  if (state.phase === 'watching') return stay({ ...state, failures: 0, resourceVersion });
  if (state.phase !== 'streaming' || !initialEventsEnd) return stay(state);
  // The same connection goes on as the watch: nothing is requested. Failures count on, as in `listed`.
  return {
    state: { phase: 'watching', streamFailures: 0, failures: state.failures, resourceVersion },
    outputs: [{ type: 'init-done' }],
  };
}

function ended<T>(state: WatchState): WatchStep<T> {
  if (state.phase === 'watching') {
    // A server that ends every watch at once (it is shutting down) must not be asked in a tight loop: the first time
    // the next request follows at once, without any event in between the waits grow.
    return {
      state: { ...state, failures: state.failures + 1 },
      outputs: [{ type: 'wait', failures: state.failures, atLeastMs: 0 }],
    };
  }
  // A streaming list that ends before its bookmark has failed.
  return state.phase === 'streaming' ? failed(state, 'Network', 0) : stay(state);
}

function failed<T>(state: WatchState, code: KubeErrorCode, atLeastMs: number): WatchStep<T> {
  const failures = state.failures + 1;
  const wait: WatchOutput<T> = { type: 'wait', failures, atLeastMs };
  if (state.phase === 'watching' && code !== 'Expired')
    return { state: { ...state, failures }, outputs: [wait] };
  const streamFailures = state.streamFailures + (state.phase === 'streaming' ? 1 : 0);
  if (state.phase === 'streaming' && (code === 'Invalid' || code === 'BadRequest')) {
    // The server knows no streaming lists: pages at once, and from now on.
    return {
      state: { phase: 'idle', streamFailures: STREAM_ATTEMPTS, failures: state.failures },
      outputs: [{ type: 'wait', failures: 0, atLeastMs: 0 }],
    };
  }
  // Expired while watching: from nothing, at once the first time.
  const restart = state.phase === 'watching' && state.failures === 0;
  return {
    state: { phase: 'idle', streamFailures, failures },
    outputs: [restart ? { type: 'wait', failures: 0, atLeastMs } : wait],
  };
}
