import { describe, expect, it } from 'vitest';
import type { Term } from './controller-loop.ts';
import { silentLog, type Log } from './log.ts';
import { createTaskLoop } from './task-loop.ts';

// Never looked into: a task works without the term's client.
const term = (): Term => ({}) as Term;

describe('a task', () => {
  it('runs for as long as its term, and again in the next one', async () => {
    const seen: string[] = [];
    const run = async (signal: AbortSignal): Promise<void> => {
      seen.push('begin');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      seen.push('end');
    };
    const loop = createTaskLoop({ name: 'usage', placement: 'leader', run }, silentLog);
    const [first, second] = [term(), term()];

    loop.start(first);
    loop.start(first);
    await loop.stop(first);
    loop.start(second);
    await loop.close();

    expect(seen).toEqual(['begin', 'end', 'begin', 'end']);
  });

  it('tells the log what it dies of, but not that it was ended', async () => {
    const errors: unknown[] = [];
    const log: Log = { ...silentLog, error: (_message, fields) => void errors.push(fields) };
    const failing = createTaskLoop(
      { name: 'usage', placement: 'leader', run: () => Promise.reject(new Error('broken')) },
      log,
    );
    const ended = createTaskLoop(
      {
        name: 'other',
        placement: 'leader',
        run: (signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(new Error('aborted'))),
          ),
      },
      log,
    );
    const now = term();

    for (const loop of [failing, ended]) loop.start(now);
    await Promise.resolve();
    await Promise.resolve();
    for (const loop of [failing, ended]) await loop.stop(now);

    expect(errors).toMatchObject([{ task: 'usage', error: { message: 'broken' } }]);
  });
});
