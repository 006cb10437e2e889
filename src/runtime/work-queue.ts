import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';

/** First wait after a failure: short, because most failures are conflicts that the next look resolves. */
const RETRY_BASE_MS = 5;
/** Longest wait between attempts: an operator's user should see a repaired cause noticed within minutes. */
const RETRY_MAX_MS = 5 * 60_000;

/** Settings of a queue. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Milliseconds of the longest back-off; 5 minutes if not given. */
  readonly maxRetryMs?: number;
}

/**
 * Keys that wait to be looked at. The rules are those of client-go's work queue:
 *
 * - A key waits at most once, however often it is added; keys come out in the order they were added first.
 * - A key that is in work is given to nobody else. Added meanwhile it is *dirty* and waits again, at the end, once it is done.
 * - A delayed key counts as added when its time has come; of two delays the earlier one holds.
 * - `retry` delays by 5 ms, 10 ms, 20 ms … a key; `forget` begins anew.
 * - After `stop` nothing is added or given out; it resolves when the keys in work are done.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #maxRetryMs: number;
  #waiting: string[] = [];
  /** Index of the first key of `#waiting` not given out: taking is O(1), the array is cut now and then. */
  #head = 0;
  readonly #queued = new Set<string>();
  readonly #working = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, { readonly due: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #stopped = false;
  #onIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#maxRetryMs = options.maxRetryMs ?? RETRY_MAX_MS;
  }

  /** Keys that could be taken now. */
  get depth(): number {
    return this.#waiting.length - this.#head;
  }

  /** Keys that were taken and are not done. */
  get working(): number {
    return this.#working.size;
  }

  /** Keys whose time has not come. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** Has the key looked at as soon as a worker is free. */
  add(key: string): void {
    if (this.#stopped || this.#queued.has(key) || this.#dirty.has(key)) return;
    if (this.#working.has(key)) {
      this.#dirty.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      this.#working.add(key);
      taker(key);
      return;
    }
    this.#queued.add(key);
    this.#waiting.push(key);
  }

  /** Adds the key in `ms` milliseconds, or earlier if it is delayed for less already. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const due = this.#clock.monotonic() + ms;
    const present = this.#delayed.get(key);
    if (present !== undefined && present.due <= due) return;
    present?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { due, cancel });
  }

  /** Drops a delayed look: what is being looked at now decides anew when to look again. */
  cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /** Counts a failure of the key and delays it accordingly; answers the milliseconds. */
  retry(key: string): number {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    // No jitter: keys are many and fail at different moments; what must not come back together are processes.
    const ms = backoffMs(failures, { baseMs: RETRY_BASE_MS, maxMs: this.#maxRetryMs, jitter: 0 });
    this.addAfter(key, ms);
    return ms;
  }

  /** How often the key failed since it was forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded or is gone: the next failure waits shortly again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, now in work until `done`; waits for one. Undefined after `stop`. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    const key = this.#waiting[this.#head];
    if (key === undefined) return new Promise((resolve) => this.#takers.push(resolve));
    this.#head += 1;
    // Half of the array is given out: cut it. Each key is moved at most once per doubling.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#queued.delete(key);
    this.#working.add(key);
    return Promise.resolve(key);
  }

  /** A key in work begins anew: whatever added it until now is seen by what follows. */
  restart(key: string): void {
    this.#dirty.delete(key);
  }

  /** Gives a taken key back; if it was added meanwhile it waits again. */
  done(key: string): void {
    if (!this.#working.delete(key)) return;
    if (this.#dirty.delete(key)) this.add(key);
    if (this.#working.size === 0) this.#becomeIdle();
  }

  /** Drops everything that waits, answers waiting takers with undefined and resolves when no key is in work. */
  stop(): Promise<void> {
    this.#stopped = true;
    for (const delayed of this.#delayed.values()) delayed.cancel();
    this.#delayed.clear();
    this.#dirty.clear();
    this.#queued.clear();
    this.#waiting = [];
    this.#head = 0;
    for (const taker of this.#takers.splice(0)) taker(undefined);
    if (this.#working.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #becomeIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
