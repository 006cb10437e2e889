import type { AnyObject } from '../kube/object.ts';

/** The part of admission/v1 AdmissionRequest that handlers read. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly subResource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: { readonly username: string; readonly uid: string; readonly groups: readonly string[] };
  readonly object: AnyObject | undefined;
  readonly oldObject: AnyObject | undefined;
  readonly dryRun: boolean;
}

/** One thing that is wrong. `field` is a path such as `spec.newResource.chartURL`; KubePlus's own texts have none. */
export interface Finding {
  readonly field?: string;
  readonly message: string;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

export type AdmissionAnswer =
  | {
      readonly allowed: true;
      readonly patch?: readonly JsonPatchOperation[];
      readonly warnings?: readonly string[];
    }
  /** All findings go into one denial, joined by newlines; fields also into `status.details.causes`. */
  | { readonly allowed: false; readonly findings: readonly Finding[] };

/** One webhook path. Handlers read from stores; they write nothing (invariant 8). */
export interface AdmissionHandler {
  /** URL path, e.g. `/validate/compositions`. */
  readonly path: string;
  handle(request: AdmissionRequest, signal: AbortSignal): Promise<AdmissionAnswer>;
}
