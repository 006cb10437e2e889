import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectEvent } from '../client/watcher.ts';
import type { KubeObject } from '../kube/object.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { Informer, type Change } from './informer.ts';
import { keyOfObject } from './object-key.ts';
import { withoutManagedFields } from './slim.ts';

interface Thing extends KubeObject {
  readonly note?: string;
  readonly more?: string;
}

function thing(name: string, uid: string, version: number, note = ''): Thing {
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { namespace: 'n', name, uid, resourceVersion: String(version) },
    note,
    more: 'x',
  };
}

/** An informer whose source is fed by hand. */
function fed(slim: (object: Thing) => Thing = withoutManagedFields) {
  const clock = new FakeClock();
  const changes: Change<Thing>[] = [];
  const errors: unknown[] = [];
  let events: ObjectEvent<Thing>[] = [];
  let notify: () => void = () => undefined;
  let opened = 0;
  const informer = new Informer<Thing>({
    clock,
    slim,
    onError: (error) => errors.push(error),
    source: async function* (signal) {
      opened += 1;
      signal.addEventListener('abort', () => notify(), { once: true });
      while (!signal.aborted) {
        const event = events.shift();
        if (event !== undefined) yield event;
        else {
          await new Promise<void>((resolve) => {
            notify = resolve;
          });
        }
      }
    },
  });
  informer.subscribe((change) => changes.push(change));
  const feed = async (...more: ObjectEvent<Thing>[]): Promise<void> => {
    events = [...events, ...more];
    notify();
    await clock.advance(0);
  };
  return { informer, changes, errors, feed, clock, opened: () => opened };
}

const said = (changes: readonly Change<Thing>[]): string[] =>
  changes.map(
    ({ object, previous, gone }) =>
      `${gone ? '-' : previous === undefined ? '+' : '~'}${object.metadata.name}/${object.metadata.uid}`,
  );

describe('Informer', () => {
  it('fills the store, is synced, and tells changes', async () => {
    const { informer, changes, feed } = fed();
    informer.start();
    await feed({ type: 'init-begin' }, { type: 'init-item', object: thing('a', 'u1', 1) });
    expect(informer.hasSynced).toBe(false);
    await feed(
      { type: 'init-done' },
      { type: 'apply', object: thing('a', 'u1', 2) },
      { type: 'delete', object: thing('a', 'u1', 3) },
    );
    await informer.synced;

    expect(said(changes)).toEqual(['+a/u1', '~a/u1', '-a/u1']);
    expect(informer.store.size).toBe(0);
    await informer.stop();
  });

  it('drops after a new filling what was not in it, and says nothing of what is the same', async () => {
    const { informer, changes, feed } = fed();
    informer.start();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 1) },
      { type: 'init-item', object: thing('b', 'u2', 2) },
      { type: 'init-done' },
    );
    changes.length = 0;
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('b', 'u2', 2) },
      { type: 'init-done' },
    );

    expect(said(changes)).toEqual(['-a/u1']);
    await informer.stop();
  });

  it('tells two changes when an object was replaced unseen', async () => {
    const { informer, changes, feed } = fed();
    informer.start();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 1) },
      { type: 'init-done' },
      { type: 'apply', object: thing('a', 'u2', 5) },
    );

    expect(said(changes)).toEqual(['+a/u1', '-a/u1', '+a/u2']);
    await informer.stop();
  });

  it.each<[string, readonly ObjectEvent<Thing>[], readonly string[]]>([
    ['a repeated state', [{ type: 'apply', object: thing('a', 'u1', 4, 'old') }], ['5']],
    [
      'a repeated deletion of an object that came back',
      [{ type: 'delete', object: thing('a', 'u1', 4) }],
      ['5'],
    ],
    ['a late word about a predecessor', [{ type: 'apply', object: thing('a', 'u0', 3) }], ['5']],
    [
      'a state repeated after its deletion',
      [
        { type: 'delete', object: thing('a', 'u1', 6) },
        { type: 'apply', object: thing('a', 'u1', 5) },
      ],
      [],
    ],
  ])('leaves out %s', async (_what, events, versions) => {
    const { informer, feed } = fed();
    informer.start();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 5) },
      { type: 'init-done' },
      ...events,
    );

    expect(informer.store.list().map(({ metadata }) => metadata.resourceVersion)).toEqual(versions);
    await informer.stop();
  });

  it('takes an object back that left the selection and came again', async () => {
    const { informer, feed } = fed();
    informer.start();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 5) },
      { type: 'init-done' },
      { type: 'delete', object: thing('a', 'u1', 6) },
      { type: 'apply', object: thing('a', 'u1', 7) },
    );

    expect(informer.store.size).toBe(1);
    await informer.stop();
  });

  it('believes a full state whatever its versions are, and repairs what an old one lacked', async () => {
    const { informer, feed } = fed();
    informer.start();
    await feed({ type: 'init-begin' }, { type: 'init-done' });
    informer.expect({ namespace: 'n', name: 'a' }, undefined)(thing('a', 'u1', 7));
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('b', 'u2', 3) },
      { type: 'init-done' },
    );
    expect(informer.store.size).toBe(1);
    await feed({ type: 'apply', object: thing('a', 'u1', 7) });

    expect(informer.store.size).toBe(2);
    await informer.stop();
  });

  it('goes on when a handler throws or the source breaks', async () => {
    const { informer, errors, feed } = fed();
    informer.subscribe(() => {
      throw new Error('defect');
    });
    informer.start();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 1) },
      { type: 'init-done' },
    );

    expect(errors).toHaveLength(1);
    expect(informer.hasSynced).toBe(true);
    await informer.stop();
  });

  it('fetches anew when more is to be kept, without telling changes that are none', async () => {
    const { informer, changes, feed, opened } = fed(({ apiVersion, kind, metadata }) => ({
      apiVersion,
      kind,
      metadata,
    }));
    informer.start();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 1) },
      { type: 'init-done' },
    );
    expect(informer.store.get({ namespace: 'n', name: 'a' })?.more).toBeUndefined();
    changes.length = 0;
    informer.reslim(withoutManagedFields);
    await feed();
    await feed(
      { type: 'init-begin' },
      { type: 'init-item', object: thing('a', 'u1', 1) },
      { type: 'init-done' },
    );

    expect(opened()).toBe(2);
    expect(informer.store.get({ namespace: 'n', name: 'a' })?.more).toBe('x');
    expect(changes).toEqual([]);
    await informer.stop();
  });
});

