import { describe, expect, it } from 'vitest';
import { findCondition, formatTime, setCondition } from './conditions.ts';
import type { Condition } from './object.ts';

const T0 = Date.UTC(2026, 0, 1, 12);
const ready = (status: Condition['status'], message = 'm'): Omit<Condition, 'lastTransitionTime'> => ({
  type: 'Ready',
  status,
  reason: 'R',
  message,
});

describe('setCondition', () => {
  it('stamps a new condition in whole seconds and appends it', () => {
    const other: Condition = { ...ready('True'), type: 'Other', lastTransitionTime: 'x' };

    const conditions = setCondition([other], ready('False'), T0 + 789);

    expect(conditions).toEqual([other, { ...ready('False'), lastTransitionTime: '2026-01-01T12:00:00Z' }]);
  });

  it('keeps the time when only the message changes', () => {
    const before = setCondition(undefined, ready('False', 'one'), T0);

    const after = setCondition(before, ready('False', 'two'), T0 + 60_000);

    expect(after).toEqual([{ ...ready('False', 'two'), lastTransitionTime: '2026-01-01T12:00:00Z' }]);
  });

  it('moves the time when the status changes', () => {
    const before = setCondition(undefined, ready('False'), T0);

    const after = setCondition(before, ready('True'), T0 + 60_000);

    expect(findCondition(after, 'Ready')?.lastTransitionTime).toBe('2026-01-01T12:01:00Z');
  });

  it('answers the very same array if nothing changes', () => {
    const before = setCondition(undefined, { ...ready('True'), observedGeneration: 3 }, T0);

    expect(setCondition(before, { ...ready('True'), observedGeneration: 3 }, T0 + 1)).toBe(before);
    expect(setCondition(before, { ...ready('True'), observedGeneration: 4 }, T0 + 1)).not.toBe(before);
  });
});

describe('formatTime', () => {
  it('cuts milliseconds off', () => {
    expect(formatTime(T0 + 999)).toBe('2026-01-01T12:00:00Z');
  });
});
