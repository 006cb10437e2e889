import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import type { Client } from '../client/client.ts';
import { LEASE } from '../kube/builtin-kinds.ts';
import { KubeError } from '../kube/kube-error.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { silentLog } from './log.ts';
import { createShardHolder } from './shard-holder.ts';
import type { WriteLease } from './write-lease.ts';

type Cut = 'no' | 'requests' | 'answers';

/** One process: what it works on, and the switches by which it is disturbed. */
class Replica {
  readonly name: string;
  cut: Cut = 'no';
  /** The process is gone: whatever it still does here does not happen. */
  dead = false;
  readonly works = new Map<number, WriteLease>();
  readonly ended: Promise<'stopped' | 'lost'>;
  readonly #abort = new AbortController();

  constructor(name: string, server: MemoryClient, clock: FakeClock, count: number, windDownMs: number) {
    this.name = name;
    const client = this.#client(server);
    const holder = createShardHolder({
      client,
      clock,
      log: silentLog,
      identity: name,
      namespace: 'ns',
      leaseName: 'op',
      count,
    });
    this.ended = holder.run(this.#abort.signal, async (shard, lease, signal) => {
      this.works.set(shard, lease);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await clock.sleep(windDownMs);
      this.works.delete(shard);
    });
  }

  stop(): void {
    this.#abort.abort();
  }

  die(): void {
    this.dead = true;
    this.cut = 'requests';
  }

  get shards(): readonly number[] {
    return this.dead ? [] : [...this.works.keys()].toSorted((a, b) => a - b);
  }

  #client(server: MemoryClient): Client {
    const through =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const lost = (): KubeError => new KubeError('Network', `${this.name} is cut off`);
        if (this.cut === 'requests') throw lost();
        const answer = await call(...args);
        // Cut meanwhile or one way only: the server acted and nobody heard of it.
        if (this.cut === 'answers') throw lost();
        return answer;
      };
    // Only what elections use; the rest of a client is never called.
    return {
      find: through(server.find.bind(server)),
      list: through(server.list.bind(server)),
      create: through(server.create.bind(server)),
      replace: through(server.replace.bind(server)),
      delete: through(server.delete.bind(server)),
    } as unknown as Client;
  }
}

class Cluster {
  readonly server = new MemoryClient();
  readonly clock = new FakeClock();
  readonly replicas: Replica[] = [];
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  start(name: string, count = this.#count, windDownMs = 0): Replica {
    const replica = new Replica(name, this.server, this.clock, count, windDownMs);
    this.replicas.push(replica);
    return replica;
  }

