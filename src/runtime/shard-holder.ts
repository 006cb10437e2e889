import type { Client } from '../client/client.ts';
import { LEASE, type Lease } from '../kube/builtin-kinds.ts';
import type { Clock } from '../lib/clock.ts';
import { createLeaderElection } from './leader-election.ts';
import { LeaseWatch, readFamily, replicaLeaseName, shardLeaseName } from './lease-family.ts';
import { heldLease, LEASE_DURATION_MS, RENEW_DEADLINE_MS, RETRY_PERIOD_MS } from './lease-record.ts';
import type { Log } from './log.ts';
import { dealShards } from './shards.ts';
import type { WriteLease } from './write-lease.ts';

/** Milliseconds without a sign of a replica after which its lease is removed: its pod is gone and takes that name never again. */
const REPLICA_DEAD_MS = 10 * 60_000;

/** What holding shards needs. */
export interface ShardHolderOptions {
  /** Not fenced: renewing is how the right to write comes about. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: string;
  readonly namespace: string;
  /** Name of the leader's lease; those of shards and replicas begin with it. */
  readonly leaseName: string;
  /** Over how many shards the work is divided. */
  readonly count: number;
}

/** Work on one shard, under its lease, until the signal aborts. */
export type ShardWork = (shard: number, lease: WriteLease, signal: AbortSignal) => Promise<void>;

/** One process's part in dividing the shards. */
export interface ShardHolder {
  /** Milliseconds since the loop last did something. */
  idleMs(): number;
  /**
   * Takes and gives away shards until the signal aborts, and works on those it holds. Each is given back once its
   * work has ended. Resolves with what ended it.
   */
  run(signal: AbortSignal, work: ShardWork): Promise<'stopped' | 'lost'>;
}

/** Takes part in dividing the shards by Leases: a fair share for each replica, none without need given away. */
export function createShardHolder(options: ShardHolderOptions): ShardHolder {
  const state: HolderState = {
    leases: new LeaseWatch(options.client, options.clock, options.namespace),
    terms: new Map(),
    own: undefined,
    activeAt: options.clock.monotonic(),
    lookedAt: -Infinity,
    disagreed: false,
  };
  return {
    idleMs: () => options.clock.monotonic() - state.activeAt,
    run: (signal, work) => new Holding(options, state, work).run(signal),
  };
}

interface HolderState {
  readonly leases: LeaseWatch;
  /** Shards that we hold, wait for, or are giving away. */
  readonly terms: Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>;
  /** The lease by which we say that we are there, as written last: renewing it is one call. */
  own: Lease | undefined;
  activeAt: number;
  /** Monotonic time of the last look at all leases: an older one is no reason to take a shard. */
  lookedAt: number;
  disagreed: boolean;
}

/** The time of one `run`. */
class Holding {
  readonly #options: ShardHolderOptions;
  readonly #state: HolderState;
  readonly #work: ShardWork;
  readonly #ended = new AbortController();
  #outcome: 'stopped' | 'lost' = 'stopped';
  #failure: { readonly error: unknown } | undefined;

  constructor(options: ShardHolderOptions, state: HolderState, work: ShardWork) {
    this.#options = options;
    this.#state = state;
    this.#work = work;
  }

