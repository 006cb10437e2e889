import { describe, expect, it } from 'vitest';
import type { Client, RawRequest } from '../../client/client.ts';
import type { ObjectMeta } from '../../kube/object.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import { Licenses } from './check-license.ts';

const KIND = { group: 'g.io', version: 'v1', kind: 'Shop', plural: 'shops', namespaced: true };

interface Server {
  annotations?: Record<string, string>;
  /** Answer of a list of one. */
  readonly list?: object;
  /** How many a whole list finds. */
  readonly all?: number;
  forbidden?: boolean;
}

function setUp(server: Server) {
  const asked: string[] = [];
  const client = {
    find: async () => {
      asked.push('licence');
      if (server.forbidden === true) throw new KubeError('Forbidden', 'no');
      const { annotations } = server;
      return annotations === undefined ? undefined : { metadata: { name: 'shop-license', annotations } };
    },
    list: async () => {
      asked.push('all');
      return { items: Array.from({ length: server.all ?? 0 }, (_, n) => ({ metadata: { name: `s${n}` } })) };
    },
    patch: async (_kind: unknown, _ref: unknown, { body }: { body: { metadata: ObjectMeta } }) => {
      asked.push('patch');
      server.annotations = { ...server.annotations, ...body.metadata.annotations };
    },
    raw: async ({ path }: RawRequest) => {
      asked.push(path);
      return { status: 200, headers: {}, text: JSON.stringify(server.list ?? { items: [] }) };
    },
  };
  const clock = new FakeClock();
  // The double answers the four calls that are made.
  const licenses = new Licenses(client as unknown as Client, clock);
  const { signal } = new AbortController();
  const messages = async (name = 'new'): Promise<readonly string[]> =>
    (await licenses.findings(KIND, 'op', { namespace: 'a', name }, signal)).map(({ message }) => message);
  const take = async (name: string): Promise<readonly string[]> =>
    (await licenses.take(KIND, 'op', { namespace: 'a', name }, signal)).map(({ message }) => message);
  return { asked, clock, messages, take };
}

const two = { allowed_instances: '2' };

describe('Licenses', () => {
  it('have nothing against a kind without one; that there is none is asked once in two seconds', async () => {
    const server: Server = {};
    const { asked, clock, messages } = setUp(server);

    expect(await Promise.all([messages(), messages()])).toEqual([[], []]);
    await clock.advance(1_999);
    expect(await messages()).toEqual([]);
    expect(asked).toEqual(['licence']);

    server.annotations = { expiry: '1/1/2020' };
    await clock.advance(1);
    expect(await messages()).toHaveLength(1);
    // A licence is read each time: a longer one counts at once.
    server.annotations = { expiry: '1/1/2099' };
    expect(await messages()).toEqual([]);
  });

  it.each([
    ['none', { items: [] }, 0, 0],
    ['one', { items: [{}] }, 1, 0],
    ['two', { items: [{}], metadata: { continue: 'c', remainingItemCount: 1 } }, 2, 1],
    ['two, which the server does not count', { items: [{}], metadata: { continue: 'c' } }, 2, 1],
    [
      'one, though the server estimates more',
      { items: [{}], metadata: { continue: 'c', remainingItemCount: 5 } },
      1,
      0,
    ],
  ])('of two allowed and %s there refuse %s', async (_what, list, all, refused) => {
    expect(await setUp({ annotations: two, list, all }).messages()).toHaveLength(refused);
  });

  it('count in all namespaces, with a short answer where there is room', async () => {
    const { asked, messages } = setUp({ annotations: { allowed_instances: '9' } });
    await messages();

    expect(asked).toEqual(['licence', '/apis/g.io/v1/shops?limit=1']);
  });

  it('keep a place for who was let through, for whoever asks, until the creation can’t succeed any more', async () => {
    const { clock, messages, take } = setUp({ annotations: { allowed_instances: '1' } });

    expect(await take('first')).toEqual([]);
    expect(await messages('second')).toHaveLength(1);
    expect(await take('second')).toHaveLength(1);
    // The same name once more takes no other place.
    expect(await take('first')).toEqual([]);
    await clock.advance(121_000);
    expect(await take('second')).toEqual([]);
    expect(await messages('first')).toHaveLength(1);
  });

  it('write nothing where only a date is set', async () => {
    const { asked, take } = setUp({ annotations: { expiry: '1/1/2099' } });

    expect(await take('first')).toEqual([]);
    expect(asked).not.toContain('patch');
  });

  it('allow nothing where they can’t be read, and are asked for again', async () => {
    expect(await setUp({ annotations: { allowed_instances: 'many' } }).messages()).toEqual([
      expect.stringContaining('is no number'),
    ]);
    const server: Server = { forbidden: true };
    const { messages } = setUp(server);
    await expect(messages()).rejects.toThrow('no');
    server.forbidden = false;
    expect(await messages()).toEqual([]);
  });
});
