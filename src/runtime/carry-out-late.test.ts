import { expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import { FINALIZER } from '../api/names.ts';
import { CONFIG_MAP } from '../kube/builtin-kinds.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { createCarryOut } from './carry-out.ts';
import { silentLog } from './log.ts';

it('keeps the finalizer while a leader before us may still make objects, and asks for another look', async () => {
  const client = new MemoryClient();
  const events = { emit: () => Promise.resolve() };
  let lateMs = 700;
  const clock = new FakeClock();
  const carryOut = createCarryOut({ client, clock, events, log: silentLog, lateMs: () => lateMs });
  const ref = { namespace: 'n', name: 'a' };
  const object = await client.create(CONFIG_MAP, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...ref, finalizers: [FINALIZER] },
  });

  const done = await carryOut(CONFIG_MAP, object, { finalizer: 'absent', stages: [] });
  expect(done.heldBackMs).toBe(700);
  expect((await client.get(CONFIG_MAP, ref)).metadata.finalizers).toEqual([FINALIZER]);

  lateMs = 0;
  await carryOut(CONFIG_MAP, object, { finalizer: 'absent', stages: [] });
  expect((await client.get(CONFIG_MAP, ref)).metadata.finalizers).toEqual([]);
});
