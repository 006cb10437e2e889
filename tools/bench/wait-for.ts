import { systemClock } from '../../src/lib/clock.ts';
import { waitUntil } from '../../src/lib/wait-until.ts';

const LOOK_MS = 100;

/** Looks until `probe` answers something; fails with what was waited for. */
export async function waitFor<T>(
  what: string,
  withinMs: number,
  probe: () => Promise<T | undefined>,
  everyMs = LOOK_MS,
): Promise<T> {
  const found = await waitUntil(probe, { clock: systemClock, within: withinMs, every: everyMs });
  if (found === undefined) throw new Error(`not within ${Math.round(withinMs / 1000)} s: ${what}`);
  return found;
}

/** Sleeps, for what is measured over a time. */
export const pause = (ms: number): Promise<void> => systemClock.sleep(ms);
