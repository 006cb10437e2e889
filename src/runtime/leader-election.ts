import type { Client } from '../client/client.ts';
import { LEASE, type Lease } from '../kube/builtin-kinds.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import {
  heldLease,
  LEASE_DURATION_MS,
  mayTake,
  releasedLease,
  RENEW_DEADLINE_MS,
  RETRY_PERIOD_MS,
  type LeaseClaim,
  type SeenLease,
} from './lease-record.ts';
import type { Log } from './log.ts';
import type { WriteLease } from './write-lease.ts';

/** Kept off the end of the lease for calls under way: what the network and the server may still take to act. */
const SAFETY_MS = 500;

/** For how long an API server works on a write at most (`requestTimeoutUpperBound` of its handlers). */
const WRITE_MS = 34_000;

/** What leader election needs. */
export interface LeaderElectionOptions {
  /** Not fenced: renewing is how the right to write comes about. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly namespace: string;
  readonly leaseName: string;
  /** Over how many shards this process divides the work; noted in the lease. 1 if not given. */
  readonly shards?: number;
  /** What is known of the lease already: its time need not begin anew. */
  readonly seen?: SeenLease | undefined;
  /** Asked before each try to take the lease; always if not given. */
  readonly mayTry?: () => boolean;
}

/** One process's part in choosing the leader. */
export interface LeaderElection {
  readonly lease: WriteLease;
  /** Milliseconds since the loop last did something: the health check's view of it. */
  idleMs(): number;
  /** Name of the holder as last seen. */
  holder(): string;
  /**
   * Waits for the lease, then runs `lead`, whose signal aborts when the lease is lost or `signal` aborts. Once `lead` has
   * ended, the lease is given back (unless lost). Resolves with what ended it.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<'stopped' | 'lost'>;
}

/** Takes part in choosing the leader by a Lease (coordination.k8s.io/v1). */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const claim: LeaseClaim = {
    identity: options.identity,
    namespace: options.namespace,
    name: options.leaseName,
    durationMs: LEASE_DURATION_MS,
    shards: options.shards,
  };
  const state: ElectionState = {
    seen: options.seen,
    heldSince: undefined,
    lateUntil: -Infinity,
    activeAt: options.clock.monotonic(),
  };
  const { clock } = options;
  return {
    lease: {
      mayWrite: () => clock.monotonic() < (state.heldSince ?? -Infinity) + RENEW_DEADLINE_MS,
      remainingMs: () =>
        Math.max(0, (state.heldSince ?? -Infinity) + LEASE_DURATION_MS - SAFETY_MS - clock.monotonic()),
      lateMs: () => Math.max(0, state.lateUntil - clock.monotonic()),
    },
    idleMs: () => clock.monotonic() - state.activeAt,
    holder: () => state.seen?.lease.spec?.holderIdentity ?? '',
    run: (signal, lead) => runElection({ ...options, claim, state, signal }, lead),
  };
}

interface ElectionState {
  seen: SeenLease | undefined;
  /**
   * Monotonic time at which the last successful renewal was *sent*: nobody can have seen it earlier, so nobody can count
   * it as expired before this plus the duration. Undefined while somebody else holds the lease.
   */
  heldSince: number | undefined;
  /** Monotonic time until which calls of the holder before may still be carried out. */
  lateUntil: number;
  activeAt: number;
}

interface Context extends LeaderElectionOptions {
  readonly claim: LeaseClaim;
  readonly state: ElectionState;
  readonly signal: AbortSignal;
}

