import type { FakeClock } from '../../src/lib/fake-clock.ts';
import type { Store } from '../fakeapi/store.ts';
import { turn } from './memory-transport.ts';

/** Turns of the event loop without any sign of life after which everybody waits for the clock. */
const QUIET_TURNS = 8;
/** Turns in which everybody must have come to rest or wait for the clock: a hundred times what the longest story takes. */
const MAX_TURNS = 50_000;
/** Milliseconds for which nothing may change before the end state counts as one. */
const REST_MS = 5_000;
/** Milliseconds in which everything must have come to its end: several of the longest waits of the product. */
const PATIENCE_MS = 20 * 60_000;

export interface Simulated {
  readonly clock: FakeClock;
  readonly store: Store;
  /** Grows with everything that happens besides changes of the store. */
  readonly activity: () => number;
  /** Changes of the store so far, but for leases, which are renewed for ever. */
  readonly changes: () => number;
}

/** Lets everything run that needs no clock. Rejects if that has no end: two who undo each other's work for ever. */
export async function breathe({ store, activity }: Simulated): Promise<void> {
  let quiet = 0;
  let turns = 0;
  for (let last = -1; quiet < QUIET_TURNS; quiet += 1) {
    turns += 1;
    if (turns > MAX_TURNS) throw new Error(`no rest after ${MAX_TURNS} turns of the event loop`);
    const now = activity() + store.version;
    if (now !== last) quiet = 0;
    last = now;
    await turn();
  }
}

/**
 * Turns the clock from timer to timer until `isDone` holds and nothing has changed for a while. Answers how long it took
 * on that clock until it was done for good. Rejects with `what` if that does not come.
 */
export async function drive(what: string, simulated: Simulated, isDone: () => boolean): Promise<number> {
  const { clock, changes } = simulated;
  const begin = clock.monotonic();
  let restSince = begin;
  for (let version = -1; ;) {
    await breathe(simulated);
    const now = clock.monotonic();
    if (!isDone() || changes() !== version) restSince = now;
    version = changes();
    if (now - restSince >= REST_MS && isDone()) return restSince - begin;
    if (now - begin > PATIENCE_MS)
      throw new Error(`${what}: not at its end after ${PATIENCE_MS / 60_000} min`);
    await clock.advance(Math.min(clock.untilNext ?? REST_MS, REST_MS));
  }
}