  async run(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    const ending = AbortSignal.any([signal, this.#ended.signal]);
    while (!ending.aborted) {
      await this.#turn(ending);
      await this.#options.clock.sleep(RETRY_PERIOD_MS, ending).catch(() => undefined);
    }
    // First no member any more: the others then take the shards as they come free.
    await Promise.all([this.#leave(), ...[...this.#state.terms.values()].map(({ done }) => done)]);
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#outcome;
  }

  /** Says that we are there, looks who else is, and follows what that comes to. Never throws. */
  async #turn(ending: AbortSignal): Promise<void> {
    const { clock, log, identity } = this.#options;
    this.#state.activeAt = clock.monotonic();
    try {
      // In this order: see `readFamily`.
      await this.#sayThere();
      const { holding, dead } = await this.#state.leases.look(RENEW_DEADLINE_MS, REPLICA_DEAD_MS);
      this.#state.lookedAt = clock.monotonic();
      const seen = readFamily(holding, this.#options);
      this.#noteAgreement(seen.agreed);
      const dealt = seen.agreed ? dealShards(seen) : new Map<number, string>();
      if (!ending.aborted)
        this.#follow(new Set([...dealt].flatMap(([shard, to]) => (to === identity ? [shard] : []))), ending);
      await this.#removeDead(dead.map(({ metadata }) => metadata));
    } catch (error) {
      log.debug('Shards not looked at', { error });
    }
  }

  #noteAgreement(agreed: boolean): void {
    if (!agreed && !this.#state.disagreed)
      this.#options.log.warn(
        'Other replicas divide the work by another number of shards: waiting for them to go',
        {
          shards: this.#options.count,
        },
      );
    this.#state.disagreed = !agreed;
  }

  #follow(wanted: ReadonlySet<number>, ending: AbortSignal): void {
    for (const [shard, { abort }] of this.#state.terms) if (!wanted.has(shard)) abort.abort();
    for (const shard of wanted) if (!this.#state.terms.has(shard)) this.#begin(shard, ending);
  }

  #begin(shard: number, ending: AbortSignal): void {
    const { clock, count, leaseName } = this.#options;
    const log = this.#options.log.child({ shard });
    const election = createLeaderElection({
      ...this.#options,
      log,
      leaseName: shardLeaseName(leaseName, shard),
      shards: count,
      seen: this.#state.leases.seen(shardLeaseName(leaseName, shard)),
      mayTry: () => clock.monotonic() - this.#state.lookedAt < RENEW_DEADLINE_MS,
    });
    const abort = new AbortController();
    const done = election
      .run(AbortSignal.any([ending, abort.signal]), (leading) => this.#work(shard, election.lease, leading))
      .then(
        (outcome) => {
          if (outcome !== 'lost') return;
          this.#outcome = 'lost';
          this.#ended.abort();
        },
        (error: unknown) => {
          this.#failure = { error };
          this.#ended.abort();
        },
      )
      .finally(() => this.#state.terms.delete(shard));
    this.#state.terms.set(shard, { abort, done });
  }

  get #ownLease(): { readonly namespace: string; readonly name: string } {
    const { namespace, leaseName, identity } = this.#options;
    return { namespace, name: replicaLeaseName(leaseName, identity) };
  }

  async #sayThere(): Promise<void> {
    const { client, clock, identity, count } = this.#options;
    const claim = { ...this.#ownLease, identity, durationMs: LEASE_DURATION_MS, shards: count };
    const timeoutMs = RENEW_DEADLINE_MS;
    // Nobody else writes it, but it may have been removed, or be left from a process before us in this pod.
    const before = this.#state.own ?? (await client.find(LEASE, this.#ownLease, { timeoutMs }));
    this.#state.own = undefined;
    const wanted = heldLease(claim, before, clock.now());
    this.#state.own =
      before === undefined
        ? await client.create(LEASE, wanted, { timeoutMs })
        : await client.replace(LEASE, wanted, { timeoutMs });
  }

  /** Best effort: it runs out by itself. */
  async #leave(): Promise<void> {
    const { client, log } = this.#options;
    try {
      await client.delete(LEASE, this.#ownLease, { timeoutMs: RETRY_PERIOD_MS });
    } catch (error) {
      log.debug('Own lease not removed', { error });
    }
  }

  async #removeDead(
    dead: readonly { readonly name: string; readonly uid?: string; readonly resourceVersion?: string }[],
  ): Promise<void> {
    const { client, namespace, leaseName } = this.#options;
    for (const { name, uid, resourceVersion } of dead) {
      if (!name.startsWith(replicaLeaseName(leaseName, ''))) continue;
      if (uid === undefined || resourceVersion === undefined) continue;
      // One that was renewed at last is another version.
      await client.delete(LEASE, { namespace, name }, { uid, resourceVersion, timeoutMs: RETRY_PERIOD_MS });
    }
  }
}
