import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../lib/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

describe('WorkQueue', () => {
  it('gives a key to one worker however often it was added', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    queue.add('a');
    queue.add('a');

    expect(await queue.take()).toBe('a');
    expect(queue.depth).toBe(0);
  });

  it('gives a key that was added while in work again, after the others', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('b');
    expect(queue.depth).toBe(1);

    queue.done('a');

    expect(await queue.take()).toBe('b');
    expect(await queue.take()).toBe('a');
  });

  it('hands a key to a worker that waits', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const taken = queue.take();
    queue.add('a');

    expect(await taken).toBe('a');
    expect(queue.working).toBe(1);
  });

  it('keeps the earlier of two delays', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    queue.addAfter('a', 1000);
    queue.addAfter('a', 100);
    queue.addAfter('a', 5000);

    await clock.advance(100);

    expect(queue.depth).toBe(1);
    expect(queue.delayed).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('doubles the wait of a key that fails, up to the cap, until it is forgotten', async () => {
    const queue = new WorkQueue({ clock: new FakeClock(), maxRetryMs: 30 });

    const waits = [1, 2, 3, 4, 5].map(() => queue.retry('a'));
    queue.forget('a');

    expect(waits).toEqual([5, 10, 20, 30, 30]);
    expect(queue.retry('a')).toBe(5);
    expect(queue.retry('b')).toBe(5);
  });

  it('never waits longer than five minutes by default', () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    let last = 0;
    for (let i = 0; i < 100; i += 1) last = queue.retry('a');

    expect(last).toBe(300_000);
  });

  it('stops: waiting keys are dropped, takers are answered, keys in work are waited for', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    await queue.take();
    const waitingKeys: (string | undefined)[] = [];
    let stopped = false;

    const stop = queue.stop().then(() => (stopped = true));
    waitingKeys.push(await queue.take());
    await clock.advance(20);
    expect(stopped).toBe(false);
    queue.add('d');
    queue.done('a');
    await stop;

    expect(waitingKeys).toEqual([undefined]);
    expect(queue.depth).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('answers workers that wait when it stops', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const takes = [queue.take(), queue.take()];
    await queue.stop();

    expect(await Promise.all(takes)).toEqual([undefined, undefined]);
  });

  it('keeps the order and is not slow with many keys', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    for (let i = 0; i < 20_000; i += 1) queue.add(`k${i}`);
    for (let i = 0; i < 20_000; i += 1) {
      expect(await queue.take()).toBe(`k${i}`);
      queue.done(`k${i}`);
    }
  });
});

/** What the queue should be, said as plainly as possible. */
interface Model {
  waiting: string[];
  working: Set<string>;
  dirty: Set<string>;
  delayed: Map<string, number>;
  failures: Map<string, number>;
  now: number;
}

function modelAdd(model: Model, key: string): void {
  if (model.waiting.includes(key)) return;
  if (model.working.has(key)) model.dirty.add(key);
  else model.waiting.push(key);
}

function modelAddAfter(model: Model, key: string, ms: number): void {
  const due = model.now + ms;
  model.delayed.set(key, Math.min(due, model.delayed.get(key) ?? Infinity));
}

interface Real {
  queue: WorkQueue;
  clock: FakeClock;
}

type Command = fc.AsyncCommand<Model, Real>;

function command(
  name: string,
  run: (model: Model, real: Real) => Promise<void> | void,
  check?: (model: Model) => boolean,
): Command {
  return {
    check: (model) => check?.(model) ?? true,
    run: async (model, real) => {
      await run(model, real);
      expect(real.queue.depth).toBe(model.waiting.length);
      expect(real.queue.working).toBe(model.working.size);
      expect(real.queue.delayed).toBe(model.delayed.size);
    },
    toString: () => name,
  };
}

const key = fc.constantFrom('a', 'b', 'c', 'd');
const commands = [
  key.map((k) =>
    command(`add ${k}`, (model, { queue }) => {
      modelAdd(model, k);
      queue.add(k);
    }),
  ),
  fc.tuple(key, fc.integer({ min: 1, max: 50 })).map(([k, ms]) =>
    command(`addAfter ${k} ${ms}`, (model, { queue }) => {
      modelAddAfter(model, k, ms);
      queue.addAfter(k, ms);
    }),
  ),
  key.map((k) =>
    command(`retry ${k}`, (model, { queue }) => {
      const failures = (model.failures.get(k) ?? 0) + 1;
      model.failures.set(k, failures);
      modelAddAfter(model, k, Math.min(5 * 2 ** (failures - 1), 40));
      expect(queue.failures(k)).toBe(failures - 1);
      queue.retry(k);
    }),
  ),
  key.map((k) =>
    command(`forget ${k}`, (model, { queue }) => {
      model.failures.delete(k);
      queue.forget(k);
    }),
  ),
  key.map((k) =>
    command(`cancelDelay ${k}`, (model, { queue }) => {
      model.delayed.delete(k);
      queue.cancelDelay(k);
    }),
  ),
  fc.constant(
    command(
      'take',
      async (model, { queue }) => {
        const expected = model.waiting.shift();
        if (expected !== undefined) model.working.add(expected);
        expect(await queue.take()).toBe(expected);
      },
      (model) => model.waiting.length > 0,
    ),
  ),
  key.map((k) =>
    command(`done ${k}`, (model, { queue }) => {
      if (model.working.delete(k) && model.dirty.delete(k)) model.waiting.push(k);
      queue.done(k);
    }),
  ),
  fc.integer({ min: 1, max: 60 }).map((ms) =>
    command(
      `advance ${ms}`,
      async (model, { clock }) => {
        model.now += ms;
        const due = [...model.delayed].filter(([, at]) => at <= model.now).sort((a, b) => a[1] - b[1]);
        // Two keys due together come in the order their timers were set, which the model does not know: leave those out.
        for (const [k] of due) {
          model.delayed.delete(k);
          modelAdd(model, k);
        }
        await clock.advance(ms);
      },
      (model) => new Set(model.delayed.values()).size === model.delayed.size,
    ),
  ),
];

describe('WorkQueue against its model', () => {
  it('agrees after any sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 60 }), async (sequence) => {
        await fc.asyncModelRun((): { model: Model; real: Real } => {
          const clock = new FakeClock();
          return {
            model: {
              waiting: [],
              working: new Set(),
              dirty: new Set(),
              delayed: new Map(),
              failures: new Map(),
              now: 0,
            },
            real: { queue: new WorkQueue({ clock, maxRetryMs: 40 }), clock },
          };
        }, sequence);
      }),
      { numRuns: 150 },
    );
  });
});
