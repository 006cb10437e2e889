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
    const all = [...(this.#objects.get(store)?.entries() ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return all
      .map(([, object]) => object)
      .filter((o) => namespace === undefined || o.metadata['namespace'] === namespace);
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
    const key = keyOf(namespaceOf(object), object.metadata.name);
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
    this.#objects.get(store)?.delete(keyOf(namespaceOf(object), object.metadata.name));
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
