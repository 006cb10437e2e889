import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Pod } from '../kube/builtin-kinds.ts';

/** Which of the two clusters. */
export type Side = 'host' | 'tenant';

/** Something to be done, as a value; `carry-out-deed.ts` does it. A list of them is done in order until one fails. */
export type Deed =
  /** Make the object, or apply over it where it is ours. */
  | {
      readonly do: 'own';
      readonly kind: Kind;
      readonly object: KubeObject;
      readonly uid?: string | undefined;
    }
  /** Make the object; that it is there already is a failure. */
  | { readonly do: 'create'; readonly on: Side; readonly kind: Kind; readonly object: KubeObject }
  | {
      readonly do: 'patch';
      readonly on: Side;
      readonly kind: Kind;
      readonly ref: ObjectRef;
      readonly type: 'merge' | 'strategic';
      /** With `metadata.uid` in it: another object of the name is left alone. */
      readonly body: unknown;
      readonly subresource?: string;
    }
  | {
      readonly do: 'delete';
      readonly on: Side;
      readonly kind: Kind;
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly graceSeconds?: number | undefined;
    }
  /** Tell the tenant's API server where the host put a pod. */
  | { readonly do: 'bind'; readonly pod: Pod; readonly node: string; readonly hostUid: string }
  /** An event on the tenant's object; repeated only when the text changes. */
  | {
      readonly do: 'tell';
      readonly object: KubeObject;
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    }
  | { readonly do: 'look-again'; readonly afterMs: number };

/** Reasons of the events that a tenant sees. */
export const REFUSED = 'Refused';
export const WAITING = 'Waiting';
export const SYNC_ERROR = 'SyncError';

/** Milliseconds after which something that waits for another thing is looked at without a word from a watch. */
export const WAIT_MS = 2_000;

/** The event of a refusal: all reasons, for all of them have to go. */
export function tellRefusal(object: KubeObject, reasons: readonly string[]): Deed {
  return { do: 'tell', object, type: 'Warning', reason: REFUSED, message: reasons.join(' ') };
}

/** The deletion of an object that was read, and of no other one under its name. */
export function deletionOf(
  on: Side,
  kind: Kind,
  object: KubeObject,
  graceSeconds?: number,
): Extract<Deed, { do: 'delete' }> {
  const { namespace, name, uid = '' } = object.metadata;
  return { do: 'delete', on, kind, ref: { namespace, name }, uid, graceSeconds };
}
