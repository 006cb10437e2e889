import type { Clock } from './clock.ts';
import { onAbort } from './on-abort.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/** Turns of the event loop given to what a timer woke before the next timer fires. */
const TURNS_BETWEEN_TIMERS = 3;

/**
 * A Clock for tests: time stands still until `advance` turns the hands. Timers fire in the order they are due (those
 * due together in the order they were set), and what they wake runs before the next one fires, so that a loop of
 * sleeps inside the code under test is carried along by a single `advance`.
 */
export class FakeClock implements Clock {
  readonly #start: number;
  #elapsed = 0;
  #order = 0;
  #timers: Timer[] = [];

  /** Begins at `start` milliseconds since the epoch; by default 2026-01-01T00:00:00Z. */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.after(ms, () => {
        off();
        resolve();
      });
      const off = onAbort(signal, () => {
        cancel();
        reject(signal?.reason as Error);
      });
    });
  }

  after(ms: number, task: () => void): () => void {
    const timer: Timer = { due: this.#elapsed + Math.max(0, ms), order: this.#order++, run: task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers and sleeps that have not fired yet. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer; undefined if there is none. */
  get untilNext(): number | undefined {
    const next = this.#next(Infinity);
    return next === undefined ? undefined : next.due - this.#elapsed;
  }

  /** Turns the hands by `ms` and resolves when everything due by then has fired and what it woke had its turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#elapsed = Math.max(this.#elapsed, due.due);
      due.run();
      await settle();
    }
    this.#elapsed = end;
  }

  #next(end: number): Timer | undefined {
    return this.#timers
      .filter((timer) => timer.due <= end)
      .reduce<Timer | undefined>((best, timer) => {
        if (best === undefined) return timer;
        const earlier = timer.due < best.due || (timer.due === best.due && timer.order < best.order);
        return earlier ? timer : best;
      }, undefined);
  }
}

/** Lets promise chains that are ready run to their next wait. */
async function settle(): Promise<void> {
  for (let i = 0; i < TURNS_BETWEEN_TIMERS; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