describe('expect', () => {
  const ref = { namespace: 'n', name: 'a' };

  it('has the store know our own write before the watch does, with its origin, and once', async () => {
    const { informer, changes, feed } = fed();
    informer.start();
    await feed({ type: 'init-begin' }, { type: 'init-done' });
    const origin = {};
    informer.expect(ref, origin)(thing('a', 'u1', 7));
    await feed({ type: 'apply', object: thing('a', 'u1', 7) });

    expect(changes).toHaveLength(1);
    expect(changes[0]?.origin).toBe(origin);
    await informer.stop();
  });

  it('is not led back in time by what a slow watch tells after it', async () => {
    const { informer, changes, feed } = fed();
    informer.start();
    await feed({ type: 'init-begin' }, { type: 'init-done' });
    informer.expect(ref, undefined)(thing('a', 'u1', 7, 'first'));
    informer.expect(ref, undefined)(thing('a', 'u1', 10, 'second'));
    await feed({ type: 'apply', object: thing('a', 'u1', 7, 'first') });

    expect(informer.store.get(ref)?.note).toBe('second');
    expect(said(changes)).toEqual(['+a/u1', '~a/u1']);
    await informer.stop();
  });

  it('leaves the store alone when the watch was faster', async () => {
    const { informer, feed } = fed();
    informer.start();
    await feed({ type: 'init-begin' }, { type: 'init-done' });
    const learn = informer.expect(ref, undefined);
    await feed({ type: 'apply', object: thing('a', 'u1', 9, 'newer') });
    learn(thing('a', 'u1', 8, 'older'));

    expect(informer.store.get(ref)?.note).toBe('newer');
    await informer.stop();
  });

  it('brings back nothing that was deleted meanwhile', async () => {
    const { informer, feed } = fed();
    informer.start();
    await feed({ type: 'init-begin' }, { type: 'init-done' });
    const learn = informer.expect(ref, undefined);
    await feed(
      { type: 'apply', object: thing('a', 'u1', 8) },
      { type: 'delete', object: thing('a', 'u1', 9) },
    );
    learn(thing('a', 'u1', 8));

    expect(informer.store.size).toBe(0);
    await informer.stop();
  });
});

describe('Informer against its model', () => {
  const step = fc.oneof(
    fc.record({ set: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ remove: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ refill: fc.subarray(['a', 'b', 'c']) }),
  );

  it('holds at the end what the server holds, and its changes add up to it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { informer, changes, feed } = fed();
        const server = new Map<string, Thing>();
        let version = 0;
        informer.start();
        await feed({ type: 'init-begin' }, { type: 'init-done' });
        for (const action of steps) {
          version += 1;
          if ('set' in action) {
            const uid = server.get(action.set)?.metadata.uid ?? `u${version}`;
            server.set(action.set, thing(action.set, uid, version));
            await feed({ type: 'apply', object: thing(action.set, uid, version) });
          } else if ('remove' in action) {
            const present = server.get(action.remove);
            server.delete(action.remove);
            if (present !== undefined) await feed({ type: 'delete', object: present });
          } else {
            // What happened while the watch was broken: these were deleted and made again.
            for (const name of action.refill) server.set(name, thing(name, `u${version}`, version));
            await feed(
              { type: 'init-begin' },
              ...[...server.values()].map((object) => ({ type: 'init-item' as const, object })),
              { type: 'init-done' },
            );
          }
        }

        const added = new Map<string, Thing>();
        for (const { object, gone } of changes) {
          if (gone) added.delete(keyOfObject(object));
          else added.set(keyOfObject(object), object);
        }
        const wanted = [...server.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        expect(informer.store.list()).toEqual(wanted);
        expect([...added.values()]).toHaveLength(wanted.length);
        await informer.stop();
      }),
      { numRuns: 40 },
    );
  });
});
