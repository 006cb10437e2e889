import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { keyOf, keyOfObject } from './object-key.ts';

/** The keys under which an index files an object. */
export type IndexFunction<T> = (object: T) => readonly string[];

/**
 * Objects of one kind, by `namespace/name`, by namespace and by index. Lists come in the order of the keys, so that
 * what is computed from them is the same in every replica and after every restart.
 */
export class Store<T extends KubeObject> {
  readonly #all = new Bucket<T>();
  readonly #namespaces = new Map<string, Bucket<T>>();
  readonly #indexes = new Map<
    string,
    { readonly keysOf: IndexFunction<T>; readonly buckets: Map<string, Bucket<T>> }
  >();

  get size(): number {
    return this.#all.size;
  }

  /** The object, or undefined. */
  get(ref: ObjectRef): T | undefined {
    return this.#all.get(keyOf(ref));
  }

  /** The object under a key of `keyOf`, or undefined. */
  getByKey(key: string): T | undefined {
    return this.#all.get(key);
  }

  /** All objects or those of a namespace. */
  list(namespace?: string): readonly T[] {
    return namespace === undefined ? this.#all.values() : (this.#namespaces.get(namespace)?.values() ?? []);
  }

  /** Keys of all objects. */
  keys(): readonly string[] {
    return this.#all.keys();
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  /** Adds an index over what is there and what comes. A name that exists keeps its first function. */
  addIndex(name: string, keysOf: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return;
    const buckets = new Map<string, Bucket<T>>();
    this.#indexes.set(name, { keysOf, buckets });
    for (const object of this.#all.values()) file(buckets, keysOf(object), keyOfObject(object), object);
  }

  /** Objects filed under `key`; undefined if there is no such index. */
  byIndex(name: string, key: string): readonly T[] | undefined {
    const index = this.#indexes.get(name);
    return index === undefined ? undefined : (index.buckets.get(key)?.values() ?? []);
  }

  /** Puts the object in place of what was there and answers that. */
  set(object: T): T | undefined {
    const key = keyOfObject(object);
    const previous = this.#all.get(key);
    if (previous !== undefined) this.#unfile(key, previous);
    this.#all.set(key, object);
    file(this.#namespaces, [object.metadata.namespace ?? ''], key, object);
    for (const { keysOf, buckets } of this.#indexes.values()) file(buckets, keysOf(object), key, object);
    return previous;
  }

  /** Removes and answers what was there. */
  delete(key: string): T | undefined {
    const previous = this.#all.get(key);
    if (previous === undefined) return undefined;
    this.#unfile(key, previous);
    this.#all.delete(key);
    return previous;
  }

  #unfile(key: string, object: T): void {
    unfile(this.#namespaces, [object.metadata.namespace ?? ''], key);
    for (const { keysOf, buckets } of this.#indexes.values()) unfile(buckets, keysOf(object), key);
  }
}

/** Objects by key with their sorted order, which is made when it is asked for and kept until a key comes or goes. */
class Bucket<T> {
  readonly #byKey = new Map<string, T>();
  #sorted: readonly string[] | undefined;
  #values: readonly T[] | undefined;

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, object: T): void {
    if (!this.#byKey.has(key)) this.#sorted = undefined;
    this.#values = undefined;
    this.#byKey.set(key, object);
  }

  delete(key: string): void {
    if (this.#byKey.delete(key)) {
      this.#sorted = undefined;
      this.#values = undefined;
    }
  }

  keys(): readonly string[] {
    this.#sorted ??= [...this.#byKey.keys()].sort();
    return this.#sorted;
  }

  values(): readonly T[] {
    this.#values ??= this.keys().flatMap((key) => {
      const object = this.#byKey.get(key);
      return object === undefined ? [] : [object];
    });
    return this.#values;
  }
}

function file<T>(buckets: Map<string, Bucket<T>>, under: readonly string[], key: string, object: T): void {
  for (const name of under) {
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      bucket = new Bucket();
      buckets.set(name, bucket);
    }
    bucket.set(key, object);
  }
}

function unfile<T>(buckets: Map<string, Bucket<T>>, under: readonly string[], key: string): void {
  for (const name of under) {
    const bucket = buckets.get(name);
    bucket?.delete(key);
    if (bucket?.size === 0) buckets.delete(name);
  }
}
