import type { ListPage, WatchEvent, WatchRequest } from '../../src/client/client.ts';
import type { WatchClient } from '../../src/client/watcher.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { matchesRequirements, parseSelector } from '../../src/kube/selector.ts';

interface Change {
  readonly version: number;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}
type Event = WatchEvent<KubeObject>;

/** One watch somebody has open. */
interface OpenWatch {
  readonly selects: (object: KubeObject | undefined) => boolean;
  /** Told up to this version. */
  version: number;
  readonly queue: (Event | Error | 'end')[];
  readonly told: Event[];
  wake: () => void;
}

/**
 * A server that misbehaves on demand, without a wire: watches tell nothing until `deliver` is called, and then late, twice
 * or in another order; lists may come from an older state; versions are forgotten. Never is a change lost on a watch
 * that stays open: no client could notice that.
 */
export class WatchServer implements WatchClient {
  version = 10;
  /** Requests for a full state, by pages or as a stream. */
  fullStates = 0;
  /** Watches from a version. */
  watches = 0;
  /** Versions by which the next full states are behind. */
  lag = 0;
  /** The next streaming list is refused, as servers do that know none. */
  refusesStreams = false;
  /** How many of the next pages after a first one expire. */
  expiringPages = 0;
  /** Every watch from a version expires at once. */
  forgetful = false;
  #compacted = 0;
  readonly #history: Change[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #open = new Set<OpenWatch>();

  /** Stores an object by name; without a tier it is deleted. */
  write(name: string, tier: string | undefined): void {
    const before = this.#objects.get(name);
    if (before === undefined && tier === undefined) return;
    this.version += 1;
    const resourceVersion = String(this.version);
    const after: KubeObject | undefined =
      tier === undefined
        ? undefined
        : {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: {
              name,
              uid: before?.metadata.uid ?? `u${this.version}`,
              resourceVersion,
              labels: { tier },
            },
          };
    if (after === undefined) this.#objects.delete(name);
    else this.#objects.set(name, after);
    this.#history.push({ version: this.version, before, after });
  }

  /** What a selector selects now, by name. */
  selected(labelSelector: string): KubeObject[] {
    return this.#stateAt(this.version).filter(selector(labelSelector));
  }

  compact(): void {
    this.#compacted = this.version;
  }

  /** Tells every open watch up to `count` changes: one after the other, or the last of them first, or some of them twice. */
  deliver(count: number, how: 'in order' | 'reversed' | 'repeated'): void {
    for (const watch of this.#open) {
      const next = this.#history.filter(({ version }) => version > watch.version).slice(0, count);
      watch.version = next.at(-1)?.version ?? watch.version;
      const events = next.flatMap((change) => eventOf(change, watch.selects) ?? []);
      const names = new Set(events.map((event) => ('object' in event ? event.object.metadata.name : '')));
      // Across objects only: what happens to one object comes in order.
      if (how === 'reversed' && names.size === events.length) events.reverse();
      watch.told.push(...events);
      // Older ones only: nothing later sets right what they spoil.
      const repeated = how === 'repeated' ? watch.told.slice(-4, -1) : [];
      this.#tell(watch, [...events, ...repeated]);
    }
  }

  bookmark(): void {
    for (const watch of this.#open)
      if (watch.version === this.version)
        this.#tell(watch, [
          { type: 'bookmark', resourceVersion: String(this.version), initialEventsEnd: false },
        ]);
  }

  /** Ends all open watches: in peace, by a broken connection, or because their version is forgotten. */
  interrupt(how: 'end' | 'break' | 'expire'): void {
    const code = how === 'break' ? 'Network' : 'Expired';
    for (const watch of this.#open) this.#tell(watch, [how === 'end' ? 'end' : new KubeError(code, how)]);
    this.#open.clear();
  }

  get openWatches(): number {
    return this.#open.size;
  }

  async *pages<T extends KubeObject>(
    _kind: unknown,
    { labelSelector = '' }: { readonly labelSelector?: string } = {},
  ): AsyncGenerator<ListPage<T>> {
    this.fullStates += 1;
    const version = this.#listed();
    const items = this.#stateAt(version).filter(selector(labelSelector));
    const half = Math.ceil(items.length / 2);
    for (const [at, page] of [items.slice(0, half), items.slice(half)].entries()) {
      await Promise.resolve();
      if (at > 0 && this.expiringPages > 0) {
        this.expiringPages -= 1;
        throw new KubeError('Expired', 'the token is too old', { status: 410 });
      }
      // True: there is one kind here.
      yield { first: at === 0, items: page as unknown as readonly T[], resourceVersion: String(version) };
    }
  }

  async *watch<T extends KubeObject>(_kind: unknown, request: WatchRequest): AsyncGenerator<WatchEvent<T>> {
    const watch = this.#begin(request);
    const abort = (): void => watch.wake();
    request.signal?.addEventListener('abort', abort);
    try {
      while (!request.signal?.aborted) {
        const next = watch.queue.shift();
        if (next === 'end') return;
        if (next instanceof Error) throw next;
        // True: there is one kind here.
        if (next !== undefined) yield next as WatchEvent<T>;
        else await new Promise<void>((resolve) => (watch.wake = resolve));
      }
    } finally {
      request.signal?.removeEventListener('abort', abort);
      this.#open.delete(watch);
    }
  }

  #begin({ sendInitialEvents, resourceVersion, labelSelector = '' }: WatchRequest): OpenWatch {
    const selects = selector(labelSelector);
    const watch: OpenWatch = { selects, version: 0, queue: [], told: [], wake: () => undefined };
    if (sendInitialEvents === true) {
      this.fullStates += 1;
      if (this.refusesStreams) throw new KubeError('Invalid', 'no streaming lists here');
      watch.version = this.#listed();
      const state = this.#stateAt(watch.version).filter(selects);
      watch.queue.push(...state.map((object): Event => ({ type: 'added', object })), {
        type: 'bookmark',
        resourceVersion: String(watch.version),
        initialEventsEnd: true,
      });
    } else {
      this.watches += 1;
      watch.version = Number(resourceVersion);
      if (this.forgetful || watch.version < this.#compacted) {
        watch.queue.push(new KubeError('Expired', 'too old'));
        return watch;
      }
    }
    this.#open.add(watch);
    return watch;
  }

  #listed(): number {
    const version = Math.max(this.#compacted, this.version - this.lag);
    this.lag = 0;
    return version;
  }

  #stateAt(version: number): KubeObject[] {
    const state = new Map(this.#objects);
    for (const { version: at, before, after } of this.#history.toReversed()) {
      const name = before?.metadata.name ?? after?.metadata.name ?? '';
      if (at <= version) break;
      if (before === undefined) state.delete(name);
      else state.set(name, before);
    }
    return [...state.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  #tell(watch: OpenWatch, events: readonly (Event | Error | 'end')[]): void {
    watch.queue.push(...events);
    watch.wake();
  }
}

function selector(text: string): (object: KubeObject | undefined) => boolean {
  const requirements = parseSelector(text) ?? [];
  return (object) => object !== undefined && matchesRequirements(requirements, object.metadata.labels);
}

/** As servers do: what leaves a selection is deleted for it, in its last state that fitted and with the new version. */
function eventOf({ version, before, after }: Change, selects: OpenWatch['selects']): Event | undefined {
  if (after !== undefined && selects(after))
    return { type: selects(before) ? 'modified' : 'added', object: after };
  if (before === undefined || !selects(before)) return undefined;
  return {
    type: 'deleted',
    object: { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } },
  };
}
