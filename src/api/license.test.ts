import { describe, expect, it } from 'vitest';
import { endOfDay, licenseDenial, readLicense } from './license.ts';

const read = (annotations: Record<string, string>) => readLicense({ name: 'shop-license', annotations });

describe('readLicense', () => {
  it('reads both terms, and neither', () => {
    expect(read({ allowed_instances: '2', expiry: '12/31/2026' })).toEqual({
      allowedInstances: 2,
      expiry: '12/31/2026',
    });
    expect(read({})).toEqual({ allowedInstances: undefined, expiry: undefined });
  });

  it.each([
    [{ allowed_instances: 'many' }, /allowed_instances.*"many" is no number/],
    [{ allowed_instances: '-1' }, /is no number/],
    [{ expiry: '2026-12-31' }, /expiry.*"2026-12-31" is no date/],
    [{ expiry: '06/31/2026' }, /is no date/],
  ])('allows nothing by %j', (annotations, message) => {
    expect(read(annotations)).toMatch(message);
  });
});

describe('licenseDenial', () => {
  const at = Date.UTC(2026, 11, 31, 23, 59);
  const denial = (allowedInstances: number | undefined, expiry: string | undefined, now = at) =>
    licenseDenial({ allowedInstances, expiry }, 'Shop', 2, now);

  it.each([
    [3, undefined, undefined],
    [undefined, '12/31/2026', undefined],
    [2, undefined, 'Allowed number of instances reached. Update license for Shop and then re-try.'],
    [
      undefined,
      '12/30/2026',
      'License expired (expiry date):12/30/2026. Update license for Shop and then re-try.',
    ],
    [
      0,
      '1/1/2026',
      'Allowed number of instances reached. License expired (expiry date):1/1/2026. Update license for Shop and then re-try.',
    ],
  ])('of %s instances until %s says %s', (allowed, expiry, text) => {
    expect(denial(allowed, expiry)).toBe(text);
  });

  it('comes with the first moment after the last day', () => {
    expect(denial(undefined, '12/31/2026', Date.UTC(2027, 0, 1) - 1)).toBeUndefined();
    expect(denial(undefined, '12/31/2026', Date.UTC(2027, 0, 1))).toBeDefined();
  });
});

describe('endOfDay', () => {
  it.each(['02/30/2026', '13/01/2026', '0/1/2026', '1/1/26', 'tomorrow', ''])('knows no day %s', (text) => {
    expect(endOfDay(text)).toBeUndefined();
  });
});
