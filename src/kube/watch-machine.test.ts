import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from './object.ts';
import {
  stepWatch,
  WATCH_START,
  type WatchInput,
  type WatchOutput,
  type WatchState,
} from './watch-machine.ts';

const object = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, resourceVersion: String(version) },
});

/** Feeds inputs one after another; answers the last state and what each step told to do. */
function run(inputs: readonly WatchInput<KubeObject>[]): {
  state: WatchState;
  steps: WatchOutput<KubeObject>[][];
} {
  let state = WATCH_START;
  const steps = inputs.map((input) => {
    const step = stepWatch(state, input);
    state = step.state;
    return [...step.outputs];
  });
  return { state, steps };
}

const last = (inputs: readonly WatchInput<KubeObject>[]): readonly WatchOutput<KubeObject>[] =>
  run(inputs).steps.at(-1) ?? [];
const READY: WatchInput<KubeObject> = { type: 'ready' };
const END_OF_STATE: WatchInput<KubeObject> = {
  type: 'bookmark',
  resourceVersion: '7',
  initialEventsEnd: true,
};
const reset: WatchInput<KubeObject> = { type: 'error', code: 'Network' };
const expired: WatchInput<KubeObject> = { type: 'error', code: 'Expired' };

describe('stepWatch', () => {
  it.each<[string, readonly WatchInput<KubeObject>[], readonly unknown[]]>([
    [
      'begins with a streaming list',
      [READY],
      [{ type: 'init-begin' }, { type: 'request', request: 'stream' }],
    ],
    [
      'takes streamed objects as items',
      [READY, { type: 'event', change: 'added', object: object('a', 1) }],
      [{ type: 'init-item', object: object('a', 1) }],
    ],
    [
      'goes on over the same connection when the state was streamed',
      [READY, END_OF_STATE],
      [{ type: 'init-done' }],
    ],
    [
      'takes later events as changes',
      [READY, END_OF_STATE, { type: 'event', change: 'added', object: object('a', 8) }],
      [{ type: 'apply', object: object('a', 8) }],
    ],
    [
      'waits after a first broken streaming list',
      [READY, reset],
      [{ type: 'wait', failures: 1, atLeastMs: 0 }],
    ],
    [
      'tries to stream once more',
      [READY, reset, READY],
      [{ type: 'init-begin' }, { type: 'request', request: 'stream' }],
    ],
    [
      'prefers pages after two broken streaming lists',
      [READY, reset, READY, reset, READY],
      [{ type: 'request', request: 'pages' }],
    ],
    [
      'takes a streaming list that ends early for a broken one',
      [READY, { type: 'end' }],
      [{ type: 'wait', failures: 1, atLeastMs: 0 }],
    ],
    [
      'turns to pages at once where the server knows no streaming',
      [READY, { type: 'error', code: 'Invalid' }, READY],
      [{ type: 'request', request: 'pages' }],
    ],
    [
      'waits as long as the server asks',
      [READY, { type: 'error', code: 'TooManyRequests', retryAfterMs: 5000 }],
      [{ type: 'wait', failures: 1, atLeastMs: 5000 }],
    ],
    [
      'asks for changes since the last version after a break',
      [READY, END_OF_STATE, { type: 'event', change: 'modified', object: object('a', 9) }, reset, READY],
      [{ type: 'request', request: 'watch', resourceVersion: '9' }],
    ],
    [
      'asks for changes since the last bookmark',
      [
        READY,
        END_OF_STATE,
        { type: 'bookmark', resourceVersion: '30', initialEventsEnd: false },
        { type: 'end' },
        READY,
      ],
      [{ type: 'request', request: 'watch', resourceVersion: '30' }],
    ],
    [
      'goes on at once when the server ends a watch',
      [READY, END_OF_STATE, { type: 'end' }],
      [{ type: 'wait', failures: 0, atLeastMs: 0 }],
    ],
    [
      'waits when watches end again and again without an event',
      [READY, END_OF_STATE, { type: 'end' }, READY, { type: 'end' }],
      [{ type: 'wait', failures: 1, atLeastMs: 0 }],
    ],
    [
      'begins from nothing after 410',
      [READY, END_OF_STATE, expired, READY],
      [{ type: 'init-begin' }, { type: 'request', request: 'stream' }],
    ],
    [
      'waits when 410 comes again before a change did: else it would ask for everything in a tight loop',
      [READY, END_OF_STATE, expired, READY, END_OF_STATE, expired],
      [{ type: 'wait', failures: 2, atLeastMs: 0 }],
    ],
    [
      'begins from nothing at once again when a change came in between',
      [
        READY,
        END_OF_STATE,
        expired,
        READY,
        END_OF_STATE,
        { type: 'event', change: 'added', object: object('a', 8) },
        expired,
      ],
      [{ type: 'wait', failures: 0, atLeastMs: 0 }],
    ],
    [
      'takes late pages for nothing',
      [READY, END_OF_STATE, { type: 'page', first: true, items: [object('a', 1)] }],
      [],
    ],
  ])('%s', (_name, inputs, outputs) => {
    expect(last(inputs)).toEqual(outputs);
  });

  it('reads a state in pages and watches from their version', () => {
    const { steps } = run([
      READY,
      { type: 'error', code: 'BadRequest' },
      READY,
      { type: 'page', first: true, items: [object('a', 1)] },
      { type: 'page', first: false, items: [object('b', 2)] },
      { type: 'pages-end', resourceVersion: '5' },
    ]);

    expect(steps.slice(3).flat()).toEqual([
      { type: 'init-begin' },
      { type: 'init-item', object: object('a', 1) },
      { type: 'init-item', object: object('b', 2) },
      { type: 'init-done' },
      { type: 'request', request: 'watch', resourceVersion: '5' },
    ]);
  });
});