  /** Turns the clock; fails if two may write for one shard at any moment, whatever their numbers of shards. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    while (this.clock.monotonic() < end) {
      await this.clock.advance(Math.min(500, end - this.clock.monotonic()));
      this.#checkExclusive();
    }
  }

  held(): string {
    return this.replicas.map(({ name, shards }) => `${name}:${shards.join(',')}`).join(' ');
  }

  async end(): Promise<void> {
    for (const replica of this.replicas) replica.stop();
    await this.clock.advance(60_000);
    await Promise.all(this.replicas.map(({ ended }) => ended));
  }

  #checkExclusive(): void {
    const writers = new Map<number, string>();
    for (const { name, works, dead } of this.replicas) {
      if (dead) continue;
      for (const [shard, lease] of works) {
        if (!lease.mayWrite()) continue;
        expect(writers.get(shard), `shard ${shard} has two writers, one of them ${name}`).toBeUndefined();
        writers.set(shard, name);
      }
    }
  }
}

/** Enough for what is given away to be ended, given back and taken. */
const SETTLED_MS = 12_000;

describe('replicas that divide shards', () => {
  it('share them as they come', async () => {
    const cluster = new Cluster(4);
    cluster.start('a');
    await cluster.pass(SETTLED_MS);
    expect(cluster.held()).toBe('a:0,1,2,3');
    cluster.start('b');
    await cluster.pass(SETTLED_MS);
    expect(cluster.held()).toBe('a:0,1 b:2,3');
    cluster.start('c');
    await cluster.pass(SETTLED_MS);

    expect(cluster.held()).toBe('a:0,1 b:2 c:3');
    await cluster.end();
  });

  it('takes over what one gives back, within seconds', async () => {
    const cluster = new Cluster(3);
    const a = cluster.start('a');
    cluster.start('b');
    cluster.start('c');
    await cluster.pass(SETTLED_MS);
    expect(cluster.held()).toBe('a:0 b:1 c:2');
    a.stop();
    await cluster.pass(5000);

    expect(cluster.held()).toBe('a: b:0,1 c:2');
    const names = (await cluster.server.list(LEASE)).items.map(({ metadata }) => metadata.name);
    expect(names).not.toContain('op-replica-a');
    await cluster.end();
  });

  it('takes over from one that died, not before its lease is over', async () => {
    const cluster = new Cluster(2);
    const a = cluster.start('a');
    cluster.start('b');
    await cluster.pass(SETTLED_MS);
    a.die();
    await cluster.pass(13_000);
    expect(cluster.held()).toBe('a: b:1');
    await cluster.pass(10_000);

    expect(cluster.held()).toBe('a: b:0,1');
    await cluster.end();
  });

  it('ends one that is cut off before anybody else begins', async () => {
    const cluster = new Cluster(2);
    const a = cluster.start('a');
    cluster.start('b');
    await cluster.pass(SETTLED_MS);
    a.cut = 'answers';
    await cluster.pass(13_000);
    expect(await a.ended).toBe('lost');
    a.cut = 'requests';
    await cluster.pass(20_000);

    expect(cluster.held()).toBe('a: b:0,1');
    await cluster.end();
  });

  it('gives nothing back before its work has ended', async () => {
    const cluster = new Cluster(2);
    const a = cluster.start('a', 2, 9000);
    await cluster.pass(SETTLED_MS);
    cluster.start('b');
    await cluster.pass(6000);
    expect(cluster.held()).toBe('a:0,1 b:');
    await cluster.pass(10_000);

    expect(cluster.held()).toBe('a:0 b:1');
    expect(a.shards).toEqual([0]);
    await cluster.end();
  });

  it('removes the lease of a replica that has been gone for long', async () => {
    const cluster = new Cluster(1);
    const a = cluster.start('a');
    cluster.start('b');
    await cluster.pass(SETTLED_MS);
    a.die();
    await cluster.pass(11 * 60_000);

    const names = (await cluster.server.list(LEASE)).items.map(({ metadata }) => metadata.name);
    expect(names.toSorted()).toEqual(['op-replica-b', 'op-shard-0']);
    await cluster.end();
  });

  it('renews with one write for itself and one for each shard, each two seconds', async () => {
    const cluster = new Cluster(2);
    cluster.start('a');
    await cluster.pass(SETTLED_MS);
    cluster.server.calls.length = 0;
    await cluster.pass(20_000);

    expect(cluster.server.calls.map(({ verb }) => verb)).toEqual(Array(30).fill('replace'));
    await cluster.end();
  });
});

describe('a change of the number of shards', () => {
  it('waits until those with the old number are gone, and they go on', async () => {
    const cluster = new Cluster(3);
    const a = cluster.start('a');
    await cluster.pass(SETTLED_MS);
    cluster.start('b', 4);
    await cluster.pass(SETTLED_MS);
    expect(cluster.held()).toBe('a:0,1,2 b:');
    a.stop();
    await cluster.pass(SETTLED_MS);

    expect(cluster.held()).toBe('a: b:0,1,2,3');
    await cluster.end();
  });

  it('lets nobody begin where two begin at once and differ', async () => {
    const cluster = new Cluster(3);
    const a = cluster.start('a');
    cluster.start('b', 2);
    await cluster.pass(30_000);
    expect(cluster.held()).toBe('a: b:');
    a.stop();
    await cluster.pass(SETTLED_MS);

    expect(cluster.held()).toBe('a: b:0,1');
    await cluster.end();
  });
});

/** What happens to replicas, one thing after another. */
const happenings = fc.array(
  fc.record({
    what: fc.constantFrom('start', 'stop', 'die', 'cut requests', 'cut answers', 'mend'),
    who: fc.integer({ min: 0, max: 3 }),
    thenMs: fc.integer({ min: 0, max: 25_000 }),
  }),
  { maxLength: 12 },
);

function happen(cluster: Cluster, what: string, who: number): void {
  const replica = cluster.replicas[who % Math.max(1, cluster.replicas.length)];
  if (what === 'start' || replica === undefined) {
    cluster.start(`r${cluster.replicas.length}`, undefined, 1500);
    return;
  }
  if (what === 'stop') replica.stop();
  if (what === 'die') replica.die();
  if (replica.dead) return;
  if (what === 'cut requests') replica.cut = 'requests';
  if (what === 'cut answers') replica.cut = 'answers';
  if (what === 'mend') replica.cut = 'no';
}

describe('replicas that come, go, die and are cut off', () => {
  it('never are two writers of a shard, and divide all of them once they are left in peace', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), happenings, async (count, sequence) => {
        const cluster = new Cluster(count);
        for (const { what, who, thenMs } of sequence) {
          happen(cluster, what, who);
          await cluster.pass(thenMs);
        }
        for (const replica of cluster.replicas) if (!replica.dead) replica.cut = 'no';
        const last = cluster.start('last');
        await cluster.pass(60_000);
        const held = cluster.replicas.flatMap(({ shards }) => shards).toSorted((a, b) => a - b);
        expect(held).toEqual([...Array(count).keys()]);
        const others = cluster.replicas.filter(({ works, dead }) => !dead && works.size > 0);
        expect(Math.max(...others.map(({ works }) => works.size)) - last.works.size).toBeLessThanOrEqual(1);
        await cluster.end();
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});
