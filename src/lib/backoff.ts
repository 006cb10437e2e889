/** How waits between attempts grow. All times in milliseconds. */
export interface BackoffShape {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Growth a failure; 2 if not given. */
  readonly factor?: number;
  /** Share of the wait that is random (0 to 1), so that many clients do not come back together; 0.2 if not given. */
  readonly jitter?: number;
}

/**
 * The wait before the next attempt after `failures` failures (1 or more): exponential, capped, then jittered
 * downwards, so that the cap is never exceeded. `random` yields numbers in [0, 1).
 */
export function backoffMs(failures: number, shape: BackoffShape, random: () => number = () => 0): number {
  const growth = (shape.factor ?? 2) ** Math.max(0, failures - 1);
  const full = Math.min(shape.maxMs, shape.baseMs * growth);
  return Math.round(full * (1 - (shape.jitter ?? 0.2) * random()));
}
