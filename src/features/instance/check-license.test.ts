import { describe, expect, it } from 'vitest';
import type { Client, RawRequest } from '../../client/client.ts';
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
    list: async () => ({ items: Array.from({ length: server.all ?? 0 }) }),
    raw: async ({ path }: RawRequest) => {
      asked.push(path);
      return { status: 200, headers: {}, text: JSON.stringify(server.list ?? { items: [] }) };
    },
  };
  const clock = new FakeClock();
  // The double answers the three calls that are made.
  const licenses = new Licenses(client as unknown as Client, clock);
  const messages = async (): Promise<readonly string[]> =>
    (await licenses.findings(KIND, 'op', new AbortController().signal)).map(({ message }) => message);
  return { asked, clock, messages };
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
    ['one', { items: [{}] }, 0, 0],
    ['two', { items: [{}], metadata: { continue: 'c', remainingItemCount: 1 } }, 0, 1],
    ['two, which the server does not count', { items: [{}], metadata: { continue: 'c' } }, 2, 1],
  ])('of two allowed and %s there refuse %s', async (_what, list, all, refused) => {
    expect(await setUp({ annotations: two, list, all }).messages()).toHaveLength(refused);
  });

  it('count in all namespaces', async () => {
    const { asked, messages } = setUp({ annotations: two });
    await messages();

    expect(asked).toEqual(['licence', '/apis/g.io/v1/shops?limit=1']);
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
