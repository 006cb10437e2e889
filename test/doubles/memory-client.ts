import type { Client, DeleteOptions, Patch, PatchOptions } from '../../src/client/client.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../../src/kube/kind.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import type { AnyObject, KubeObject } from '../../src/kube/object.ts';
import { deepEqual } from '../../src/lib/deep-equal.ts';

/** One write as it was asked for. */
export interface Call {
  readonly verb: 'create' | 'apply' | 'replace' | 'patch' | 'delete';
  /** `Kind namespace/name`, with the subresource. */
  readonly what: string;
  readonly as: string | undefined;
  readonly timeoutMs: number | undefined;
}

/** Called before and after a write acts; what it throws is what the caller sees. */
export type Fault = (call: Call, phase: 'before' | 'after') => void | Promise<void>;

type Fields = Record<string, unknown>;

/**
 * An API server's objects in memory, for unit tests of what writes: uid, versions, conflicts, finalizers; an apply
 * replaces all fields but status. No watches, no admission, no defaults: `test/fakeapi` has those.
 */
export class MemoryClient implements Client {
  readonly calls: Call[] = [];
  fault: Fault = () => undefined;
  #objects = new Map<string, AnyObject>();
  #counter = { last: 100 };
  #as: string | undefined;

  /** All objects, by `Kind namespace/name`, without what only the server sets. */
  state(): Readonly<Record<string, unknown>> {
    const entries = [...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      entries.map(([key, { metadata, ...rest }]) => {
        const { uid: _uid, resourceVersion: _version, ...kept } = metadata;
        return [key, { ...rest, metadata: kept }];
      }),
    );
  }

  async get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Promise<T> {
    const found = await this.find(kind, ref);
    if (found === undefined)
      throw new KubeError('NotFound', `get ${keyOf(kind, ref)}: not found`, { status: 404 });
    return found;
  }