async function runElection(
  context: Context,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<'stopped' | 'lost'> {
  const { signal, log, state } = context;
  if (!(await acquire(context))) return 'stopped';
  log.info('Leadership gained');
  const lost = new AbortController();
  const leading = lead(AbortSignal.any([signal, lost.signal]));
  const ended = new AbortController();
  // A leader whose work ended by itself (or failed) has nothing to renew for.
  const work = leading.finally(() => ended.abort());
  // Its failure is thrown below, when it is awaited; until then it is no unhandled one.
  work.catch(() => undefined);
  const outcome = await keep(context, AbortSignal.any([signal, ended.signal]));
  if (outcome === 'lost') {
    state.heldSince = undefined;
    log.error('Leadership lost');
    lost.abort();
    await work;
    return 'lost';
  }
  // Still renewed while the work winds down, or another replica would begin beside it.
  const windingDown = keep(context, ended.signal);
  await work;
  await windingDown;
  await release(context);
  return 'stopped';
}

/** Tries until the lease is ours; false when the signal aborts first. */
async function acquire(context: Context): Promise<boolean> {
  while (!context.signal.aborted) {
    if ((context.mayTry?.() ?? true) && (await tryOnce(context))) return true;
    await pause(context, RETRY_PERIOD_MS, context.signal);
  }
  return false;
}

/** Renews until the signal aborts (`kept`) or the renew deadline passes without success (`lost`). */
async function keep(context: Context, signal: AbortSignal): Promise<'kept' | 'lost'> {
  const { state, clock } = context;
  for (;;) {
    const deadline = (state.heldSince ?? -Infinity) + RENEW_DEADLINE_MS;
    const left = deadline - clock.monotonic();
    if (left <= 0) return 'lost';
    await pause(context, Math.min(RETRY_PERIOD_MS, left), signal);
    if (signal.aborted) return 'kept';
    if (clock.monotonic() >= deadline) return 'lost';
    const renewed = await tryOnce(context);
    // Not merely failed: somebody else has it.
    if (!renewed && state.heldSince === undefined) return 'lost';
  }
}

/** One try to take or renew. Never throws: an error is the same as no success. */
async function tryOnce(context: Context): Promise<boolean> {
  const { client, clock, claim, state, log } = context;
  state.activeAt = clock.monotonic();
  // No try may outlive the right to write that it renews.
  const deadline = (state.heldSince ?? clock.monotonic()) + RENEW_DEADLINE_MS;
  const call = (): { timeoutMs: number } => ({ timeoutMs: Math.max(1, deadline - clock.monotonic()) });
  try {
    // A holder renews from what it wrote last: one call instead of two. After a conflict it looks again.
    let before = state.heldSince === undefined ? undefined : state.seen?.lease;
    if (before === undefined) {
      before = await client.find(LEASE, claim, call());
      if (before !== undefined) notice(state, before, clock.monotonic());
      if (
        state.seen !== undefined &&
        before !== undefined &&
        !mayTake(state.seen, claim.identity, clock.monotonic())
      ) {
        // Also a former holder that finds another name here.
        state.heldSince = undefined;
        return false;
      }
    }
    const sentAt = clock.monotonic();
    const wanted = heldLease(claim, before, clock.now());
    const written =
      before === undefined
        ? await client.create(LEASE, wanted, call())
        : await client.replace(LEASE, wanted, call());
    const holder = before?.spec?.holderIdentity ?? '';
    // It ran out: what its holder sent last, some of it may still be under way.
    if (holder !== '' && holder !== claim.identity) state.lateUntil = sentAt + WRITE_MS;
    state.heldSince = sentAt;
    state.seen = { lease: written, changedAt: sentAt };
    return true;
  } catch (error) {
    if (isKubeError(error, 'Conflict', 'AlreadyExists', 'NotFound'))
      return lookAfterConflict(context, call());
    log.debug('Lease not taken or renewed', { error });
    return false;
  }
}

/** Somebody else wrote the lease: learn who holds it now. The next try goes from there. */
async function lookAfterConflict(context: Context, call: { timeoutMs: number }): Promise<false> {
  const { client, clock, claim, state, log } = context;
  try {
    const lease = await client.find(LEASE, claim, call);
    if (lease !== undefined) notice(state, lease, clock.monotonic());
    else state.seen = undefined;
    const holder = lease?.spec?.holderIdentity ?? '';
    if (holder !== claim.identity && holder !== '') state.heldSince = undefined;
  } catch (error) {
    log.debug('Lease not read', { error });
  }
  return false;
}

/** Remembers a lease; its time begins anew only when it changed. */
function notice(state: ElectionState, lease: Lease, now: number): void {
  const same = state.seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
  state.seen = { lease, changedAt: same && state.seen !== undefined ? state.seen.changedAt : now };
}

/** Gives the lease back so that the next replica need not wait. Best effort: it runs out by itself. */
async function release(context: Context): Promise<void> {
  const { client, clock, claim, state, log } = context;
  const held = state.heldSince !== undefined;
  const before = state.seen?.lease;
  state.heldSince = undefined;
  if (!held || before === undefined) return;
  try {
    await client.replace(LEASE, releasedLease(claim, before, clock.now()), { timeoutMs: RETRY_PERIOD_MS });
  } catch (error) {
    log.debug('Lease not given back', { error });
  }
}

async function pause(context: Context, ms: number, signal: AbortSignal): Promise<void> {
  await context.clock.sleep(ms, signal).catch(() => undefined);
}
