import type { Clock } from './clock.ts';

/** How long and how often to look. */
export interface WaitOptions {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly within: number;
  /** Milliseconds between two looks. */
  readonly every: number;
  readonly signal?: AbortSignal | undefined;
}

/** Looks until `probe` answers something, and answers that; undefined when the time is over. */
export async function waitUntil<T>(
  probe: () => Promise<T | undefined>,
  { clock, within, every, signal }: WaitOptions,
): Promise<T | undefined> {
  const deadline = clock.monotonic() + within;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (clock.monotonic() >= deadline) return undefined;
    await clock.sleep(every, signal);
  }
}