/** A server that forgets, breaks and repeats, as a model: objects with versions and a history that may be compacted. */
class ModelServer {
  version = 1;
  compacted = 0;
  readonly objects = new Map<string, KubeObject>();
  readonly history: {
    readonly version: number;
    readonly change: 'added' | 'modified' | 'deleted';
    readonly object: KubeObject;
  }[] = [];

  write(name: string, remove: boolean): void {
    if (remove && !this.objects.has(name)) return;
    this.version += 1;
    const written = object(name, this.version);
    const change = remove ? 'deleted' : this.objects.has(name) ? 'modified' : 'added';
    if (remove) this.objects.delete(name);
    else this.objects.set(name, written);
    this.history.push({ version: this.version, change, object: written });
  }
}

/** What a consumer keeps, and the order of the outward events it relies on. */
class ModelStore {
  objects = new Map<string, KubeObject>();
  #next: Map<string, KubeObject> | undefined;
  ready = false;

  take(output: WatchOutput<KubeObject>): void {
    switch (output.type) {
      case 'init-begin':
        this.#next = new Map();
        return;
      case 'init-item':
        expect(this.#next).toBeDefined();
        this.#next?.set(output.object.metadata.name, output.object);
        return;
      case 'init-done':
        expect(this.#next).toBeDefined();
        this.objects = this.#next ?? new Map();
        this.#next = undefined;
        this.ready = true;
        return;
      case 'apply':
        expect(this.ready && this.#next === undefined).toBe(true);
        this.objects.set(output.object.metadata.name, output.object);
        return;
      case 'delete':
        (this.#next ?? this.objects).delete(output.object.metadata.name);
        return;
      default:
        return;
    }
  }
}

type Move =
  | { readonly do: 'write'; readonly name: string; readonly remove: boolean }
  | { readonly do: 'deliver'; readonly duplicate: boolean }
  | { readonly do: 'bookmark' | 'compact' | 'break' | 'end' | 'refuse-streaming' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      remove: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), duplicate: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'bookmark' as const,
        'compact' as const,
        'break' as const,
        'end' as const,
        'refuse-streaming' as const,
      ),
    }),
  },
);

