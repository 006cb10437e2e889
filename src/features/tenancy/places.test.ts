import { describe, expect, it } from 'vitest';
import { changedPlaces, placeOf, readPlace, settledPlaces, withCreation, type Seen } from './places.ts';

const seen = (more: Partial<Seen>): Seen => ({
  present: new Map(),
  absent: new Set(),
  isExpired: () => false,
  ...more,
});

describe('a place', () => {
  it('is named by what takes it', () => {
    const place = placeOf({ group: 'g.example', kind: 'Shop' }, { namespace: 'ns', name: 'a' });

    expect(place).toBe('g.example/Shop/ns/a');
    expect(readPlace(place)).toEqual({ service: 'g.example/Shop', ref: { namespace: 'ns', name: 'a' } });
  });

  it('is taken once for a creation that is asked about again', () => {
    const places = withCreation({}, 'p', 'u1');

    expect(withCreation(places, 'p', 'u1')).toBe(places);
    expect(withCreation(places, 'p', 'u2')).toEqual({ p: ['u1', 'u2'] });
  });
});

describe('places after a look', () => {
  it('are kept while a creation may still succeed', () => {
    expect(settledPlaces({ p: ['u1'] }, seen({ absent: new Set(['p']) }))).toEqual({ p: ['u1'] });
  });

  it('are given back when it can’t any more', () => {
    const over = { absent: new Set(['p']), isExpired: () => true };

    expect(settledPlaces({ p: ['u1'], q: [] }, seen(over))).toEqual({ q: [] });
  });

  it('are kept where nobody has looked into the API itself', () => {
    expect(settledPlaces({ p: ['u1'] }, seen({ isExpired: () => true }))).toEqual({ p: [] });
  });

  it('know one creation’s outcome and not that of another with its name', () => {
    const present = new Map([['p', 'u2']]);

    expect(settledPlaces({ p: ['u1', 'u2'] }, seen({ present }))).toEqual({ p: ['u1'] });
  });

  it('are taken by what was there before anybody counted', () => {
    expect(settledPlaces({}, seen({ present: new Map([['p', 'u1']]) }))).toEqual({ p: [] });
  });
});

describe('a change of places', () => {
  it('names only what differs', () => {
    expect(changedPlaces({ a: [], b: ['u'], c: ['u'] }, { b: [], c: ['u'], d: [] })).toEqual({
      a: null,
      b: [],
      d: [],
    });
    expect(changedPlaces({ a: ['u'] }, { a: ['u'] })).toBeUndefined();
  });
});
