import type { JsonMap, Stored } from './json.ts';

/** One change, as watches see it. */
export interface Change {
  readonly version: number;
  readonly store: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
  /** State before; undefined for ADDED. */
  readonly before: Stored | undefined;
}

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

/** The key of an object within its store; lists are in the order of keys. */
export const keyOfStored = (object: Stored): string => keyOf(namespaceOf(object), object.metadata.name);

const inOrder = (objects: ReadonlyMap<string, Stored>): Stored[] =>
  [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);

/** Objects by store and key, one counter of versions, and the history that watches start from. Knows no semantic of the API. */
export class Store {
  #version = 1000;
  /** Changes up to and including this version are forgotten. */
  #compacted = 0;
  readonly #objects = new Map<string, Map<string, Stored>>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  get version(): number {
    return this.#version;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get(store: string, namespace: string | undefined, name: string): Stored | undefined {
    return this.#objects.get(store)?.get(keyOf(namespace, name));
  }

  /** In the order of namespace and name, as etcd gives them. */
  list(store: string, namespace?: string): Stored[] {
    return inOrder(this.#objects.get(store) ?? new Map<string, Stored>()).filter(
      (object) => namespace === undefined || object.metadata['namespace'] === namespace,
    );
  }

  /** The objects of a store as they were at a version; undefined if that is forgotten or has not come yet. */
  at(store: string, version: number): Stored[] | undefined {
    if (version < this.#compacted || version > this.#version) return undefined;
    const objects = new Map(this.#objects.get(store));
    for (const change of this.#history.toReversed()) {
      if (change.version <= version) break;
      if (change.store !== store) continue;
      const key = keyOfStored(change.object);
      if (change.before === undefined) objects.delete(key);
      else objects.set(key, change.before);
    }
    return inOrder(objects);
  }

  /** Every object of every store. */
  all(): { store: string; object: Stored }[] {
    return [...this.#objects].flatMap(([store, objects]) =>
      [...objects.values()].map((object) => ({ store, object })),
    );
  }

  /** Stores a new state; sets its resourceVersion. The object belongs to the store from now on. */
  put(store: string, object: Stored): Stored {
    const objects = this.#objects.get(store) ?? new Map<string, Stored>();
    this.#objects.set(store, objects);
    const key = keyOfStored(object);
    const before = objects.get(key);
    object.metadata.resourceVersion = String(this.#next());
    objects.set(key, object);
    this.#tell({
      version: this.#version,
      store,
      type: before === undefined ? 'ADDED' : 'MODIFIED',
      object,
      before,
    });
    return object;
  }

  remove(store: string, object: Stored): Stored {
    this.#objects.get(store)?.delete(keyOfStored(object));
    const version = this.#next();
    const gone: Stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    this.#tell({ version, store, type: 'DELETED', object: gone, before: object });
    return gone;
  }

  /** Changes of a store after a version; undefined if some of them were compacted away. */
  since(store: string, version: number): Change[] | undefined {
    if (version < this.#compacted) return undefined;
    return this.#history.filter((change) => change.store === store && change.version > version);
  }

  /** Forgets the history: watches and pages that start from an older version answer 410. */
  compact(): void {
    this.#compacted = this.#version;
    this.#history = [];
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #next(): number {
    this.#version += 1;
    return this.#version;
  }

  #tell(change: Change): void {
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

export function namespaceOf(object: { readonly metadata: JsonMap }): string | undefined {
  const { namespace } = object.metadata;
  return typeof namespace === 'string' ? namespace : undefined;
}
