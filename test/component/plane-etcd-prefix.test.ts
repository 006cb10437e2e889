import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectEtcd } from '../../src/planes/store/etcd-client.ts';
import {
  dropEtcdPrefix,
  ensureEtcdPrefix,
  etcdPrefixState,
  underPrefix,
} from '../../src/planes/store/etcd-prefix.ts';
import { etcdStore } from '../../src/planes/store/etcd-store.ts';
import type { KeptObject } from '../../src/planes/store/kept-objects.ts';
import type { EtcdServer } from '../../src/planes/store-server.ts';
import { startMemoryEtcd, type MemoryEtcd } from '../doubles/memory-etcd.ts';

const LIMITS = { operations: 100, bytes: 1_000_000 };
const [A, B] = ['/tenantry/planes/a', '/tenantry/planes/a-b'];
const kept = (name: string): KeptObject => ({
  key: `/registry/configmaps/default/${name}`,
  value: Buffer.from(name),
  leased: false,
});

let etcd: MemoryEtcd;
let server: EtcdServer;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  const { host, port, ca, cert, key } = etcd.target;
  server = { endpoints: [{ host, port }], ca, cert, key };
});

afterEach(() => etcd.close());

/** What a plane under this prefix sees, after it holds these, too. */
async function plane(prefix: string, objects?: readonly KeptObject[]): Promise<readonly string[]> {
  const store = etcdStore(underPrefix(await connectEtcd(etcd.target), prefix), LIMITS);
  try {
    if (objects !== undefined) await store.restore(objects);
    const seen: string[] = [];
    for await (const page of (await store.read()).pages) seen.push(...page.map(({ key }) => key));
    return seen;
  } finally {
    await store.close();
  }
}

describe('two planes on one etcd', () => {
  it('see their own keys alone, though one’s name begins as the other’s, and each as if it were alone', async () => {
    await plane(A, [kept('one'), kept('two')]);
    await plane(B, [kept('other')]);

    expect(await plane(A)).toEqual([kept('one').key, kept('two').key]);
    expect(await plane(B)).toEqual([kept('other').key]);
    expect([...etcd.values.keys()].every((key) => key.startsWith('/tenantry/planes/'))).toBe(true);
    // A restore takes away what is not in the snapshot: of this plane alone.
    expect(await plane(A, [])).toEqual([]);
    expect(await plane(B)).toEqual([kept('other').key]);
  });

  it('are looked at and taken away one by one', async () => {
    await plane(A, [kept('one'), kept('two')]);
    await plane(B, [kept('other')]);
    etcd.put('/registry/secrets/default/somebody', 'of the etcd’s owner');

    await ensureEtcdPrefix(server, A);
    expect(await etcdPrefixState(server, A)).toMatchObject({ objects: 2, alarms: [] });
    expect((await etcdPrefixState(server, B)).bytes).toBe(
      `${B}/configmaps/default/other`.length - B.length + '/registry'.length + 5,
    );
    await dropEtcdPrefix(server, A);
    await dropEtcdPrefix(server, A);

    expect([...etcd.values.keys()].toSorted()).toEqual([
      '/registry/secrets/default/somebody',
      `${B}/configmaps/default/other`,
    ]);
  });

  it('find the member that is there', async () => {
    const gone = await startMemoryEtcd();
    await gone.close();
    const both = {
      ...server,
      endpoints: [{ host: 'localhost', port: gone.target.port }, ...server.endpoints],
    };

    await ensureEtcdPrefix(both, A);
    await expect(ensureEtcdPrefix({ ...both, endpoints: both.endpoints.slice(0, 1) }, A)).rejects.toThrow(
      /etcd at localhost/,
    );
  });

  it('are not told to one who shows another authority', async () => {
    const stranger = await startMemoryEtcd();
    await stranger.close();

    await expect(ensureEtcdPrefix({ ...server, ca: stranger.target.ca }, A)).rejects.toThrow(
      /etcd at localhost/,
    );
  });
});
