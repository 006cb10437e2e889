import { LEASE, type Lease } from '../kube/builtin-kinds.ts';
import { apiVersionOf } from '../kube/kind.ts';
import { formatMicroTime } from '../kube/conditions.ts';

/** What a process last saw of the Lease, and when it saw it change, on its own monotonic clock. */
export interface SeenLease {
  readonly lease: Lease;
  readonly changedAt: number;
}

/** Who asks, and for how long a lease holds. */
export interface LeaseClaim {
  readonly identity: string;
  readonly namespace: string;
  readonly name: string;
  readonly durationMs: number;
}

const MS_PER_SECOND = 1000;

/**
 * True if the lease may be taken: it is ours, given back, or was not renewed for its duration *since we saw it change*.
 * Times written in it are never compared with our clock: clocks of machines differ.
 */
export function mayTake(seen: SeenLease, identity: string, now: number): boolean {
  const holder = seen.lease.spec?.holderIdentity ?? '';
  if (holder === '' || holder === identity) return true;
  const durationMs = (seen.lease.spec?.leaseDurationSeconds ?? 0) * MS_PER_SECOND;
  return now >= seen.changedAt + durationMs;
}

/** The lease as it must read when we hold it. Times are for people and for other clients of the Lease. */
export function heldLease(claim: LeaseClaim, before: Lease | undefined, now: number): Lease {
  const stamp = formatMicroTime(now);
  const mine = before?.spec?.holderIdentity === claim.identity;
  const transitions = before?.spec?.leaseTransitions ?? 0;
  return {
    ...shell(claim, before),
    spec: {
      holderIdentity: claim.identity,
      leaseDurationSeconds: Math.ceil(claim.durationMs / MS_PER_SECOND),
      acquireTime: mine ? (before.spec?.acquireTime ?? stamp) : stamp,
      renewTime: stamp,
      leaseTransitions: before === undefined || mine ? transitions : transitions + 1,
    },
  };
}

/** The lease given back: whoever looks next may take it at once. */
export function releasedLease(claim: LeaseClaim, before: Lease, now: number): Lease {
  return {
    ...shell(claim, before),
    spec: {
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: formatMicroTime(now),
      leaseTransitions: before.spec?.leaseTransitions ?? 0,
    },
  };
}

/** With the version that was read, so that of two takers one gets a conflict. */
function shell(
  claim: LeaseClaim,
  before: Lease | undefined,
): Pick<Lease, 'apiVersion' | 'kind' | 'metadata'> {
  const { namespace, name } = claim;
  return {
    apiVersion: apiVersionOf(LEASE),
    kind: LEASE.kind,
    metadata: before === undefined ? { namespace, name } : before.metadata,
  };
}
