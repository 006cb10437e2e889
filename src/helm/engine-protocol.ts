import type { MessagePort } from 'node:worker_threads';
import type { WasmModule } from './webassembly.ts';
import type { ProvenanceReply, ProvenanceRequest } from './provenance.ts';
import type { ChartInfo, LookupQuery, Rendering, RenderErrorCode } from './rendering.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly module: WasmModule;
  /** Bytes above which the collector inside works hard; a little below the memory's limit. */
  readonly softMemory: number;
  /** Longest answer that is handed on, in bytes of JSON. */
  readonly replyBytes: number;
  /** Becomes 1 when the answer to a `lookup` lies in `answers`. */
  readonly signal: Int32Array;
  readonly answers: MessagePort;
}

/** Host to worker. A chart is known by a number that the host chooses. */
export type ToWorker =
  | { readonly type: 'load'; readonly handle: number; readonly archive: Uint8Array }
  | { readonly type: 'render'; readonly handle: number; readonly request: WasmRequest }
  | { readonly type: 'verify'; readonly archive: Uint8Array; readonly request: ProvenanceRequest }
  | { readonly type: 'drop'; readonly handle: number };

/** Worker to host. `load`, `render` and `verify` are answered by one `done` each, in order. */
export type FromWorker =
  /** `thread`: where the kernel tells how long the worker has computed (`thread-time.ts`). */
  | { readonly type: 'ready'; readonly thread: string | undefined }
  | { readonly type: 'done'; readonly reply: WasmReply; readonly bytes: number }
  | { readonly type: 'lookup'; readonly query: LookupQuery }
  /** The instance is dead; the worker ends after this. */
  | { readonly type: 'fatal'; readonly cause: 'memory' | 'depth' | 'other'; readonly detail: string };

/** A request as the Go side reads it (`request` in tools/helm-engine/render.go). */
export interface WasmRequest {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly isUpgrade: boolean;
  readonly values: unknown;
  readonly kubeVersion: string;
  readonly apiVersions: readonly string[];
}

/** An answer of the Go side (`reply` in tools/helm-engine/reply.go): one of the four is there. */
export interface WasmReply {
  readonly error?: { readonly code: RenderErrorCode; readonly message: string };
  readonly chart?: ChartInfo & { readonly size: number };
  readonly rendering?: Rendering;
  readonly provenance?: ProvenanceReply;
}

/** What the host says to a `lookup`: an object, nothing for "not found", or why it could not ask. */
export interface LookupAnswer {
  readonly object?: unknown;
  readonly error?: string;
}
