import type { Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { shortHash } from '../lib/hash.ts';
import { deletionOf, tellRefusal, WAIT_MS, WAITING, type Deed } from './deed.ts';
import { UID_ANNOTATION, WRITTEN_ANNOTATION } from './marks.ts';
import type { Surroundings, Translation } from './translation.ts';

/** A tenant's object and what stands for it on the host; one of them may be missing. */
export interface Pair<T extends KubeObject = KubeObject> {
  readonly tenant?: T | undefined;
  readonly host?: T | undefined;
}

/** Everything about a kind of object. `decide` is pure: what to do about one pair, now. */
export interface Row<T extends KubeObject = KubeObject> {
  readonly kind: Kind<T>;
  decide(pair: Pair<T>, around: Surroundings, now: number): readonly Deed[];
}

/** What is particular to a kind that simply has a counterpart on the host. */
export interface Counterpart<T extends KubeObject> {
  readonly kind: Kind<T>;
  /** Whether the object is needed on the host; absent: always. */
  readonly wanted?: (object: T, around: Surroundings) => boolean;
  readonly translate: (object: T, around: Surroundings) => Translation<T>;
  /** What the tenant's object learns from the host's. */
  readonly back?: (tenant: T, host: T, around: Surroundings) => readonly Deed[];
  /** The host's object outlives one that is made anew under its name: deleting it would lose its address. */
  readonly outlives?: boolean;
  /** Milliseconds that a host object without a UID may wait for the tenant's object that it was made for. */
  readonly patienceMs?: number;
}

/** Digits of the hash of what was written. */
const HASH_DIGITS = 20;

/** The row of a kind with a counterpart: the three cases, and what changed. */
export function rowOf<T extends KubeObject>(part: Counterpart<T>): Row<T> {
  return {
    kind: part.kind,
    decide: ({ tenant, host }, around, now) => {
      const wanted = tenant !== undefined && (part.wanted?.(tenant, around) ?? true);
      if (tenant === undefined || !wanted) return host === undefined ? [] : leave(part, host, now);
      if (tenant.metadata.deletionTimestamp !== undefined) return host === undefined ? [] : end(part, host);
      if (host !== undefined && isAnothers(tenant, host) && part.outlives !== true) return end(part, host);
      // It cannot be written to any more; when it is gone it is made anew.
      if (host?.metadata.deletionTimestamp !== undefined) return [];
      return [
        ...write(part, tenant, host, around),
        ...(host === undefined ? [] : back(part, tenant, host, around)),
      ];
    },
  };
}

function back<T extends KubeObject>(
  part: Counterpart<T>,
  tenant: T,
  host: T,
  around: Surroundings,
): readonly Deed[] {
  return part.back?.(tenant, host, around) ?? [];
}

/** True if the host's object was made for an object of the same name that is gone. */
export function isAnothers(tenant: KubeObject, host: KubeObject): boolean {
  const uid = host.metadata.annotations?.[UID_ANNOTATION];
  return uid !== undefined && uid !== tenant.metadata.uid;
}

/**
 * Nobody in the tenant's cluster needs the host's object: as far as we know. One without a UID was made for something that is
 * on its way.
 */
function leave<T extends KubeObject>(part: Counterpart<T>, host: T, now: number): readonly Deed[] {
  const { annotations, creationTimestamp } = host.metadata;
  const made = Date.parse(creationTimestamp ?? '');
  const waits = annotations?.[UID_ANNOTATION] === undefined && !Number.isNaN(made);
  const left = waits ? made + (part.patienceMs ?? 0) - now : 0;
  return left > 0 ? [{ do: 'look-again', afterMs: left }] : end(part, host);
}

function end<T extends KubeObject>(part: Counterpart<T>, host: T): readonly Deed[] {
  return host.metadata.deletionTimestamp === undefined ? [deletionOf('host', part.kind, host)] : [];
}

function write<T extends KubeObject>(
  part: Counterpart<T>,
  tenant: T,
  host: T | undefined,
  around: Surroundings,
): readonly Deed[] {
  const translation = part.translate(tenant, around);
  switch (translation.is) {
    case 'refused':
      // What is there stays as it was last allowed: a refused change takes nothing away.
      return [tellRefusal(tenant, translation.reasons)];
    case 'waiting':
      return [
        { do: 'tell', object: tenant, type: 'Normal', reason: WAITING, message: translation.reason },
        { do: 'look-again', afterMs: WAIT_MS },
      ];
    case 'object': {
      const object = stamped(translation.object);
      const same =
        host?.metadata.annotations?.[WRITTEN_ANNOTATION] ===
        object.metadata.annotations?.[WRITTEN_ANNOTATION];
      return same && host !== undefined
        ? []
        : [{ do: 'own', kind: part.kind, object, uid: host?.metadata.uid }];
    }
  }
}

/** The object with the hash of what it says: what others add or change on the host is left to them. */
function stamped<T extends KubeObject>(object: T): T {
  const { metadata } = object;
  const hash = shortHash(canonicalJson(object), HASH_DIGITS);
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [WRITTEN_ANNOTATION]: hash } },
  };
}
