import { describe, expect, it } from 'vitest';
import type { Client, RawRequest } from '../../client/client.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { licenseFindings } from './check-license.ts';

const KIND = { group: 'g.io', version: 'v1', kind: 'Shop', plural: 'shops', namespaced: true };

interface Server {
  readonly annotations?: Record<string, string>;
  /** Answer of a list of one. */
  readonly list?: object;
  /** How many a whole list finds. */
  readonly all?: number;
}

function clientOf({ annotations, list = { items: [] }, all = 0 }: Server) {
  const asked: string[] = [];
  const client = {
    find: async () =>
      annotations === undefined ? undefined : { metadata: { name: 'shop-license', annotations } },
    list: async () => ({ items: Array.from({ length: all }) }),
    raw: async ({ path }: RawRequest) => {
      asked.push(path);
      return { status: 200, headers: {}, text: JSON.stringify(list) };
    },
  };
  // The double answers the three calls that are made.
  return { client: client as unknown as Client, asked };
}

const question = { kind: KIND, namespace: 'op', now: 0, signal: new AbortController().signal };
const findings = async (server: Server): Promise<readonly string[]> =>
  (await licenseFindings(clientOf(server).client, question)).map(({ message }) => message);
const two = { allowed_instances: '2' };

describe('licenseFindings', () => {
  it('has nothing against a kind without licence, and counts nothing then', async () => {
    const { client, asked } = clientOf({});

    expect(await licenseFindings(client, question)).toEqual([]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['none', { items: [] }, 0, 0],
    ['one', { items: [{}] }, 0, 0],
    ['two', { items: [{}], metadata: { continue: 'c', remainingItemCount: 1 } }, 0, 1],
    ['two, which the server does not count', { items: [{}], metadata: { continue: 'c' } }, 2, 1],
  ])('of two allowed and %s there refuses %s', async (_what, list, all, refused) => {
    expect(await findings({ annotations: two, list, all })).toHaveLength(refused);
  });

  it('counts in all namespaces', async () => {
    const { client, asked } = clientOf({ annotations: two });
    await licenseFindings(client, question);

    expect(asked).toEqual(['/apis/g.io/v1/shops?limit=1']);
  });

  it('allows nothing where the licence can’t be read', async () => {
    expect(await findings({ annotations: { allowed_instances: 'many' } })).toEqual([
      expect.stringContaining('is no number'),
    ]);
    const refused = { ...clientOf({}).client, find: () => Promise.reject(new KubeError('Forbidden', 'no')) };
    await expect(licenseFindings(refused, question)).rejects.toThrow('no');
  });
});
