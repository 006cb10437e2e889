import { describe, expect, it } from 'vitest';
import { restoringMs } from './restoring.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const plane = (until?: string) => ({
  metadata: {
    name: 'a',
    ...(until === undefined ? {} : { annotations: { 'tenantry.dev/restoring-until': until } }),
  },
});

describe('the rest of controllers during a restore', () => {
  it.each<[string, string | undefined, number]>([
    ['is none where nothing is restored', undefined, 0],
    ['lasts until the time that is named', '2026-01-01T00:01:00.000Z', 60_000],
    ['is over when the time is', '2025-12-31T23:59:59Z', 0],
    ['is none for what is no time', 'soon', 0],
    ['is none for a time that no restore takes', '2026-01-02T00:00:00Z', 0],
  ])('%s', (_what, until, ms) => {
    expect(restoringMs(plane(until), NOW)).toBe(ms);
  });
});
