import { CALL_FAULTS, isWriteFault, type CallFaultName } from './call-faults.ts';
import { EVENT_FAULTS, type EventFault } from './event-faults.ts';
import type { FaultScript } from './interceptor.ts';
import { LAST_WRITES, type LastWrites } from './rivals.ts';
import type { Ending } from './run-story.ts';

/** What goes wrong in one run of a story: one fault at one place, or several drawn by a seed. */
export type Case =
  | { readonly story: string; readonly at: 'call'; readonly n: number; readonly fault: CallFaultName }
  | { readonly story: string; readonly at: 'event'; readonly n: number; readonly fault: EventFault }
  | { readonly story: string; readonly at: 'seed'; readonly n: number }
  /** The lease is lost with the n-th write under way. */
  | { readonly story: string; readonly at: LastWrites; readonly n: number }
  /** Two leaders from beginning to end. */
  | { readonly story: string; readonly at: 'both'; readonly n: number };

/** What goes wrong on the way to and from one process. */
export type FaultCase = Extract<Case, { readonly at: 'call' | 'event' | 'seed' }>;

/** The name of a case: what a failing test prints, and what replays it. */
export function nameOf(one: Case): string {
  const { story, at, n } = one;
  return 'fault' in one ? `${story}/${at}/${n}/${one.fault}` : `${story}/${at}/${n}`;
}

// True: they are its keys.
const CALL_FAULT_NAMES = Object.keys(CALL_FAULTS) as CallFaultName[];

/** The case of a name. Throws for what is none. */
export function caseOf(name: string): Case {
  const [story = '', at, number, fault] = name.split('/');
  const n = Number(number);
  const onCall = CALL_FAULT_NAMES.find((one) => one === fault);
  const onEvent = EVENT_FAULTS.find((one) => one === fault);
  if (Number.isInteger(n)) {
    if (at === 'seed' || at === 'both') return { story, at, n };
    const last = LAST_WRITES.find((one) => one === at);
    if (last !== undefined) return { story, at: last, n };
    if (at === 'call' && onCall !== undefined) return { story, at, n, fault: onCall };
    if (at === 'event' && onEvent !== undefined) return { story, at, n, fault: onEvent };
  }
  throw new Error(
    `${name} is no case; one is STORY/call|event/NUMBER/FAULT or STORY/seed|both|${LAST_WRITES.join('|')}/NUMBER`,
  );
}

/** The script of a case; a new one for every run. */
export function scriptOf(one: FaultCase): FaultScript {
  switch (one.at) {
    case 'call':
      return { call: ({ n }) => (n === one.n ? CALL_FAULTS[one.fault] : undefined) };
    case 'event':
      return { event: ({ n }) => (n === one.n ? one.fault : undefined) };
    case 'seed':
      return drawnScript(one.n);
  }
}

/** Calls and events of a hundred that something happens to, and how often at most in a run. */
const PERCENT = 6;
const MAX_FAULTS = 5;

function drawnScript(seed: number): FaultScript {
  const random = randomOf(seed);
  let left = MAX_FAULTS;
  const drawn = <T>(from: readonly T[]): T | undefined => {
    const hit = random() * 100 < PERCENT && left > 0;
    if (hit) left -= 1;
    return hit ? from[Math.floor(random() * from.length)] : undefined;
  };
  return {
    call: () => {
      const fault = drawn(CALL_FAULT_NAMES);
      return fault && CALL_FAULTS[fault];
    },
    event: () => drawn(EVENT_FAULTS),
  };
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Every fault at every call and event of a story as it goes when nothing is wrong. */
export function allCases(story: string, calm: Ending): Case[] {
  const calls = calm.calls.flatMap(({ n, isWrite }) =>
    CALL_FAULT_NAMES.filter((fault) => isWrite || !isWriteFault(CALL_FAULTS[fault])).map((fault): Case => ({
      story,
      at: 'call',
      n,
      fault,
    })),
  );
  const events = Array.from({ length: calm.watched }, (_, index) =>
    EVENT_FAULTS.map((fault): Case => ({ story, at: 'event', n: index + 1, fault })),
  );
  return [...calls, ...events.flat()];
}

/** The lease lost at each write, with each fate of what is under way; and two leaders at once. */
export function rivalCases(story: string, calm: Ending): Case[] {
  const writes = calm.calls.filter(({ isWrite }) => isWrite).length;
  const lost = LAST_WRITES.flatMap((at) =>
    Array.from({ length: writes }, (_, index): Case => ({ story, at, n: index + 1 })),
  );
  return [...lost, { story, at: 'both', n: 1 }];
}

/** The process killed around each of its writes: a death between two writes is one before the second of them. */
export function killCases(story: string, calm: Ending): Case[] {
  return calm.calls
    .filter(({ isWrite }) => isWrite)
    .flatMap(({ n }) =>
      (['kill-before', 'kill-after'] as const).map((fault): Case => ({ story, at: 'call', n, fault })),
    );
}
