import { afterEach, describe, expect, it } from 'vitest';
import { CONFIG_MAP, CRD, LEASE } from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import type { Controller } from '../../src/runtime/controller.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager, LeadershipLost, type Manager } from '../../src/runtime/manager.ts';
import type { StatusBase } from '../../src/runtime/plan.ts';
import { shardOf } from '../../src/runtime/shards.ts';
import { mapOf, OWNER_LABEL, PET, PET_DEFINITION, pet, type Pet } from '../builders/pets.ts';
import { eventually as eventuallyWithin } from '../doubles/eventually.ts';
import type { RequestRecord } from '../fakeapi/faults.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const SHARDS = 3;

/** Looks at leases four times as often as it would; they last as long as ever, or a slow machine would lose them. */
const eagerClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 4, signal) };
/** For what waits until a lease has run out, and for machines that are slow. */
const PATIENCE_MS = 30_000;

/** A replica of the operator: each pet gets a ConfigMap that says who fed it, and what. */
interface Replica {
  readonly name: string;
  readonly manager: Manager;
  readonly forgotten: string[];
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

const eventually = <T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> =>
  eventuallyWithin(what, check, PATIENCE_MS);

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function zoo(pets: number): Promise<FakeApi> {
  const api = await startFakeApi({ tokens: { tester: 'tester', a: 'a', b: 'b', c: 'c', alone: 'alone' } });
  stops.push(() => api.close());
  const client = api.client({ token: 'tester' });
  await client.create(CRD, PET_DEFINITION);
  for (let n = 0; n < pets; n += 1) await client.create(PET, pet(`pet-${n}`, { food: 'hay' }));
  return api;
}

function feeder(name: string, forgotten: string[]): Controller<Pet, undefined, StatusBase> {
  return {
    name: 'pet',
    kind: PET,
    placement: 'shards',
    watches: [],
    observe: () => Promise.resolve(undefined),
    plan: (object) => ({
      stages: [{ name: 'map', writes: [mapOf(object, { by: name, food: object.spec?.food ?? '' })] }],
    }),
    forget: (ref) => forgotten.push(ref.name),
  };
}

/** Counts what is the leader's alone and what every replica has for itself. */
function starts(
  name: string,
  placement: 'leader' | 'replicas',
  into: string[],
): Controller<Pet, undefined, StatusBase> {
  return {
    name: placement,
    kind: PET,
    placement,
    watches: [],
    observe: ({ metadata }) => {
      if (metadata.name === 'pet-0') into.push(name);
      return Promise.resolve(undefined);
    },
    plan: () => ({ stages: [] }),
  };
}

function start(
  api: FakeApi,
  name: string,
  seen: { leader: string[]; replicas: string[] } = { leader: [], replicas: [] },
): Replica {
  const forgotten: string[] = [];
  const manager = createManager({
    client: api.client({ token: name }),
    clock: eagerClock,
    log: silentLog,
    identity: name,
    namespace: 'default',
    leaderElection: { leaseName: 'op', shards: SHARDS },
  });
  manager.addController(feeder(name, forgotten));
  manager.addController(starts(name, 'leader', seen.leader));
  manager.addController(starts(name, 'replicas', seen.replicas));
  const abort = new AbortController();
  const ended = manager.run(abort.signal).catch((error: unknown) => error);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  stops.push(stop);
  return { name, manager, forgotten, ended, stop };
}

const holders = (api: FakeApi): string[] =>
  Array.from({ length: SHARDS }, (_, shard) => {
    const lease = api.objects(LEASE).find(({ metadata }) => metadata.name === `op-shard-${shard}`);
    return lease?.spec?.holderIdentity ?? '';
  });

const isDivided = (api: FakeApi, among: number): boolean =>
  new Set(holders(api)).size === among && !holders(api).includes('');

const fed = (api: FakeApi): KubeObject[] =>
  api.objects(CONFIG_MAP, 'default').filter(({ metadata }) => metadata.name.startsWith('pet-'));

const mapWrites = (api: FakeApi): RequestRecord[] =>
  api.requests.filter(({ method, path }) => method !== 'GET' && path.includes('/configmaps'));

describe('three replicas and three shards', { timeout: 90_000 }, () => {
  it('divide the objects: each is written once, by who holds its shard', async () => {
    const api = await zoo(0);
    const seen = { leader: [] as string[], replicas: [] as string[] };
    for (const name of ['a', 'b', 'c']) start(api, name, seen);
    await eventually('each has a shard', () => isDivided(api, 3));
    const client = api.client({ token: 'tester' });
    for (let n = 0; n < 30; n += 1) await client.create(PET, pet(`pet-${n}`, { food: 'hay' }));
    await eventually('all are fed', () => fed(api).length === 30);

    expect(mapWrites(api)).toHaveLength(30);
    const by = holders(api);
    for (const map of fed(api)) {
      const owner = map.metadata.labels?.[OWNER_LABEL] ?? '';
      expect((map as KubeObject & { data: { by: string } }).data.by).toBe(by[shardOf(owner, SHARDS)]);
    }
    expect(new Set(seen.leader).size).toBe(1);
    expect([...new Set(seen.replicas)].toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('hand over when one comes and when one goes, and what moves is forgotten', async () => {
    const api = await zoo(12);
    const a = start(api, 'a');
    await eventually('a feeds all', () => fed(api).length === 12 && holders(api).every((by) => by === 'a'));
    const b = start(api, 'b');
    await eventually('b has a share', () => isDivided(api, 2));
    const moved = holders(api).indexOf('b');
    const inShard = api.objects(PET).filter(({ metadata }) => shardOf(metadata.uid ?? '', SHARDS) === moved);
    expect(a.forgotten.toSorted()).toEqual(inShard.map(({ metadata }) => metadata.name).toSorted());
    expect(a.manager.share()).toBeCloseTo(2 / 3);
    await a.stop();
    await eventually('b has all', () => holders(api).every((by) => by === 'b'));
    const client = api.client({ token: 'tester' });
    await client.create(PET, pet('pet-late'));

    await eventually('the late one is fed', () => fed(api).length === 13);
    expect(b.manager.share()).toBe(1);
    expect(api.objects(LEASE).some(({ metadata }) => metadata.name === 'op-replica-a')).toBe(false);
  });

  it('take over from one whose leases run out; what it still wants to write is not written', async () => {
    const api = await zoo(12);
    const [a] = ['a', 'b', 'c'].map((name) => start(api, name));
    await eventually('each has a shard', () => isDivided(api, 3) && fed(api).length === 12);
    const mine = holders(api).indexOf('a');
    // a hears changes and can write, but its leases are renewed no more.
    api.fail((request) => request.user === 'a' && request.path.includes('/leases'), { status: 503 }, 100_000);
    expect(await a?.ended).toBeInstanceOf(LeadershipLost);
    await eventually('its shard is held by another', () => !['a', ''].includes(holders(api)[mine] ?? ''));
    const before = mapWrites(api).length;
    const client = api.client({ token: 'tester' });
    for (let n = 100; n < 112; n += 1) await client.create(PET, pet(`pet-${n}`, { food: 'hay' }));
    await eventually('all are fed', () => fed(api).length === 24);

    const created = mapWrites(api)
      .filter(({ method, status }) => method === 'POST' && status === 201)
      .map(({ body }) => (body as KubeObject).metadata.name);
    expect(new Set(created).size).toBe(created.length);
    expect(
      mapWrites(api)
        .slice(before)
        .some(({ user }) => user === 'a'),
    ).toBe(false);
  });

  it('wait for one that does everything alone', async () => {
    const api = await zoo(3);
    const alone = createManager({
      client: api.client({ token: 'alone' }),
      clock: eagerClock,
      log: silentLog,
      identity: 'alone',
      namespace: 'default',
      leaderElection: { leaseName: 'op' },
    });
    alone.addController(feeder('alone', []));
    const abort = new AbortController();
    const ended = alone.run(abort.signal);
    await eventually('it works', () => fed(api).length === 3);
    start(api, 'a');
    await eventually('a says that it is there', () =>
      api.objects(LEASE).some(({ metadata }) => metadata.name === 'op-replica-a'),
    );
    await api.client({ token: 'tester' }).create(PET, pet('pet-9'));
    await eventually('it goes on', () => fed(api).length === 4);
    expect(holders(api)).toEqual(['', '', '']);
    abort.abort();
    await ended;

    await eventually('a works', () => holders(api).every((by) => by === 'a'));
  });
});
