import { describe, expect, it } from 'vitest';
import type { EtcdAlarm, EtcdClient, EtcdStatus } from './etcd-client.ts';
import { tendEtcd } from './tend-etcd.ts';

const MB = 1024 ** 2;

/** A member that says how it is, and notes what is done to it. */
function member(before: Partial<EtcdStatus> & { alarms?: readonly EtcdAlarm[] }) {
  let status: EtcdStatus = { bytes: 10 * MB, bytesInUse: 9 * MB, isLeader: true, ...before };
  let alarms = before.alarms ?? [];
  const calls: string[] = [];
  const client: EtcdClient = {
    range: () => Promise.resolve({ entries: [], revision: 77, count: 5, more: false }),
    change: () => Promise.resolve(1),
    deleteRange: () => Promise.reject(new Error('nothing of a plane is taken away')),
    lease: () => Promise.resolve(1n),
    compact: (revision) => Promise.resolve(void calls.push(`compact ${revision}`)),
    status: () => Promise.resolve(status),
    defragment: () => {
      calls.push('defragment');
      status = { ...status, bytes: status.bytesInUse };
      return Promise.resolve();
    },
    alarms: () => Promise.resolve(alarms),
    disarm: () => {
      calls.push('disarm');
      alarms = [];
      return Promise.resolve();
    },
    close: () => undefined,
  };
  return { client, calls };
}

describe('looking after an etcd', () => {
  it('leaves one alone that is well, and says how it is', async () => {
    const { client, calls } = member({});

    expect(await tendEtcd([client], 2048 * MB)).toEqual({ bytes: 10 * MB, objects: 5, alarms: [] });
    expect(calls).toEqual([]);
  });

  it('gives back space that nothing is in, where it is worth it, of each member', async () => {
    const loose = member({ bytes: 300 * MB, bytesInUse: 20 * MB });
    const tight = member({ bytes: 300 * MB, bytesInUse: 200 * MB });
    const small = member({ bytes: 30 * MB, bytesInUse: 1 * MB });

    const state = await tendEtcd([loose.client, tight.client, small.client], 2048 * MB);

    expect([loose, tight, small].map(({ calls }) => calls)).toEqual([['defragment'], [], []]);
    expect(state.bytes).toBe(300 * MB);
  });

  it('has one that was full take writes again, once there is room', async () => {
    const { client, calls } = member({ bytes: 2048 * MB, bytesInUse: 900 * MB, alarms: ['NOSPACE'] });

    expect((await tendEtcd([client], 2048 * MB)).alarms).toEqual([]);
    expect(calls).toEqual(['compact 77', 'defragment', 'disarm']);
  });

  it('leaves one refuse writes that is full still, or damaged', async () => {
    const full = member({ bytes: 2048 * MB, bytesInUse: 1900 * MB, alarms: ['NOSPACE'] });
    const damaged = member({ alarms: ['CORRUPT'] });

    expect((await tendEtcd([full.client], 2048 * MB)).alarms).toEqual(['NOSPACE']);
    expect((await tendEtcd([damaged.client], 2048 * MB)).alarms).toEqual(['CORRUPT']);
    expect([...full.calls, ...damaged.calls]).not.toContain('disarm');
  });
});
