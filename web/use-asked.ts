import { useCallback, useEffect, useRef, useState } from 'react';
import { Refused } from './api.ts';

/** What was asked: the last answer, and what went wrong since. */
export interface Asked<T> {
  readonly answer: T | undefined;
  readonly failure: Refused | undefined;
  readonly again: () => void;
}

/** Asks when `key` changes and then every `everyMs` while the page can be seen. An answer that comes too late is dropped. */
export function useAsked<T>(key: string, question: () => Promise<T>, everyMs?: number): Asked<T> {
  const [state, setState] = useState<{ key: string; answer?: T; failure?: Refused }>({ key });
  const [turn, setTurn] = useState(0);
  const latest = useRef(question);
  latest.current = question;
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const answer = await latest.current();
        if (!over) setState({ key, answer });
      } catch (error) {
        const failure =
          error instanceof Refused
            ? error
            : new Refused({ message: String(error), code: 'Failed', causes: [] });
        if (!over) setState((before) => (before.key === key ? { ...before, failure } : { key, failure }));
      }
      if (!over && everyMs !== undefined) timer = globalThis.setTimeout(next, everyMs);
    };
    const next = (): void => {
      if (document.visibilityState === 'visible') void ask();
      else timer = globalThis.setTimeout(next, everyMs);
    };
    void ask();
    return () => {
      over = true;
      globalThis.clearTimeout(timer);
    };
  }, [key, turn, everyMs]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const isCurrent = state.key === key;
  return {
    answer: isCurrent ? state.answer : undefined,
    failure: isCurrent ? state.failure : undefined,
    again,
  };
}
