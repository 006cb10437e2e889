import type { ObjectEvent } from '../client/watcher.ts';
import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { isOlderVersion } from '../kube/resource-version.ts';
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

/** When an object went, as far as this informer can tell. */
interface Tombstone {
  /** The version of its deletion; undefined where it was only missing in a full state, which may have been an old one. */
  readonly version: string | undefined;
  /** The last filling that had begun. */
  readonly filling: number;
}

/** A filling that is waited for. */
interface Filling {
  readonly promise: Promise<void>;
  readonly done: () => void;
}

function newFilling(): Filling {
  let done: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { promise, done: () => done() };
}

/**
 * Keeps a store in step with a watch and tells handlers about every change. A change that is older than what the store
 * has of the object is left out: repeated, late, or overtaken by the answer to our own write. A filling counts whatever
 * its versions are: it is what the server has.
 */
export class Informer<T extends KubeObject> {
  readonly store = new Store<T>();
  readonly #options: InformerOptions<T>;
  readonly #handlers = new Set<(change: Change<T>) => void>();
  /** Deleted objects by UID: neither an answer to an old write nor a repeated event must bring one back. */
  readonly #tombstones = new Map<string, Tombstone>();
  /** Fillings begun so far. */
  #fillings = 0;
  #slim: Slim<T>;
  /** The filling that is waited for: the first one, or the first one after `reslim`. */
  #filled = newFilling();
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
  }

  /**
   * Resolves when the store is filled with what is kept now. Asked again after `reslim` it is another promise: who needs
   * what was not kept so far must not judge by the objects that are there.
   */
  get synced(): Promise<void> {
    return this.#filled.promise;
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
    if (this.#hasSynced) {
      this.#hasSynced = false;
      this.#filled = newFilling();
    }
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
      if (isOlderVersion(answer.metadata.resourceVersion, before?.metadata.resourceVersion)) return;
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
        this.#fillings += 1;
        return;
      case 'init-item':
        // Changes may be mixed into a filling: what it gave before counts as any other state.
        if (this.#seen?.has(keyOfObject(event.object)) === true || this.#wentInThisFilling(event.object))
          this.#setIfNewer(event.object);
        else this.#set(event.object, undefined);
        this.#seen?.add(keyOfObject(event.object));
        return;
      case 'init-done':
        this.#finishFilling();
        return;
      case 'apply':
        this.#setIfNewer(event.object);
        return;
      case 'delete':
        this.#deleteIfNewer(event.object);
    }
  }

  #setIfNewer(object: T): void {
    if (!this.#isOld(object)) this.#set(object, undefined);
  }

  /** The object leaves the watch: it was deleted, or no longer fits the selector and may come back. */
  #deleteIfNewer(object: T): void {
    const { uid, resourceVersion } = object.metadata;
    const present = this.store.getByKey(keyOfObject(object));
    if (present?.metadata.uid === uid && isOlderVersion(resourceVersion, present?.metadata.resourceVersion))
      return;
    this.#delete(keyOfObject(object), uid, resourceVersion);
  }

  /** True if the store knows something later of the object, or of another one under its name. */
  #isOld({ metadata }: T): boolean {
    const { uid, resourceVersion } = metadata;
    const present = this.store.getByKey(keyOf(metadata));
    if (isOlderVersion(resourceVersion, present?.metadata.resourceVersion)) return true;
    const tombstone = uid === undefined ? undefined : this.#tombstones.get(uid);
    return (
      tombstone !== undefined &&
      (tombstone.version === resourceVersion || isOlderVersion(resourceVersion, tombstone.version))
    );
  }

  #wentInThisFilling({ metadata: { uid } }: T): boolean {
    return uid !== undefined && this.#tombstones.get(uid)?.filling === this.#fillings;
  }

  #finishFilling(): void {
    const seen = this.#seen ?? new Set();
    this.#seen = undefined;
    this.#stale = false;
    for (const key of this.store.keys()) if (!seen.has(key)) this.#delete(key, undefined, undefined);
    this.#hasSynced = true;
    this.#filled.done();
  }

  #set(object: T, origin: Origin | undefined): void {
    const key = keyOfObject(object);
    const previous = this.store.getByKey(key);
    const sameObject = previous !== undefined && previous.metadata.uid === object.metadata.uid;
    const sameVersion = sameObject && previous.metadata.resourceVersion === object.metadata.resourceVersion;
    if (sameVersion && !this.#stale) return;
    // Deleted and made again under the same name while we did not look: two objects, two changes.
    if (previous !== undefined && !sameObject) this.#delete(key, previous.metadata.uid, undefined);
    if (object.metadata.uid !== undefined) this.#tombstones.delete(object.metadata.uid);
    const slim = this.#slim(object);
    this.store.set(slim);
    if (!sameVersion)
      this.#tell({ object: slim, previous: sameObject ? previous : undefined, gone: false, origin });
  }

  /** With a UID only that object: a late word about its predecessor does not remove the new one. */
  #delete(key: string, uid: string | undefined, version: string | undefined): void {
    const present = this.store.getByKey(key);
    const hit = present !== undefined && (uid === undefined || present.metadata.uid === uid);
    const gone = uid ?? present?.metadata.uid;
    if (gone !== undefined) this.#bury(gone, version);
    if (!hit) return;
    this.store.delete(key);
    this.#tell({ object: present, previous: present, gone: true, origin: undefined });
  }

  #bury(uid: string, version: string | undefined): void {
    const known = this.#tombstones.get(uid);
    if (known !== undefined && isOlderVersion(version, known.version)) return;
    this.#tombstones.set(uid, { version, filling: this.#fillings });
    if (this.#tombstones.size <= MAX_TOMBSTONES) return;
    for (const oldest of this.#tombstones.keys()) {
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
