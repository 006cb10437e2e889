import { afterEach, describe, expect, it } from 'vitest';
import { CONFIG_MAP, CRD, LEASE, NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import type { Condition, KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Controller } from '../../src/runtime/controller.ts';
import { silentLog } from '../../src/runtime/log.ts';
import {
  createManager,
  LeadershipLost,
  type Manager,
  type ManagerOptions,
} from '../../src/runtime/manager.ts';
import type { Plan, StatusBase } from '../../src/runtime/plan.ts';
import { Terminal } from '../../src/runtime/terminal.ts';
import { watch } from '../../src/runtime/watch.ts';
import { mapOf, OWNER_LABEL, PET, PET_DEFINITION, pet, type Pet } from '../builders/pets.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const ready = (status: Condition['status'], reason: string, message = ''): StatusBase => ({
  conditions: [{ type: 'Ready', status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' }],
});

/** Keeps a ConfigMap for every pet. */
function petController(
  more: Partial<Controller<Pet, undefined, StatusBase>> = {},
): Controller<Pet, undefined, StatusBase> {
  return {
    name: 'pet',
    kind: PET,
    watches: [
      watch({
        kind: CONFIG_MAP,
        labelSelector: OWNER_LABEL,
        wakes: (map) => [{ namespace: map.metadata.namespace, name: map.metadata.name }],
      }),
    ],
    observe: () => Promise.resolve(undefined),
    plan: (object, _world, _now): Plan<StatusBase> => {
      if (object.metadata.deletionTimestamp !== undefined) return { stages: [], finalizer: 'absent' };
      return {
        finalizer: 'present',
        stages: [{ name: 'map', writes: [mapOf(object, { name: object.spec?.name ?? '' })] }],
        status: ready('True', 'Fed'),
        events: [{ type: 'Normal', reason: 'Fed', message: 'The pet was fed.' }],
      };
    },
    ...more,
  };
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function zoo(): Promise<FakeApi> {
  const api = await startFakeApi();
  stops.push(() => api.close());
  await api.client().create(CRD, PET_DEFINITION);
  return api;
}

function start(
  api: FakeApi,
  identity: string,
  options: Partial<ManagerOptions> = {},
): { manager: Manager; stop: () => Promise<void>; ended: Promise<unknown> } {
  const client = api.client();
  const manager = createManager({
    client,
    clock: systemClock,
    log: silentLog,
    identity,
    namespace: 'default',
    ...options,
  });
  const abort = new AbortController();
  let begun: Promise<unknown> | undefined;
  // Begun on the next turn, so that a test can add its controllers first.
  const ended = new Promise((resolve) => setImmediate(resolve)).then(() => {
    begun = manager.run(abort.signal);
    return begun.catch((error: unknown) => error);
  });
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  stops.push(stop);
  return { manager, stop, ended };
}

describe('a controller in a manager', () => {
  it('makes what is planned, says so once, and rests', async () => {
    const api = await zoo();
    const client = api.client();
    const { manager } = start(api, 'a');
    manager.addController(petController());
    await client.create(PET, pet('rex', { name: 'Rex' }));

    await eventually('status is written', () =>
      api.objects(PET).some((object) => object.status?.conditions?.[0]?.reason === 'Fed'),
    );
    await eventually('the event is there', () =>
      api.requests.some((request) => request.path.endsWith('/events')),
    );
    expect(api.objects(CONFIG_MAP, 'default').map((map) => map.metadata.name)).toContain('rex');
    expect(api.objects(PET)[0]?.metadata.finalizers).toEqual(['tenantry.dev/cleanup']);
    const writes = api.requests.filter(
      (request) => request.method !== 'GET' && request.path.includes('pets/rex'),
    );
    expect(writes.map((request) => request.path.split('/').at(-1))).toEqual(['rex', 'status']);
  });

  it('puts back what somebody deleted, and lets go of a deleted object', async () => {
    const api = await zoo();
    const client = api.client();
    const { manager } = start(api, 'a');
    manager.addController(petController());
    await client.create(PET, pet('rex'));
    const map = (): KubeObject | undefined =>
      api.objects(CONFIG_MAP, 'default').find((object) => object.metadata.name === 'rex');
    const first = await eventually('the map is made', map);
    await client.delete(CONFIG_MAP, { namespace: 'default', name: 'rex' });
    await eventually(
      'the map is back',
      () => map()?.metadata.uid !== first.metadata.uid && map() !== undefined,
    );
    await client.delete(PET, { namespace: 'default', name: 'rex' });

    await eventually('the pet is gone', () => api.objects(PET).length === 0);
  });

  it('explains what the user can mend and tries again', async () => {
    const api = await zoo();
    let attempts = 0;
    const { manager } = start(api, 'a');
    manager.addController(
      petController({
        observe: () => {
          attempts += 1;
          return attempts < 3
            ? Promise.reject(new KubeError('Invalid', 'the pet has no teeth'))
            : Promise.resolve(undefined);
        },
        explain: (_object, error) => ({
          stages: [],
          status: ready('False', 'Bad', error instanceof Error ? error.message : ''),
        }),
      }),
    );
    await api.client().create(PET, pet('rex'));

    await eventually(
      'it is well at last',
      () => api.objects(PET)[0]?.status?.conditions?.[0]?.reason === 'Fed',
    );
    expect(attempts).toBeGreaterThanOrEqual(3);
    const told = api.requests.flatMap((request) =>
      request.path.endsWith('/status') ? [JSON.stringify(request.body)] : [],
    );
    expect(told[0]).toContain('the pet has no teeth');
  });

  it('does not try again what is terminal until the object changes', async () => {
    const api = await zoo();
    const client = api.client();
    let attempts = 0;
    const { manager } = start(api, 'a');
    manager.addController(
      petController({
        observe: (object) => {
          attempts += 1;
          return object.spec?.name === undefined
            ? Promise.reject(new Terminal('NoName', 'a pet needs a name'))
            : Promise.resolve(undefined);
        },
        explain: (_object, error) => ({
          stages: [],
          status: ready('False', error instanceof Terminal ? error.reason : 'Other'),
        }),
      }),
    );
    await client.create(PET, pet('rex'));
    await eventually('it is told', () => api.objects(PET)[0]?.status?.conditions?.[0]?.reason === 'NoName');
    const before = attempts;
    await client.create(PET, pet('other', { name: 'x' }));
    await eventually('another one is done', () =>
      api.objects(PET).some((object) => object.status?.conditions?.[0]?.reason === 'Fed'),
    );
    expect(attempts).toBe(before + 1);
    await client.patch(
      PET,
      { namespace: 'default', name: 'rex' },
      { type: 'merge', body: { spec: { name: 'Rex' } } },
    );

    await eventually('it is well', () =>
      api.objects(PET).every((object) => object.status?.conditions?.[0]?.reason === 'Fed'),
    );
  });

  it('can come and go while the manager runs, also before its kind is served', async () => {
    const api = await startFakeApi();
    stops.push(() => api.close());
    const client = api.client();
    const { manager } = start(api, 'a');
    await eventually('the manager runs', () => api.requests.length === 0);
    manager.addController(petController());
    await eventually('it asked for the kind', () =>
      api.requests.some((request) => request.path.includes('pets') && request.status === 404),
    );
    await client.create(CRD, PET_DEFINITION);
    await client.create(PET, pet('rex'));
    await eventually('it is done', () => api.objects(PET)[0]?.status?.conditions !== undefined);
    await manager.removeController('pet');
    await eventually('its watches are closed', () => api.openWatches(PET) === 0);
    await client.create(PET, pet('late'));

    expect(() => manager.stores.list(PET)).toThrow('nothing watches zoo.dev/Pet');
    expect(api.objects(PET).find((object) => object.metadata.name === 'late')?.status).toBeUndefined();
  });

  it('sees its own writes at the next look although the watch is behind', async () => {
    const api = await zoo();
    const { manager } = start(api, 'a');
    const seen: boolean[] = [];
    manager.addController(
      petController({
        observe: (_object, read) => {
          seen.push(read.stores.get(CONFIG_MAP, { namespace: 'default', name: 'rex' }) !== undefined);
          return Promise.resolve(undefined);
        },
        plan: (object, _world, now) => ({
          ...petController().plan(object, undefined, now),
          again: seen.length < 2,
        }),
      }),
    );
    await api.client().create(PET, pet('rex'));
    await eventually('it was looked at twice', () => seen.length >= 2);

    expect(seen.slice(0, 2)).toEqual([false, true]);
  });
});

describe('two replicas', () => {
  it('only the leader works; the other takes over when it stops', async () => {
    const api = await zoo();
    const client = api.client();
    const leaderElection = { leaseName: 'tenantry' };
    const a = start(api, 'a', { leaderElection });
    a.manager.addController(petController());
    await eventually('a leads', () => api.objects(LEASE)[0]?.spec?.holderIdentity === 'a');
    const b = start(api, 'b', { leaderElection });
    b.manager.addController(petController());
    await client.create(PET, pet('one'));
    await eventually('one is done', () => api.objects(PET)[0]?.status?.conditions !== undefined);
    await eventually('b has the stores', () =>
      b.manager.stores.get(PET, { namespace: 'default', name: 'one' }),
    );
    await expect(b.manager.client.delete(PET, { namespace: 'default', name: 'one' })).rejects.toThrow(
      'does not hold the lease',
    );
    await a.stop();
    await client.create(PET, pet('two'));

    await eventually('two is done by b', () =>
      api.objects(PET).every((object) => object.status?.conditions !== undefined),
    );
    expect(api.objects(LEASE)[0]?.spec?.holderIdentity).toBe('b');
  });
});

describe('a leader that loses the lease', () => {
  it('stops working and ends with an error, so that the process starts afresh', async () => {
    const api = await zoo();
    const client = api.client();
    const { manager, ended } = start(api, 'a', { leaderElection: { leaseName: 'tenantry' } });
    manager.addController(petController());
    await client.create(PET, pet('one'));
    await eventually('one is done', () => api.objects(PET)[0]?.status?.conditions !== undefined);
    const lease = await client.get(LEASE, { namespace: 'default', name: 'tenantry' });
    await client.replace(LEASE, { ...lease, spec: { ...lease.spec, holderIdentity: 'intruder' } });

    expect(await ended).toBeInstanceOf(LeadershipLost);
    await client.create(PET, pet('two'));
    expect(api.objects(LEASE)[0]?.spec?.holderIdentity).toBe('intruder');
    expect(api.objects(PET).find((object) => object.metadata.name === 'two')?.status).toBeUndefined();
    expect(api.openWatches()).toBe(0);
  });
});

describe('health', () => {
  it('is ready when the stores are filled, and shows metrics', async () => {
    const api = await zoo();
    const hold = api.fail({ path: '/api/v1/namespaces', watch: true }, { status: 500 }, 1000);
    const { manager } = start(api, 'a', { health: { port: 0, host: '127.0.0.1' } });
    manager.addController(petController());
    manager.ensureWatch(watch({ kind: NAMESPACE, wakes: () => [] }));
    const listHold = api.fail({ path: '/api/v1/namespaces' }, { status: 500 }, 1000);
    const port = await eventually('the port is open', () => manager.ports().health);
    const get = async (path: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    await eventually('pets are there', () => api.openWatches(PET) === 1);
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('Namespace') as string,
    });
    expect((await get('/healthz')).status).toBe(200);
    hold.remove();
    listHold.remove();
    await eventually('ready', async () => (await get('/readyz')).status === 200);

    await api.client().create(PET, pet('rex'));
    await eventually('measured', async () =>
      (await get('/metrics')).text.includes(
        'tenantry_reconcile_seconds_count{controller="pet",outcome="done"}',
      ),
    );
    expect((await get('/metrics')).text).toContain('tenantry_leader 1');
    expect((await get('/metrics')).text).toMatch(/process_resident_memory_bytes [1-9]/);
    expect((await get('/metrics')).text).toContain('tenantry_store_objects{kind="zoo.dev/Pet"} 1');
    expect((await get('/other')).status).toBe(404);
  });
});
