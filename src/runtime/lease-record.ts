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
  /** Over how many shards the claimant divides the work; 1 if not given. */
  readonly shards?: number | undefined;
}

/** Over how many shards the holder of a lease divides the work. */
export function shardsOf({ metadata }: Lease): number {
  return Number(metadata.annotations?.[SHARDS_ANNOTATION] ?? 1);
}

/*
 * The timings of client-go and of Kubernetes' own components: their behaviour under load is well known.
 */

/** For how long a lease holds after a renewal. */
export const LEASE_DURATION_MS = 15_000;
/** After this long without a renewal the holder stops writing: 5 s before anybody else may begin. */
export const RENEW_DEADLINE_MS = 10_000;
/** Between two tries to take or renew. */
export const RETRY_PERIOD_MS = 2000;

/** On leases: over how many shards their holder divides the work. Not there: it does not. */
const SHARDS_ANNOTATION = 'tenantry.dev/shards';
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
  const { namespace, name, shards = 1 } = claim;
  const metadata = before?.metadata ?? { namespace, name };
  const { [SHARDS_ANNOTATION]: _before, ...others } = metadata.annotations ?? {};
  const annotations = shards === 1 ? others : { ...others, [SHARDS_ANNOTATION]: String(shards) };
  return {
    apiVersion: apiVersionOf(LEASE),
    kind: LEASE.kind,
    metadata:
      Object.keys(annotations).length === 0 && metadata.annotations === undefined
        ? metadata
        : { ...metadata, annotations },
  };
}
