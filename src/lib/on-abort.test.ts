import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from './on-abort.ts';

describe('onAbort', () => {
  it('calls when the signal aborts, at once if it has', () => {
    const stop = new AbortController();
    let calls = 0;
    const count = (): void => void (calls += 1);
    onAbort(stop.signal, count);

    stop.abort();
    onAbort(stop.signal, count);

    expect(calls).toBe(2);
  });

  it('leaves no listener behind', () => {
    const stop = new AbortController();
    const offs = Array.from({ length: 50 }, () => onAbort(stop.signal, () => undefined));
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(50);

    for (const off of offs) off();

    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });
});
