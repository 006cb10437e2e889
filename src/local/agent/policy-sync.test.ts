import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../lib/fake-clock.ts';
import { silentLog } from '../../runtime/log.ts';
import type { NftTable } from './nft-table.ts';
import { PolicySync } from './policy-sync.ts';

const tableWith = (...addresses: readonly string[]): NftTable => ({
  collections: new Map([
    ['a', { form: 'set', type: 'ipv4_addr', elements: new Map(addresses.map((address) => [address, ''])) }],
  ]),
  chains: new Map(),
});

let clock: FakeClock;
let wanted: NftTable;
let scripts: string[];
let refuse: number;
let hold: Promise<void> | undefined;
let sync: PolicySync;

beforeEach(() => {
  clock = new FakeClock();
  wanted = tableWith('10.0.0.1');
  scripts = [];
  refuse = 0;
  hold = undefined;
  sync = new PolicySync({
    compute: () => wanted,
    nft: async (script) => {
      scripts.push(script);
      await hold;
      refuse -= 1;
      if (refuse >= 0) throw new Error('refused');
    },
    clock,
    log: silentLog,
  });
});

/** Puts the first table in force. */
async function started(): Promise<void> {
  const settled = sync.settle();
  await clock.advance(0);
  await settled;
  scripts.length = 0;
}

describe('PolicySync', () => {
  it('replaces the whole table at first and then only what changed', async () => {
    await Promise.all([sync.settle(), clock.advance(0)]);
    wanted = tableWith('10.0.0.1', '10.0.0.2');
    await Promise.all([sync.settle(), clock.advance(0)]);

    expect(scripts).toHaveLength(2);
    expect(scripts[0]).toContain('delete table inet tenantry');
    expect(scripts[1]).toBe('add element inet tenantry a { 10.0.0.2 }\n');
  });

  it('asks the kernel for nothing when nothing changed', async () => {
    await started();

    sync.touch();
    await clock.advance(200);

    expect(scripts).toEqual([]);
  });

  it('gathers changes for 20 ms', async () => {
    await started();

    for (const last of [2, 3, 4]) {
      wanted = tableWith(`10.0.0.${last}`);
      sync.touch();
      await clock.advance(15);
    }
    expect(scripts).toEqual([]);
    await clock.advance(5);

    expect(scripts).toHaveLength(1);
    expect(scripts[0]).toContain('10.0.0.4');
  });

  it('does not wait longer than 100 ms for a stream of changes to end', async () => {
    await started();

    wanted = tableWith('10.0.0.9');
    for (let elapsed = 0; elapsed < 100; elapsed += 10) {
      sync.touch();
      await clock.advance(10);
    }

    expect(scripts).toHaveLength(1);
  });

  it('runs one transaction at a time and settles only what was asked before it began', async () => {
    await started();
    let letGo = (): void => undefined;
    hold = new Promise((resolve) => {
      letGo = resolve;
    });
    wanted = tableWith('10.0.0.2');
    const order: string[] = [];
    const first = sync.settle().then(() => order.push('first'));
    await clock.advance(0);
    wanted = tableWith('10.0.0.3');
    const second = sync.settle().then(() => order.push('second'));
    await clock.advance(1_000);
    expect([scripts.length, order]).toEqual([1, []]);

    letGo();
    await first;
    await Promise.all([second, clock.advance(0)]);

    expect(order).toEqual(['first', 'second']);
    expect(scripts).toHaveLength(2);
  });

  it('tells who waits that the kernel refused, and replaces everything soon after', async () => {
    await started();
    refuse = 2;
    wanted = tableWith('10.0.0.2');

    const settled = sync.settle();
    const refused = expect(settled).rejects.toThrow('refused');
    await clock.advance(0);
    await refused;
    await clock.advance(100);
    await clock.advance(200);

    expect(scripts).toHaveLength(3);
    expect(scripts[1]).toContain('delete table inet tenantry');
    expect(scripts[2]).toContain('10.0.0.2');
  });

  it('does nothing after it was stopped', async () => {
    await started();
    wanted = tableWith('10.0.0.2');
    sync.touch();
    const settled = expect(sync.settle()).rejects.toThrow('stopping');

    sync.stop();
    await settled;
    sync.touch();
    await clock.advance(1_000);

    expect(scripts).toEqual([]);
    await expect(sync.settle()).rejects.toThrow('stopping');
  });
});
