import type { Condition } from './object.ts';

/** A condition as a plan states it: the time of the change is worked out when it is set. */
export type NextCondition = Omit<Condition, 'lastTransitionTime'>;

/** Milliseconds since the epoch as Kubernetes writes times: RFC 3339, UTC, whole seconds. */
export function formatTime(now: number): string {
  return new Date(now).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The same with microseconds, as Leases and Events want it (meta/v1 MicroTime). */
export function formatMicroTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * Sets one condition and leaves the others and their order alone. `lastTransitionTime` moves only with `status`, so that
 * it tells since when a state holds. Answers the same array if nothing changes: a status that is equal is not written.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: NextCondition,
  now: number,
): readonly Condition[] {
  const before = findCondition(conditions, next.type);
  const since = before?.status === next.status ? before.lastTransitionTime : formatTime(now);
  const after: Condition = { ...next, lastTransitionTime: since };
  if (conditions === undefined || before === undefined) return [...(conditions ?? []), after];
  const same =
    before.status === after.status &&
    before.reason === after.reason &&
    before.message === after.message &&
    before.observedGeneration === after.observedGeneration;
  return same ? conditions : conditions.map((condition) => (condition === before ? after : condition));
}
