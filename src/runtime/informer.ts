import type { ObjectEvent } from '../client/watcher.ts';
import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { keyOf, keyOfObject } from './object-key.ts';
import type { Slim } from './slim.ts';
import { Store } from './store.ts';

/** Deleted UIDs remembered: more than calls that can be under way at once, see `expect`. */
const MAX_TOMBSTONES = 4096;
/** Milliseconds before a source that ended or threw, which it should not, is started again. */
const RESTART_MS = 1000;

/** Who caused a change, where it was ourselves; compared by identity. */
export type Origin = object;

/** One change of the store. */
export interface Change<T> {
  /** The new object, or the last state of one that is gone. */
  readonly object: T;
  /** What was there before. */
  readonly previous: T | undefined;
  readonly gone: boolean;
  /** Set when the change came from our own write and not from the watch. */
  readonly origin: Origin | undefined;
}

/** What an informer is made of. */
export interface InformerOptions<T extends KubeObject> {
  /** Opens the watch; ends with the signal. */
  readonly source: (signal: AbortSignal) => AsyncIterable<ObjectEvent<T>>;
  readonly slim: Slim<T>;
  readonly clock: Clock;
  /** Told when a source breaks or a handler throws. */
  readonly onError: (error: unknown) => void;
}

/** Keeps a store in step with a watch and tells handlers about every change. */
export class Informer<T extends KubeObject> {
  readonly store = new Store<T>();
  /** Resolves when the store was filled for the first time. */
  readonly synced: Promise<void>;
  readonly #options: InformerOptions<T>;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  /** UIDs of deleted objects: an answer to an old write must not bring one back. */
  readonly #tombstones = new Set<string>();
  #slim: Slim<T>;
  #markSynced: () => void = () => undefined;
  #hasSynced = false;
  /** Keys seen since `init-begin`; undefined outside of a filling. */
  #seen: Set<string> | undefined;
  /** The stored objects were slimmed by another function: equal versions must be stored anew. */
  #stale = false;
  #abort: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#slim = options.slim;
    this.synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Has `handler` told of every change from now on; the answer ends that. */
  subscribe(handler: (change: Change<T>) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Begins to watch; harmless when it runs. */
  start(): void {
    if (this.#abort !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#running = this.#run(abort.signal);
  }

  /** Resolves when the watch has ended. The store keeps what it has. */
  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#running;
  }

  /** Keeps something else of the objects from now on; what is there is fetched anew. */
  reslim(slim: Slim<T>): void {
    this.#slim = slim;
    this.#stale = true;
    if (this.#abort === undefined) return;
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    // After the old watch has ended: two at once would mix their fillings.
    this.#running = this.#running.then(() => this.#run(abort.signal));
  }

  /**
   * Says that a write of the object begins; call the answer with what the server answered. The store then has it before
   * the watch tells of it, so that the next look sees its own writes. It is left out when the watch was faster: the
   * store changed since the write began, or the object was deleted again.
   */
  expect(ref: ObjectRef, origin: Origin | undefined): (answer: T | undefined) => void {
    const key = keyOf(ref);
    const before = this.store.getByKey(key);
    return (answer) => {
      if (answer?.metadata.uid === undefined || answer.metadata.resourceVersion === undefined) return;
      if (this.store.getByKey(key) !== before || this.#tombstones.has(answer.metadata.uid)) return;
      this.#set(answer, origin);
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of this.#options.source(signal)) {
          if (signal.aborted) return;
          this.#take(event);
        }
        if (!signal.aborted) await this.#options.clock.sleep(RESTART_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onError(error);
        await this.#options.clock.sleep(RESTART_MS, signal).catch(() => undefined);
      }
    }
  }

  #take(event: ObjectEvent<T>): void {
    switch (event.type) {
      case 'init-begin':
        this.#seen = new Set();
        return;
      case 'init-item':
        this.#seen?.add(keyOfObject(event.object));
        this.#set(event.object, undefined);
        return;
      case 'init-done':
        this.#finishFilling();
        return;
      case 'apply':
        this.#set(event.object, undefined);
        return;
      case 'delete':
        this.#delete(keyOfObject(event.object), event.object.metadata.uid);
    }
  }

  #finishFilling(): void {
    const seen = this.#seen ?? new Set();
    this.#seen = undefined;
    this.#stale = false;
    for (const key of this.store.keys()) if (!seen.has(key)) this.#delete(key, undefined);
    this.#hasSynced = true;
    this.#markSynced();
  }

  #set(object: T, origin: Origin | undefined): void {
    const key = keyOfObject(object);
    const previous = this.store.getByKey(key);
    const sameObject = previous !== undefined && previous.metadata.uid === object.metadata.uid;
    const sameVersion = sameObject && previous.metadata.resourceVersion === object.metadata.resourceVersion;
    if (sameVersion && !this.#stale) return;
    // Deleted and made again under the same name while we did not look: two objects, two changes.
    if (previous !== undefined && !sameObject) this.#delete(key, previous.metadata.uid);
    const slim = this.#slim(object);
    this.store.set(slim);
    if (!sameVersion)
      this.#tell({ object: slim, previous: sameObject ? previous : undefined, gone: false, origin });
  }

  /** With a UID only that object: a late word about its predecessor does not remove the new one. */
  #delete(key: string, uid: string | undefined): void {
    if (uid !== undefined) this.#bury(uid);
    const present = this.store.getByKey(key);
    if (present === undefined || (uid !== undefined && present.metadata.uid !== uid)) return;
    if (present.metadata.uid !== undefined) this.#bury(present.metadata.uid);
    this.store.delete(key);
    this.#tell({ object: present, previous: present, gone: true, origin: undefined });
  }

  #bury(uid: string): void {
    this.#tombstones.add(uid);
    if (this.#tombstones.size <= MAX_TOMBSTONES) return;
    for (const oldest of this.#tombstones) {
      this.#tombstones.delete(oldest);
      return;
    }
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        // One handler's defect must not stop the others, nor the watch.
        this.#options.onError(error);
      }
    }
  }
}