  async find<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Promise<T | undefined> {
    return (await Promise.resolve(this.#objects.get(keyOf(kind, ref)))) as T | undefined;
  }

  list<T extends KubeObject>(kind: Kind<T>): Promise<{ items: readonly T[]; resourceVersion: string }> {
    const items = [...this.#objects]
      .filter(([key]) => key.startsWith(`${groupKindOf(kind)} `))
      .map(([, o]) => o as unknown as T);
    return Promise.resolve({ items, resourceVersion: String(this.#counter.last) });
  }

  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: { timeoutMs?: number }): Promise<T> {
    return this.#write('create', keyOf(kind, object.metadata), options, (key) => {
      if (this.#objects.has(key))
        throw new KubeError('AlreadyExists', `create ${key}: exists`, { status: 409 });
      return this.#put(key, {
        ...object,
        metadata: { ...object.metadata, uid: `uid-${this.#next()}` },
      });
    });
  }

  apply<T extends KubeObject>(kind: Kind<T>, object: T, options?: PatchOptions): Promise<T> {
    return this.#write('apply', keyOf(kind, object.metadata, options?.subresource), options, () => {
      const key = keyOf(kind, object.metadata);
      const present = this.#objects.get(key);
      const { uid } = object.metadata;
      if (uid !== undefined && uid !== present?.metadata.uid) throw conflict(key, 'uid mismatch');
      if (options?.subresource === 'status') {
        if (present === undefined) throw new KubeError('NotFound', key, { status: 404 });
        return this.#put(key, { ...present, status: (object as unknown as AnyObject)['status'] });
      }
      const { finalizers, deletionTimestamp, ownerReferences } = present?.metadata ?? {};
      const kept = JSON.parse(JSON.stringify({ finalizers, deletionTimestamp, ownerReferences })) as Fields;
      const status = present?.['status'];
      return this.#put(key, {
        ...object,
        ...(status === undefined ? {} : { status }),
        metadata: { ...kept, ...object.metadata, uid: present?.metadata.uid ?? `uid-${this.#next()}` },
      });
    });
  }

  replace<T extends KubeObject>(kind: Kind<T>, object: T, options?: PatchOptions): Promise<T> {
    return this.#write('replace', keyOf(kind, object.metadata), options, (key) => {
      this.#precondition(key, object.metadata);
      return this.#put(key, object);
    });
  }

  patch<T extends KubeObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: PatchOptions,
  ): Promise<T> {
    return this.#write('patch', keyOf(kind, ref, options?.subresource), options, () => {
      const key = keyOf(kind, ref);
      const present = this.#objects.get(key);
      if (present === undefined) throw new KubeError('NotFound', `patch ${key}: not found`, { status: 404 });
      const body = patch.type === 'json' ? fromJsonPatch(patch.body) : (patch.body as Fields);
      this.#precondition(key, body['metadata'] ?? {});
      return this.#put(key, merge(present, body) as unknown as AnyObject);
    });
  }

  async delete(kind: Kind, ref: ObjectRef, options: DeleteOptions = {}): Promise<AnyObject | undefined> {
    return this.#write<AnyObject | undefined>('delete', keyOf(kind, ref), options, (key) => {
      const present = this.#objects.get(key);
      if (present === undefined) return undefined;
      if (options.uid !== undefined && options.uid !== present.metadata.uid)
        throw conflict(key, 'uid differs');
      if ((present.metadata.finalizers ?? []).length > 0) {
        const deletionTimestamp = present.metadata.deletionTimestamp ?? '2026-01-01T00:00:00Z';
        return this.#put<AnyObject>(key, {
          ...present,
          metadata: { ...present.metadata, deletionTimestamp },
        });
      }
      this.#objects.delete(key);
      return present;
    });
  }

  pages(): never {
    throw new Error('MemoryClient has no pages');
  }

  watch(): never {
    throw new Error('MemoryClient has no watches');
  }

  raw(): never {
    throw new Error('MemoryClient has no raw calls');
  }

  as({ namespace, name }: { namespace: string; name: string }): Client {
    const other = new MemoryClient();
    // The same server: objects and calls are shared, only the name differs.
    Object.assign(other, {
      calls: this.calls,
      fault: (call: Call, phase: 'before' | 'after') => this.fault(call, phase),
    });
    other.#objects = this.#objects;
    other.#counter = this.#counter;
    other.#as = `${namespace}/${name}`;
    return other;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #write<R>(
    verb: Call['verb'],
    what: string,
    options: { timeoutMs?: number } | undefined,
    act: (key: string) => unknown,
  ): Promise<R> {
    const call: Call = { verb, what, as: this.#as, timeoutMs: options?.timeoutMs };
    this.calls.push(call);
    await this.fault(call, 'before');
    const answer = act(what) as R;
    await this.fault(call, 'after');
    return answer;
  }

  #precondition(key: string, { uid, resourceVersion }: Partial<KubeObject['metadata']>): void {
    const present = this.#objects.get(key);
    if (present === undefined) throw new KubeError('NotFound', key, { status: 404 });
    if (uid !== undefined && uid !== present.metadata.uid) throw conflict(key, 'uid differs');
    if (resourceVersion !== undefined && resourceVersion !== present.metadata.resourceVersion) {
      throw conflict(key, 'the object has been modified');
    }
  }

  #next(): number {
    this.#counter.last += 1;
    return this.#counter.last;
  }

  /** As the server: no new version where nothing changed; gone when the last finalizer of a deleted object goes. */
  #put<T extends KubeObject>(key: string, object: T): T {
    const present = this.#objects.get(key);
    const version = present?.metadata.resourceVersion;
    const same =
      present !== undefined &&
      deepEqual(present, { ...object, metadata: { ...object.metadata, resourceVersion: version } });
    const resourceVersion = same ? version : String(this.#next());
    const stored = JSON.parse(
      JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion } }),
    ) as T;
    const gone =
      stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0;
    if (gone) this.#objects.delete(key);
    else this.#objects.set(key, stored as unknown as AnyObject);
    return stored;
  }
}

function keyOf(kind: Kind, ref: ObjectRef, subresource?: string): string {
  const name = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
  return `${groupKindOf(kind)} ${name}${subresource === undefined ? '' : `/${subresource}`}`;
}

function conflict(key: string, why: string): KubeError {
  return new KubeError('Conflict', `${key}: ${why}`, { status: 409 });
}

/** Only whole fields are set by the code under test: `/metadata/resourceVersion` and the like. */
function fromJsonPatch(operations: readonly unknown[]): Fields {
  let result: Fields = {};
  for (const operation of operations) {
    const { path, value } = operation as { path: string; value: unknown };
    const nested = path
      .slice(1)
      .split('/')
      .reduceRight<unknown>((inner, segment) => ({ [segment]: inner }), value);
    result = merge(result, nested as Fields);
  }
  return result;
}

/** RFC 7386. */
function merge(target: unknown, patch: Fields): Fields {
  const isMap = (value: unknown): value is Fields =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const result: Fields = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = isMap(value) ? merge(result[key], value) : value;
  }
  return result;
}