/** Plays the server's side of the machine's requests, one delivery at a time. */
class Session {
  state: WatchState = WATCH_START;
  readonly store = new ModelStore();
  readonly server = new ModelServer();
  #queue: WatchInput<KubeObject>[] = [READY];
  /** Set while a watch is open: where it has got to. */
  #watched: number | undefined;

  input(input: WatchInput<KubeObject>): void {
    const step = stepWatch(this.state, input);
    this.state = step.state;
    for (const output of step.outputs) {
      if (output.type === 'wait') this.#reopen([READY], undefined);
      else if (output.type === 'request') this.#answer(output);
      else this.store.take(output);
    }
  }

  #reopen(queue: WatchInput<KubeObject>[], watched: number | undefined): void {
    this.#queue = queue;
    this.#watched = watched;
  }

  #answer(output: Extract<WatchOutput<KubeObject>, { type: 'request' }>): void {
    const { server } = this;
    const items = [...server.objects.values()];
    const version = String(server.version);
    if (output.request === 'watch') {
      const from = Number(output.resourceVersion);
      this.#reopen(from < server.compacted ? [expired] : [], from < server.compacted ? undefined : from);
    } else if (output.request === 'pages') {
      const half = items.length >> 1;
      const pages = [items.slice(0, half), items.slice(half)];
      this.#reopen(
        [
          ...pages.map((page, i) => ({ type: 'page' as const, first: i === 0, items: page })),
          { type: 'pages-end', resourceVersion: version },
        ],
        undefined,
      );
    } else {
      const added = items.map((item) => ({ type: 'event' as const, change: 'added' as const, object: item }));
      this.#reopen(
        [...added, { type: 'bookmark', resourceVersion: version, initialEventsEnd: true }],
        server.version,
      );
    }
  }

  /** Gives the machine the next thing the server has for it; false if there is nothing. */
  deliver(duplicate: boolean): boolean {
    const queued = this.#queue.shift();
    if (queued !== undefined) {
      this.input(queued);
      return true;
    }
    const from = this.#watched;
    if (from === undefined) return false;
    if (from < this.server.compacted) {
      this.input(expired);
      return true;
    }
    const next = this.server.history.find((change) => change.version > from);
    if (next === undefined) return false;
    this.#watched = next.version;
    const event: WatchInput<KubeObject> = { type: 'event', change: next.change, object: next.object };
    this.input(event);
    if (duplicate && this.#watched === next.version) this.input(event);
    return true;
  }

  play(step: Move): void {
    switch (step.do) {
      case 'write':
        return this.server.write(step.name, step.remove);
      case 'deliver':
        return void this.deliver(step.duplicate);
      case 'compact':
        this.server.compacted = this.server.version;
        return;
      case 'bookmark':
        // Only in order: a bookmark never overtakes an event on the wire.
        if (this.#watched === this.server.version && this.#queue.length === 0) {
          this.input({
            type: 'bookmark',
            resourceVersion: String(this.server.version),
            initialEventsEnd: false,
          });
        }
        return;
      case 'break':
        return this.input(reset);
      case 'end':
        if (this.#watched !== undefined) this.input({ type: 'end' });
        return;
      case 'refuse-streaming':
        if (this.state.phase === 'streaming') this.input({ type: 'error', code: 'Invalid' });
    }
  }
}

describe('the watch machine against a model', () => {
  it('ends with what the server has, whatever broke on the way', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 120 }), (moves) => {
        const session = new Session();
        for (const step of moves) session.play(step);

        for (let i = 0; session.deliver(false); i += 1) expect(i).toBeLessThan(1000);

        expect(session.store.ready).toBe(true);
        expect([...session.store.objects].toSorted()).toEqual([...session.server.objects].toSorted());
      }),
      { numRuns: 500 },
    );
  });
});
