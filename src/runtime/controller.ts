import type { Reader } from '../client/client.ts';
import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Action, Plan, StatusBase } from './plan.ts';
import type { Written } from './write.ts';

/** Reads from the informer stores: no I/O, no waiting. Objects are slim projections and read-only. */
export interface Stores {
  get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): T | undefined;
  /** All objects of a kind, or those of one namespace. Fails if no controller declared a watch of the kind. */
  list<T extends KubeObject>(kind: Kind<T>, namespace?: string): readonly T[];
  /** Objects under one key of an index that the watch declared. */
  byIndex<T extends KubeObject>(kind: Kind<T>, index: string, key: string): readonly T[];
}

/** What `observe` may use: stores first, the live API where a store can't serve (Secrets, subresources). */
export interface Read {
  readonly stores: Stores;
  readonly live: Reader;
  readonly signal: AbortSignal;
  /** See `WriteLease`. */
  readonly lateMs: () => number;
}

/** One kind a controller watches besides its own, and which of its objects a change wakes. */
export interface Watch<T extends KubeObject = KubeObject> {
  readonly kind: Kind<T>;
  readonly labelSelector?: string;
  /** What the store keeps of an object; default drops managedFields. Shared by all watches of the kind: the union is kept. */
  readonly slim?: (object: T) => T;
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /** Whether a change from one state to the next counts; absent: every one does. Coming and going always count. */
  readonly heeds?: (object: T, previous: T) => boolean;
  /** Keys (of the controller's kind) to look at because this object changed. */
  readonly wakes: (object: T, stores: Stores) => readonly ObjectRef[];
}

/**
 * Where a controller works when the work is divided over shards (without shards everything is the leader's):
 *
 * - `leader`: in the one replica that leads;
 * - `shards`: in every replica, on the objects of the shards that it holds;
 * - `replicas`: in every replica, on all objects. Writes are refused: it is there for what the process itself needs.
 */
export type Placement = 'leader' | 'shards' | 'replicas';

/**
 * A controller is a record. The loop in `controller-loop.ts` gives it keys, one at a time a key:
 * observe (all I/O in) → plan (pure) → carry out (written once) → status, events, look again.
 */
export interface Controller<T extends KubeObject, TWorld, TStatus extends StatusBase> {
  /** For logs and metrics: `service`, `instance`. */
  readonly name: string;
  readonly kind: Kind<T>;
  readonly watches: readonly Watch[];
  /** `leader` if not given. */
  readonly placement?: Placement;
  /** Objects worked on at the same time, by all that one process holds. */
  readonly concurrency?: number;
  observe(object: T, read: Read): Promise<TWorld>;
  /** Pure: no await, no clock but `now` (milliseconds since the epoch). */
  plan(object: T, world: TWorld, now: number): Plan<TStatus>;
  /** Finalizer on its objects, where it is not ours: other programs know these by another one. */
  readonly finalizer?: string;
  /** Does one action of a plan. Throws; what it throws is classified like the failure of a write. */
  perform?(action: Action, signal: AbortSignal | undefined): Promise<void>;
  /** Pure: what to tell the user when observe or carry-out failed (classified errors only); the loop retries with back-off. */
  explain?(object: T, error: unknown, now: number): Plan<TStatus>;
  /**
   * Told what the writes of a plan answered, before the next look at the object; of a plan that failed half-way, those
   * that succeeded. Controllers that record UIDs take them from here instead of reading what was just written. Only a
   * cache may be filled: what is lost in a crash must be found again by `observe`.
   */
  wrote?(ref: ObjectRef, written: readonly Written[]): void;
  /**
   * After the object is gone from the API, or another replica works on it: forget what is kept in memory about it. With a
   * UID only about that object, not about one that has its name now.
   */
  forget?(ref: ObjectRef, uid?: string): void;
}
