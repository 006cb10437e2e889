import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';

/** Field managers have fixed names, so that managed fields tell for ever who wrote what. */
export const FIELD_MANAGER = 'tenantry';
export const STATUS_FIELD_MANAGER = 'tenantry-status';

/** What every call accepts. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails with code Timeout; the default is the client's. */
  readonly timeoutMs?: number;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  /** Server-side dry-run: everything is checked, nothing is stored. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers (default true: what we own, we own). */
  readonly force?: boolean;
  readonly subresource?: string;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string;
}

/** A patch as a value: which kind it is and its body. */
export type Patch =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] }
  | { readonly type: 'strategic'; readonly body: unknown };

export interface DeleteOptions extends CallOptions {
  /** Preconditions: a delete by UID can never hit an object that took the name later. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListResult<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One page of a list. `first` says that pages seen before are void: the list began, or began again after a 410. */
export interface ListPage<T> {
  readonly first: boolean;
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One event of a watch as the server sent it, already told apart. */
export type WatchEvent<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  | {
      readonly type: 'bookmark';
      readonly resourceVersion: string;
      /** end of a streaming list */ readonly initialEventsEnd: boolean;
    };

export interface WatchRequest extends ListOptions {
  readonly resourceVersion?: string | undefined;
  /** Ask for a streaming list (KEP-3157) before the watch proper. */
  readonly sendInitialEvents?: boolean;
  /** Seconds after which the server ends the watch; an idle timer of +5 s notices a dead link. */
  readonly timeoutSeconds?: number;
}

/** A raw call, for what is not an object call: `/version`, `/metrics`, aggregated APIs, `pods/log`. */
export interface RawRequest extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, already encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes after which the answer is given up (code TooLarge). */
  readonly maxBytes?: number;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The read half: code that only looks takes only this. Every method throws KubeError and nothing else. */
export interface Reader {
  get<T extends KubeObject = AnyObject>(kind: Kind<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** `get`, with undefined for NotFound. */
  find<T extends KubeObject = AnyObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** All pages, 500 objects each. */
  list<T extends KubeObject = AnyObject>(kind: Kind<T>, options?: ListOptions): Promise<ListResult<T>>;
}

/**
 * Talks to one API server as one identity. Objects go in and come out as plain JSON with unknown fields kept.
 * Reads and applies are retried once on a reset connection; 429/503 honour Retry-After; a POST is never repeated.
 */
export interface Client extends Reader {
  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Server-side apply. With `metadata.uid` set, an object that was re-created meanwhile answers Conflict. */
  apply<T extends KubeObject>(kind: Kind<T>, object: T, options?: ApplyOptions): Promise<T>;
  replace<T extends KubeObject>(kind: Kind<T>, object: T, options?: PatchOptions): Promise<T>;
  patch<T extends KubeObject = AnyObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: PatchOptions,
  ): Promise<T>;
  /** Undefined when the object was gone already (404). A UID precondition that fails throws Conflict. */
  delete(kind: Kind, ref: ObjectRef, options?: DeleteOptions): Promise<AnyObject | undefined>;
  /** The pages of a list one by one, for who can drop what it has seen: the memory of one page is enough. */
  pages<T extends KubeObject = AnyObject>(kind: Kind<T>, options?: ListOptions): AsyncIterable<ListPage<T>>;
  /** Yields until the server ends the watch (normal end), an error is thrown, or the signal aborts. */
  watch<T extends KubeObject = AnyObject>(kind: Kind<T>, request: WatchRequest): AsyncIterable<WatchEvent<T>>;
  raw(request: RawRequest): Promise<RawResponse>;
  /** The same server as a ServiceAccount, by impersonation (`system:serviceaccount:<namespace>:<name>`). Shares the pools. */
  as(serviceAccount: { readonly namespace: string; readonly name: string }): Client;
  close(): Promise<void>;
}
