import { describe, expect, it } from 'vitest';
import { KubeError } from '../../kube/kube-error.ts';
import type { Reader } from '../../client/client.ts';
import * as kinds from '../../kube/builtin-kinds.ts';
import { lookupIn } from './lookup.ts';

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'wp' } };

/** A reader with one Secret that counts what it is asked. */
function setUp() {
  const asked: string[] = [];
  const reader: Reader = {
    get: async () => {
      throw new KubeError('NotFound', 'not asked for');
    },
    // The double answers one kind only, which is what the tests ask for.
    find: async (kind, ref) => {
      asked.push(`${kind.kind} ${ref.namespace}/${ref.name}`);
      return (ref.name === 'db' ? SECRET : undefined) as never;
    },
    list: async (kind, options) => {
      asked.push(`${kind.kind} ${options?.namespace}`);
      return { items: [SECRET], resourceVersion: '1' } as never;
    },
  };
  const served = {
    kindFor: async (_version: string, kind: string) => Object.values(kinds).find((one) => one.kind === kind),
  };
  return { asked, lookup: lookupIn('wp', reader, served, new AbortController().signal) };
}

const QUERY = { apiVersion: 'v1', kind: 'Secret', namespace: 'wp', name: 'db' };

describe('lookupIn', () => {
  it('finds an object and lists in the own namespace', async () => {
    const { lookup } = setUp();

    expect(await lookup(QUERY)).toEqual(SECRET);
    expect(await lookup({ ...QUERY, name: 'x' })).toBeUndefined();
    expect(await lookup({ ...QUERY, name: '' })).toEqual({
      apiVersion: 'v1',
      kind: 'SecretList',
      items: [SECRET],
    });
  });

  it.each([
    ['another namespace', { ...QUERY, namespace: 'kube-system' }],
    ['all namespaces', { ...QUERY, namespace: '', name: '' }],
    ['cluster-scoped kinds', { ...QUERY, kind: 'Node', name: '' }],
    ['kinds that are not served', { ...QUERY, kind: 'Widget' }],
  ])('knows nothing of %s, and does not even ask', async (_name, query) => {
    const { lookup, asked } = setUp();

    expect(await lookup(query)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
