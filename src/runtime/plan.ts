import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { Condition, KubeObject } from '../kube/object.ts';

/** A ServiceAccount that a write is made as, by impersonation. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * One write, as a value. How it is carried out is decided once, in `carry-out.ts`:
 *
 * - `own`: the object must exist as described and be ours. With `uid` (we wrote it before) it is a server-side apply
 *   that carries the UID. Without, it is a *create*; on 409 the object is read and is ours only if its label
 *   `tenantry.dev/instance-uid` (or the label named by `ownerLabel`) equals `owner` — then it is applied with its UID —
 *   else the write fails with code Conflict and reason `NotOurs`. Nothing foreign is ever overwritten. An apply carries
 *   the version that was read just before, too: one that arrives late undoes nothing. With `onlyNew` what is there
 *   already is never applied over, though it be ours: somebody else made it who may be further than we are; Conflict.
 * - `apply`: fields of ours on an object that somebody else makes, too (Kubernetes makes the default account of each namespace): one
 *   server-side apply, whether it is there or not; what others wrote of it stays. It carries no UID: its label holds it back where it
 *   arrives late, in a namespace that is another instance's by then (policy `tenantry-object-label`) or nobody's (`tenantry-operator-writes`).
 * - `patch`: a merge patch of fields we own on an object that exists (annotations of our own namespace, for instance).
 * - `delete`: by UID precondition; an object that is gone or was replaced is success.
 */
export type Write =
  | {
      readonly verb: 'own';
      readonly kind: Kind;
      readonly object: KubeObject;
      readonly owner: string;
      readonly ownerLabel?: string;
      readonly uid?: string | undefined;
      readonly onlyNew?: boolean;
      readonly as?: ServiceAccountRef | undefined;
    }
  | {
      readonly verb: 'apply';
      readonly kind: Kind;
      readonly object: KubeObject;
      readonly as?: ServiceAccountRef | undefined;
    }
  | {
      readonly verb: 'patch';
      readonly kind: Kind;
      readonly ref: ObjectRef;
      /** JSON merge patch; put `metadata.uid` and/or `metadata.resourceVersion` in it as preconditions. */
      readonly body: unknown;
      readonly subresource?: string;
      readonly as?: ServiceAccountRef | undefined;
    }
  | {
      readonly verb: 'delete';
      readonly kind: Kind;
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
      readonly as?: ServiceAccountRef | undefined;
    };

/** Something done elsewhere than in the API server, as a value; the controller's `perform` does it. It must be safe to repeat. */
export interface Action {
  /** For logs and for telling it apart. */
  readonly name: string;
}

/** Writes that may be made at the same time. Stages run in order; the next one starts when all of this one succeeded. */
export interface Stage {
  /** For logs, metrics and messages: `namespace`, `policies`, `release`, `objects`. */
  readonly name: string;
  readonly writes: readonly Write[];
  /** Done one after another when all writes succeeded. */
  readonly actions?: readonly Action[];
}

/** An event about the planned object; emitted only when the plan was carried out and the condition changed. */
export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Also when no condition changed: for what happened once and left no trace there, e.g. drift that was put back. */
  readonly always?: boolean;
}

/** Status of any of our kinds: kstatus conditions beside whatever the kind has. */
export interface StatusBase {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
}

/** What one of several controllers says in the status of a kind; the others' fields are none of its business. */
export interface StatusPart {
  /** Its field manager for the status. */
  readonly manager: string;
  readonly fields: readonly string[];
  /** Types of conditions that are its own. */
  readonly conditions: readonly string[];
}

/** What should be true and what to say about it: plain data, computed without I/O. */
export interface Plan<TStatus extends StatusBase = StatusBase> {
  /** `present`: written before the first stage. `absent`: removed after the last one (the object then goes). */
  readonly finalizer?: 'present' | 'absent';
  readonly stages: readonly Stage[];
  /** The whole status as it should read; written only if it differs from the object's. */
  readonly status?: TStatus;
  /** Where the status has several writers: `status` is this part of it. */
  readonly statusPart?: StatusPart;
  readonly events?: readonly PlannedEvent[];
  /** Milliseconds until the object is looked at again although nothing happened. Watches are preferred. */
  readonly lookAgainMs?: number;
  /** Long work, one action a round: observe again as soon as this plan was carried out. */
  readonly again?: boolean;
}

/** Nothing to do, nothing to say. */
export const NOTHING: Plan<never> = { stages: [] };
