import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { watchObjects } from '../../src/client/watcher.ts';
import { CONFIG_MAP, type ConfigMap } from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { Informer } from '../../src/runtime/informer.ts';
import { keyOfObject } from '../../src/runtime/object-key.ts';
import { WatchServer } from '../doubles/watch-server.ts';

/** Objects of this tier are watched; those of another one leave the selection and may come back. */
const SELECTOR = 'tier=in';
const NAMES = ['a', 'b', 'c'];

/** An informer over a watcher over a server that misbehaves, and what a handler makes of its changes. */
class Session {
  readonly server = new WatchServer();
  readonly clock = new FakeClock();
  readonly told = new Map<string, KubeObject>();
  /** Reasons to ask for a full state again. */
  failures = 0;
  readonly informer: Informer<ConfigMap>;

  constructor() {
    this.informer = new Informer<ConfigMap>({
      clock: this.clock,
      slim: (object) => object,
      onError: (error) => {
        throw error;
      },
      source: (signal) =>
        watchObjects(this.server, CONFIG_MAP, {
          clock: this.clock,
          signal,
          labelSelector: SELECTOR,
          onError: () => (this.failures += 1),
        }),
    });
    this.informer.subscribe(({ object, gone }) => {
      if (gone) this.told.delete(keyOfObject(object));
      else this.told.set(keyOfObject(object), object);
    });
    this.informer.start();
  }

  /** Own writes, as controllers make them: the answer may come before the watch tells of it, or after. */
  writeAndLearn(name: string): void {
    const learn = this.informer.expect({ name }, undefined);
    this.server.write(name, 'in');
    const answer = this.server.selected(SELECTOR).find(({ metadata }) => metadata.name === name);
    learn(answer);
  }

  /** Lets the server behave, time pass and everything arrive. */
  async settle(): Promise<void> {
    Object.assign(this.server, { lag: 0, expiringPages: 0, forgetful: false, refusesStreams: false });
    for (let round = 0; round < 4; round += 1) {
      this.server.deliver(1000, 'in order');
      await this.clock.advance(60_000);
    }
  }
}

type Move = (session: Session) => Promise<void> | void;

const name = fc.constantFrom(...NAMES);
const MOVES: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<[string, Move]> }[] = [
  {
    weight: 6,
    arbitrary: fc
      .tuple(name, fc.constantFrom('in', 'in', 'out', undefined))
      .map(([of, tier]) => [`write ${of} ${tier}`, ({ server }) => server.write(of, tier)]),
  },
  { weight: 2, arbitrary: name.map((of) => [`own write ${of}`, (session) => session.writeAndLearn(of)]) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('in order', 'reversed', 'repeated'))
      .map(([count, how]) => [
        `deliver ${count} ${how}`,
        async ({ server, clock }) => {
          server.deliver(count, how);
          await clock.advance(0);
        },
      ]),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('end', 'break', 'expire')
      .map((how) => [how, ({ server }) => server.interrupt(how)]),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<[string, Move]>(
      ['compact', ({ server }) => server.compact()],
      ['bookmark', ({ server }) => server.bookmark()],
      ['refuse streams', ({ server }) => void (server.refusesStreams = true)],
      ['expire a page', ({ server }) => void (server.expiringPages = 1)],
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 1, max: 6 })
      .map((lag) => [`stale by ${lag}`, ({ server }) => void (server.lag = lag)]),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(0, 1000, 40_000).map((ms) => [`${ms} ms`, ({ clock }) => clock.advance(ms)]),
  },
];

/** A failing run prints its seed and path; `FC_SEED=… FC_PATH=… npx vitest run --project unit <this file>` replays it. */
function replay(): { seed?: number; path?: string } {
  const { FC_SEED: seed, FC_PATH: path } = process.env;
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };
}

describe('an informer over a server that drops, repeats, reorders, forgets and lags', () => {
  it('ends with what the server has, and has told its handlers the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(...MOVES), { maxLength: 40 }), async (moves) => {
        const session = new Session();
        for (const [, move] of moves) await move(session);

        await session.settle();

        const wanted = session.server.selected(SELECTOR);
        expect(session.informer.store.list()).toEqual(wanted);
        expect(
          [...session.told.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
        ).toEqual(wanted);
        // The first full state, and at most one for everything that went wrong.
        expect(session.server.fullStates).toBeLessThanOrEqual(1 + session.failures);
        await session.informer.stop();
        expect(session.server.openWatches).toBe(0);
      }),
      { numRuns: 200, ...replay() },
    );
  });

  it('asks a server that forgets every version at once less and less often', async () => {
    const session = new Session();
    session.server.write('a', 'in');
    await session.clock.advance(0);
    session.server.forgetful = true;
    session.server.interrupt('expire');

    for (let second = 0; second < 600; second += 1) {
      await session.clock.advance(1000);
      session.server.interrupt('expire');
    }

    // 0.8 s, doubled up to 30 s: six, and then two a minute.
    expect(session.server.fullStates).toBeLessThan(40);
    await session.informer.stop();
  });
});
