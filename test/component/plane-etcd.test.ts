import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectEtcd, type EtcdClient } from '../../src/planes/store/etcd-client.ts';
import { etcdStore, type EtcdLimits } from '../../src/planes/store/etcd-store.ts';
import type { KeptObject } from '../../src/planes/store/kept-objects.ts';
import { startMemoryEtcd, type MemoryEtcd } from '../doubles/memory-etcd.ts';

let etcd: MemoryEtcd;
let client: EtcdClient;

beforeEach(async () => {
  etcd = await startMemoryEtcd();
  client = await connectEtcd(etcd.target);
});

afterEach(async () => {
  client.close();
  await etcd.close();
});

const LIMITS: EtcdLimits = { operations: 10_000, bytes: 1_000_000 };
const kept = (name: string, text = name): KeptObject => ({
  key: `/registry/configmaps/default/${name}`,
  value: Buffer.from(text),
  leased: false,
});
async function held(): Promise<readonly KeptObject[]> {
  const all: KeptObject[] = [];
  for await (const page of (await etcdStore(client, LIMITS).read()).pages) all.push(...page);
  return all;
}

describe('reading a plane’s etcd', () => {
  it('shows one moment, whatever is written meanwhile', async () => {
    for (let n = 0; n < 700; n += 1) etcd.put(kept(`c${n}`).key, 'before');
    etcd.put('compact_rev_key', 'is none of the plane’s objects');

    const { revision, pages } = await etcdStore(client, LIMITS).read();
    const read: KeptObject[] = [];
    for await (const page of pages) {
      if (read.length === 0) for (let n = 0; n < 900; n += 1) etcd.put(kept(`c${n}`).key, 'after');
      read.push(...page);
    }

    expect(revision).toBe(702);
    expect(read).toHaveLength(700);
    expect(new Set(read.map(({ value }) => value.toString()))).toEqual(new Set(['before']));
  });
});

describe('restoring into a plane’s etcd', () => {
  it('makes it hold what the snapshot holds, in one transaction', async () => {
    for (const name of ['same', 'other', 'gone']) etcd.put(kept(name).key, name);
    const wanted = [kept('new'), kept('other', 'now'), kept('same')];

    const done = await etcdStore(client, LIMITS).restore(wanted);

    expect(done).toEqual({ written: 2, deleted: 1, revision: 5 });
    expect(await held()).toEqual(wanted);
    expect(etcd.transactions).toEqual([3]);
    expect(await etcdStore(client, LIMITS).restore(wanted)).toMatchObject({ written: 0, deleted: 0 });
  });

  it('has what goes by itself go by itself again', async () => {
    await etcdStore(client, LIMITS).restore([{ ...kept('event'), leased: true }, kept('kept')]);

    expect((await held()).map(({ leased }) => leased)).toEqual([true, false]);
  });

  it('looks again when somebody wrote meanwhile, and gives up on one who always does', async () => {
    let writes = 1;
    etcd.before = (method) => {
      if (method === 'KV/Txn' && writes > 0) etcd.put(kept('busy').key, `${(writes -= 1)}`);
    };
    expect(await etcdStore(client, LIMITS).restore([kept('a')])).toMatchObject({ written: 1, deleted: 1 });
    expect(await held()).toEqual([kept('a')]);

    writes = Infinity;
    await expect(etcdStore(client, LIMITS).restore([kept('b')])).rejects.toThrow(/nothing was restored/);
    expect((await held()).map(({ key }) => key)).toContain(kept('a').key);
  });

  it('is done piece by piece where an etcd takes no more at once, and goes on when it is done again', async () => {
    const few: EtcdLimits = { operations: 3, bytes: 1_000_000 };
    const wanted = Array.from({ length: 8 }, (_one, n) => kept(`c${n}`));
    let left = 2;
    etcd.before = (method) => {
      if (method === 'KV/Txn' && (left -= 1) < 0) throw new Error('away');
    };
    await expect(etcdStore(client, few).restore(wanted)).rejects.toThrow(/away/);
    expect(await held()).toHaveLength(6);

    etcd.before = () => undefined;
    expect(await etcdStore(client, few).restore(wanted)).toMatchObject({ written: 2 });
    expect(await held()).toEqual(wanted);
    expect(etcd.transactions).toEqual([3, 3, 2]);
  });

  it('keeps within the bytes of a request', async () => {
    const wanted = Array.from({ length: 5 }, (_one, n) => kept(`c${n}`, 'x'.repeat(400_000)));

    await etcdStore(client, LIMITS).restore(wanted);

    expect(etcd.transactions).toEqual([2, 2, 1]);
  });
});

describe('an etcd', () => {
  it('says how large it is and what it complains of', async () => {
    etcd.raised.push(1);

    expect(await client.status()).toEqual({ bytes: 4096, bytesInUse: 2048, isLeader: true });
    expect(await client.alarms()).toEqual(['NOSPACE']);
    expect((await client.range('a', 'b', { limit: 0, revision: 0, countOnly: true })).count).toBe(0);
  });

  it('that is not there is told of as such', async () => {
    const { target } = etcd;
    const stranger = await startMemoryEtcd();
    await stranger.close();

    await expect(connectEtcd({ ...target, port: stranger.target.port })).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    });
    await expect(connectEtcd({ ...target, ca: stranger.target.ca })).rejects.toThrow(/certificate/);
  });
});
