import type { Client } from '../client/client.ts';
import { watchObjects } from '../client/watcher.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { matchesRequirements, parseSelector, type Requirement } from '../kube/selector.ts';
import type { Clock } from '../lib/clock.ts';
import type { Stores, Watch } from './controller.ts';
import { Informer, type Origin } from './informer.ts';
import type { Log } from './log.ts';
import { keyOfObject } from './object-key.ts';
import { unionOfSlims, type Slim } from './slim.ts';

/** What the informers need. */
export interface InformerSetOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every failed watch, for the metrics. */
  readonly onWatchError?: (kind: string) => void;
}

/** A share in an informer. */
export interface InformerHold {
  readonly informer: Informer<KubeObject>;
  /** The last one to let go stops the informer and drops its store. */
  release(): Promise<void>;
}

interface Shared {
  readonly kind: Kind;
  readonly labelSelector: string | undefined;
  /** The selector, read once; one we cannot read selects nothing here: the watch will tell. */
  readonly requirements: readonly Requirement[] | undefined;
  readonly informer: Informer<KubeObject>;
  readonly slims: Set<Slim<KubeObject> | undefined>;
  holders: number;
}

/**
 * One informer for each kind and label selector, shared by all who watch it; come and go while running, because the
 * kinds of services do. Answers reads from all stores of a kind.
 */
export class InformerSet {
  readonly stores: Stores;
  readonly #options: InformerSetOptions;
  readonly #shared = new Map<string, Shared>();
  /** The same by kind: each look at an object reads from stores many times. */
  readonly #byKind = new Map<string, readonly Shared[]>();
  #started = false;

  constructor(options: InformerSetOptions) {
    this.#options = options;
    this.stores = storesOver((kind) => this.#of(kind));
  }

  /** Watches a kind as stated. Kinds that are not served (yet) are tried again by the watcher, without noise. */
  hold(watch: Pick<Watch, 'kind' | 'labelSelector' | 'slim' | 'indexes'>): InformerHold {
    const key = `${kindKey(watch.kind)}?${watch.labelSelector ?? ''}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = this.#create(watch);
      this.#shared.set(key, shared);
      this.#byKind.set(kindKey(watch.kind), [...this.#of(watch.kind), shared]);
    } else if (!shared.slims.has(watch.slim) && !shared.slims.has(undefined)) {
      shared.slims.add(watch.slim);
      const { informer, slims } = shared;
      informer.reslim(unionOfSlims(slims));
    }
    shared.holders += 1;
    for (const [name, keysOf] of Object.entries(watch.indexes ?? {}))
      shared.informer.store.addIndex(name, keysOf);
    const held = shared;
    let released = false;
    return {
      informer: held.informer,
      release: async () => {
        if (released) return;
        released = true;
        held.holders -= 1;
        if (held.holders > 0) return;
        this.#shared.delete(key);
        this.#byKind.set(
          kindKey(held.kind),
          this.#of(held.kind).filter((other) => other !== held),
        );
        await held.informer.stop();
      },
    };
  }

  /** Starts all informers; those that come later start at once. */
  start(): void {
    this.#started = true;
    for (const { informer } of this.#shared.values()) informer.start();
  }

  /** Resolves when no watch is open any more. */
  async stop(): Promise<void> {
    this.#started = false;
    await Promise.all([...this.#shared.values()].map(({ informer }) => informer.stop()));
  }

  /** Resolves when every informer held now has been filled. */
  async synced(): Promise<void> {
    await Promise.all([...this.#shared.values()].map(({ informer }) => informer.synced));
  }

  /** Kinds whose stores have not been filled yet, for the readiness check and the log. */
  unsynced(): readonly string[] {
    return [...this.#shared.values()]
      .filter(({ informer }) => !informer.hasSynced)
      .map(({ kind }) => groupKindOf(kind));
  }

  /** Objects held, by kind. */
  sizes(): Readonly<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const { kind, informer } of this.#shared.values())
      sizes[groupKindOf(kind)] = (sizes[groupKindOf(kind)] ?? 0) + informer.store.size;
    return sizes;
  }

  /** See `Informer.expect`; told to every informer of the kind whose selector the object matches. */
  expect(kind: Kind, ref: ObjectRef, origin?: Origin): (answer: KubeObject | undefined) => void {
    const waiting = this.#of(kind).map((shared) => ({ shared, learn: shared.informer.expect(ref, origin) }));
    return (answer) => {
      for (const { shared, learn } of waiting)
        if (answer !== undefined && selects(shared, answer)) learn(answer);
    };
  }

  #of(kind: Kind): readonly Shared[] {
    return this.#byKind.get(kindKey(kind)) ?? NONE;
  }

  #create(watch: Pick<Watch, 'kind' | 'labelSelector' | 'slim'>): Shared {
    const { kind, labelSelector, slim } = watch;
    const { client, clock } = this.#options;
    const slims = new Set([slim]);
    const informer = new Informer<KubeObject>({
      clock,
      slim: unionOfSlims(slims),
      onError: (error) => this.#onError(kind, error),
      source: (signal) =>
        watchObjects(client, kind, {
          clock,
          signal,
          labelSelector,
          onError: (error) => this.#onError(kind, error),
        }),
    });
    if (this.#started) informer.start();
    const requirements = parseSelector(labelSelector ?? '');
    return { kind, labelSelector, requirements, informer, slims, holders: 0 };
  }

  #onError(kind: Kind, error: unknown): void {
    this.#options.onWatchError?.(groupKindOf(kind));
    this.#options.log.debug('Watch failed and goes on', { kind: groupKindOf(kind), error });
  }
}

const NONE: readonly Shared[] = [];

function kindKey(kind: Kind): string {
  return `${kind.group}/${kind.version}/${kind.plural}`;
}

function selects({ requirements }: Shared, object: KubeObject): boolean {
  return requirements !== undefined && matchesRequirements(requirements, object.metadata.labels);
}

function storesOver(of: (kind: Kind) => readonly Shared[]): Stores {
  const storesOf = <T extends KubeObject>(kind: Kind<T>): readonly Informer<T>[] => {
    // A kind without a selector holds all of it: no need to join.
    const all = of(kind);
    const whole = all.find((shared) => shared.labelSelector === undefined);
    const chosen = whole === undefined ? all : [whole];
    if (chosen.length === 0)
      throw new Error(`Stores: nothing watches ${groupKindOf(kind)}; declare a watch of it`);
    // The informer was made for this kind, so its objects are of the kind's type.
    return chosen.map((shared) => shared.informer as unknown as Informer<T>);
  };
  return {
    get: (kind, ref) => {
      for (const { store } of storesOf(kind)) {
        const found = store.get(ref);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    list: (kind, namespace) => joined(storesOf(kind).map(({ store }) => store.list(namespace))),
    byIndex: <T extends KubeObject>(kind: Kind<T>, index: string, key: string) => {
      const found = of(kind).flatMap((shared) => {
        // As above.
        const objects = (shared.informer as unknown as Informer<T>).store.byIndex(index, key);
        return objects === undefined ? [] : [objects];
      });
      if (found.length === 0)
        throw new Error(`Stores: ${groupKindOf(kind)} has no index "${index}"; declare it in a watch`);
      return joined(found);
    },
  };
}

/** Lists of the same kind by different selectors may overlap. */
function joined<T extends KubeObject>(lists: readonly (readonly T[])[]): readonly T[] {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return only;
  const byKey = new Map(lists.flat().map((object) => [keyOfObject(object), object]));
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}
