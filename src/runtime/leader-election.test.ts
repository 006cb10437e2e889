import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import { CONFIG_MAP, LEASE } from '../kube/builtin-kinds.ts';
import { isKubeError, KubeError } from '../kube/kube-error.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { fenced } from './fenced-client.ts';
import { createLeaderElection, type LeaderElection } from './leader-election.ts';
import { silentLog } from './log.ts';
import { neverWrite } from './write-lease.ts';

const REF = { namespace: 'ns', name: 'lease' };

interface Replica {
  readonly election: LeaderElection;
  readonly stop: () => void;
  readonly ended: Promise<'stopped' | 'lost'>;
  leads: boolean;
}

function replica(client: MemoryClient, clock: FakeClock, identity: string): Replica {
  const election = createLeaderElection({
    client,
    clock,
    log: silentLog,
    identity,
    namespace: 'ns',
    leaseName: 'lease',
  });
  const abort = new AbortController();
  const result: Replica = {
    election,
    leads: false,
    stop: () => abort.abort(),
    ended: election.run(abort.signal, (signal) => {
      result.leads = true;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          result.leads = false;
          resolve();
        });
      });
    }),
  };
  return result;
}

describe('leader election', () => {
  it('gives the lease to one of two and keeps it there', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    const b = replica(client, clock, 'b');
    await clock.advance(60_000);

    expect([a.leads, b.leads]).toEqual([true, false]);
    expect([a.election.lease.mayWrite(), b.election.lease.mayWrite()]).toEqual([true, false]);
    expect(b.election.holder()).toBe('a');
    a.stop();
    b.stop();
    await clock.advance(5000);
    expect(await Promise.all([a.ended, b.ended])).toEqual(['stopped', 'stopped']);
  });

  it('hands over at once when the leader stops', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1000);
    const b = replica(client, clock, 'b');
    await clock.advance(1000);
    a.stop();
    await clock.advance(2000);

    expect(b.leads).toBe(true);
    expect((await client.get(LEASE, REF)).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    b.stop();
    await clock.advance(1);
  });

  it('renews with one call', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    client.calls.length = 0;
    await clock.advance(20_000);

    expect(client.calls.every((call) => call.verb === 'replace')).toBe(true);
    expect(client.calls).toHaveLength(10);
    a.stop();
    await clock.advance(1);
  });

  it('stops leading 10 s after the last renewal, before anybody else can begin', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1000);
    client.fault = () => {
      throw new KubeError('Network', 'cut off');
    };
    const b = replica(client, clock, 'b');
    await clock.advance(9500);
    expect(a.leads).toBe(false);
    expect(await a.ended).toBe('lost');
    expect(a.election.lease.mayWrite()).toBe(false);

    client.fault = () => undefined;
    let begins = 0;
    while (!b.leads && begins < 20_000) {
      await clock.advance(100);
      begins += 100;
    }
    // b saw the lease of time 0 at 1,000 and may take it 15 s later.
    expect(clock.monotonic()).toBeGreaterThanOrEqual(15_000);
    expect(b.leads).toBe(true);
    // What a sent last the server may still be at.
    expect(b.election.lease.lateMs()).toBeGreaterThan(33_000);
    expect(a.election.lease.lateMs()).toBe(0);
    b.stop();
    await clock.advance(1);
  });

  it('waits for nothing of a holder that gave it back', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    a.stop();
    await a.ended;
    const b = replica(client, clock, 'b');
    await clock.advance(1);

    expect(b.leads).toBe(true);
    expect(b.election.lease.lateMs()).toBe(0);
    b.stop();
    await clock.advance(1);
  });

  it('is lost at once when another name stands in the lease', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    const lease = await client.get(LEASE, REF);
    await client.replace(LEASE, { ...lease, spec: { ...lease.spec, holderIdentity: 'intruder' } });
    await clock.advance(2001);

    expect(await a.ended).toBe('lost');
    expect(a.election.lease.remainingMs()).toBe(0);
  });

  it('keeps the lease through an answer that was lost', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    let once = true;
    client.fault = (_call, phase) => {
      if (phase !== 'after' || !once) return;
      once = false;
      throw new KubeError('Timeout', 'the server acted, the answer is gone');
    };
    await clock.advance(30_000);

    expect(a.leads).toBe(true);
    a.stop();
    await clock.advance(1);
  });

  it('ends with the error of the work', async () => {
    const clock = new FakeClock();
    const election = createLeaderElection({
      client: new MemoryClient(),
      clock,
      log: silentLog,
      identity: 'a',
      namespace: 'ns',
      leaseName: 'lease',
    });
    const ended = election.run(new AbortController().signal, () => Promise.reject(new Error('boom')));

    await expect(ended).rejects.toThrow('boom');
  });
});

describe('fencing', () => {
  const object = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'n', name },
  });

  it('begins no write after the renew deadline, although nobody noticed the loss yet', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    const writer = fenced(client, a.election.lease);
    await writer.create(CONFIG_MAP, object('before'));
    client.fault = (call) => {
      if (call.what.includes('Lease')) return new Promise(() => undefined);
      return undefined;
    };
    await clock.advance(10_000);
    const error: unknown = await writer
      .as({ namespace: 'x', name: 'y' })
      .create(CONFIG_MAP, object('after'))
      .catch((e: unknown) => e);

    expect(isKubeError(error, 'Cancelled')).toBe(true);
    expect(await client.find(CONFIG_MAP, { namespace: 'n', name: 'after' })).toBeUndefined();
  });

  it('waits for no write longer than the lease can last', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    client.fault = (call) => {
      if (call.what.includes('Lease')) throw new KubeError('Network', 'cut off');
    };
    await clock.advance(9000);
    const writer = fenced(client, a.election.lease);
    await writer.create(CONFIG_MAP, object('late'));
    await writer.create(CONFIG_MAP, object('short'), { timeoutMs: 100 });

    // Taken at 0 for 15 s, half a second of safety, now is 9,001.
    expect(
      client.calls.filter((call) => call.what.includes('ConfigMap')).map((call) => call.timeoutMs),
    ).toEqual([5499, 100]);
    a.stop();
    await clock.advance(1);
  });

  it('a write in flight when leadership is lost ends before the lease does', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const a = replica(client, clock, 'a');
    await clock.advance(1);
    const writer = fenced(client, a.election.lease);
    client.fault = (call) => {
      if (call.what.includes('Lease')) throw new KubeError('Network', 'cut off');
      // As the real client does: gives up after its time.
      return clock.sleep(call.timeoutMs ?? Infinity).then(() => {
        throw new KubeError('Timeout', 'no answer');
      });
    };
    await clock.advance(9500);
    let endedAt = 0;
    const write = writer.create(CONFIG_MAP, object('x')).catch(() => {
      endedAt = clock.monotonic();
    });
    await clock.advance(10_000);
    await write;

    expect(await a.ended).toBe('lost');
    expect(endedAt).toBeLessThan(15_000);
  });

  it('lets reads through without the lease', async () => {
    const client = new MemoryClient();
    await client.create(CONFIG_MAP, object('a'));
    const reader = fenced(client, neverWrite);

    expect((await reader.get(CONFIG_MAP, { namespace: 'n', name: 'a' })).metadata.name).toBe('a');
    await expect(reader.delete(CONFIG_MAP, { namespace: 'n', name: 'a' })).rejects.toThrow(
      'does not hold the lease',
    );
    await expect(reader.raw({ method: 'POST', path: '/x' })).rejects.toThrow('does not hold the lease');
  });
});
