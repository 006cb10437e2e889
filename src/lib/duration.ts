const SECOND = 1000;
const UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
};

/** What `parseDuration` reads, as a pattern for schemas: `14d`, `36h`, `1h30m`. */
export const DURATION_PATTERN = '^([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$';

/** Milliseconds of a duration as people write it: days, hours, minutes, seconds, largest first. Undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !new RegExp(DURATION_PATTERN).test(text)) return undefined;
  return [...text.matchAll(/(\d+)([dhms])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}

/** A duration in its two largest units: `3d4h`, `5m10s`, `12s`. */
export function formatDuration(ms: number): string {
  const units = Object.entries(UNITS).reverse();
  let rest = Math.floor(ms / SECOND) * SECOND;
  const parts = units.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return { unit, count };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  const shown = first < 0 ? [] : parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.length === 0 ? '0s' : shown.map(({ unit, count }) => `${count}${unit}`).join('');
}
