import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import { CONFIG_MAP } from '../kube/builtin-kinds.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { createCarryOut, type CarryOut } from './carry-out.ts';
import { silentLog } from './log.ts';
import type { Stage } from './plan.ts';

const ABOUT: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'n', name: 'about' },
};
const write = (name: string): Stage['writes'][number] => ({
  verb: 'own',
  kind: CONFIG_MAP,
  owner: 'u',
  object: { ...ABOUT, metadata: { namespace: 'n', name } },
});

function bench(failing = ''): { carryOut: CarryOut; done: string[]; client: MemoryClient } {
  const done: string[] = [];
  const client = new MemoryClient();
  const carryOut = createCarryOut({
    client,
    clock: new FakeClock(),
    events: { emit: () => Promise.resolve() },
    log: silentLog,
    perform: async ({ name }) => {
      if (name === failing) throw new KubeError('ServiceUnavailable', `${name} fails`);
      const present = await client.find(CONFIG_MAP, { namespace: 'n', name: 'first' });
      done.push(present === undefined ? `${name} too early` : name);
    },
  });
  return { carryOut, done, client };
}

describe('actions of a plan', () => {
  const stages = [
    { name: 'one', writes: [write('first')], actions: [{ name: 'a' }, { name: 'b' }] },
    { name: 'two', writes: [write('second')] },
  ];

  it('are done after the writes of their stage, in order', async () => {
    const { carryOut, done } = bench();

    await carryOut(CONFIG_MAP, ABOUT, { stages });

    expect(done).toEqual(['a', 'b']);
  });

  it('end the plan where they fail', async () => {
    const { carryOut, done, client } = bench('b');

    await expect(carryOut(CONFIG_MAP, ABOUT, { stages })).rejects.toThrow('b fails');

    expect(done).toEqual(['a']);
    expect(await client.find(CONFIG_MAP, { namespace: 'n', name: 'second' })).toBeUndefined();
  });

  it('are not begun when we are stopping', async () => {
    const { carryOut, done } = bench();

    const plan = { stages: [{ name: 'one', writes: [], actions: [{ name: 'a' }] }] };
    await expect(carryOut(CONFIG_MAP, ABOUT, plan, AbortSignal.abort())).rejects.toThrow(/stopping/);

    expect(done).toEqual([]);
  });
});

describe('a finalizer by which other programs know a kind', () => {
  it('is set and taken away in place of ours', async () => {
    const client = new MemoryClient();
    const emit = (): Promise<void> => Promise.resolve();
    const deps = { client, clock: new FakeClock(), log: silentLog, events: { emit } };
    const carryOut = createCarryOut({ ...deps, finalizer: 'a/b' });
    const about = (): Promise<KubeObject> => client.get(CONFIG_MAP, ABOUT.metadata);
    await client.create(CONFIG_MAP, ABOUT);

    await carryOut(CONFIG_MAP, await about(), { finalizer: 'present', stages: [] });
    expect((await about()).metadata.finalizers).toEqual(['a/b']);
    await carryOut(CONFIG_MAP, await about(), { finalizer: 'absent', stages: [] });
    expect((await about()).metadata.finalizers).toEqual([]);
  });
});
