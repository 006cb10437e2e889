import { backoffMs, type BackoffShape } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Nft } from './nft-command.ts';
import { replaceScript, updateScript } from './nft-script.ts';
import type { NftTable } from './nft-table.ts';

/** Quiet time after the last change before rules are computed: a rollout changes many pods within a few milliseconds. */
const QUIET_MS = 20;

/** A steady stream of changes is not waited out longer than this. */
const LATEST_MS = 100;

/** Waits after the kernel refused: short, because until then old rules are in force. */
const RETRY: BackoffShape = { baseMs: 100, maxMs: 5_000 };

/** What a sync needs: where rules come from and where they go. */
export interface PolicySyncOptions {
  /** The table as it should be now. Pure and quick: reads stores. */
  readonly compute: () => NftTable;
  readonly nft: Nft;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiter {
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps the kernel's rules equal to what the stores say. Changes are gathered for a moment, then one transaction
 * brings the difference; only one runs at a time. When one fails, nobody knows what the kernel has, so the next
 * replaces the whole table. Rules stay in force when the process ends: a restarted agent replaces them without a gap.
 */
export class PolicySync {
  readonly #options: PolicySyncOptions;
  /** What the kernel has; undefined: unknown, replace everything. */
  #current: NftTable | undefined;
  #touches = 0;
  #applied = 0;
  #failures = 0;
  #running = false;
  #stopped = false;
  #firstTouchAt: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #waiters: Waiter[] = [];

  constructor(options: PolicySyncOptions) {
    this.#options = options;
  }

  /** Something changed: rules follow after a short quiet. */
  touch(): void {
    this.#touches += 1;
    const now = this.#options.clock.monotonic();
    this.#firstTouchAt ??= now;
    this.#schedule(Math.max(0, Math.min(QUIET_MS, this.#firstTouchAt + LATEST_MS - now)));
  }

  /** Computes at once; resolves when rules at least as new as this call are in force, rejects if the kernel refuses. */
  settle(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) {
        reject(new Error('the network policy agent is stopping'));
        return;
      }
      this.#touches += 1;
      this.#waiters.push({ since: this.#touches, resolve, reject });
      this.#schedule(0);
    });
  }

  /** Starts nothing more and turns away who waits. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#turnAway(new Error('the network policy agent is stopping'));
  }

  #schedule(ms: number): void {
    // The round that runs looks at #touches when it ends.
    if (this.#running || this.#stopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(ms, () => {
      void this.#round();
    });
  }

  /** One computation and at most one transaction. Never throws. */
  async #round(): Promise<void> {
    const upTo = this.#touches;
    this.#running = true;
    this.#firstTouchAt = undefined;
    try {
      await this.#bring();
      this.#applied = upTo;
      this.#failures = 0;
      this.#release(upTo);
    } catch (error) {
      this.#current = undefined;
      this.#failures += 1;
      this.#options.log.error('network policies could not be put in force', {
        error,
        failures: this.#failures,
      });
      this.#turnAway(error);
    }
    this.#running = false;
    if (this.#failures > 0) this.#schedule(backoffMs(this.#failures, RETRY));
    else if (this.#touches > this.#applied) this.#schedule(this.#waiters.length > 0 ? 0 : QUIET_MS);
  }

  async #bring(): Promise<void> {
    const { clock, compute, log, nft } = this.#options;
    const began = clock.monotonic();
    const next = compute();
    const script = this.#current === undefined ? replaceScript(next) : updateScript(this.#current, next);
    const computed = clock.monotonic();
    if (script !== '') await nft(script);
    this.#current = next;
    if (script === '') return;
    log.debug('network policies are in force', {
      computeMs: Math.round(computed - began),
      kernelMs: Math.round(clock.monotonic() - computed),
      bytes: script.length,
    });
  }

  #release(upTo: number): void {
    const done = this.#waiters.filter((waiter) => waiter.since <= upTo);
    this.#waiters = this.#waiters.filter((waiter) => waiter.since > upTo);
    for (const waiter of done) waiter.resolve();
  }

  #turnAway(error: unknown): void {
    const all = this.#waiters;
    this.#waiters = [];
    for (const waiter of all) waiter.reject(error);
  }
}
