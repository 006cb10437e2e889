import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/doubles/eventually.ts';
import { startFakeApi } from '../../test/fakeapi/fake-api.ts';
import { CONFIG_MAP, POD } from '../kube/builtin-kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import { systemClock } from '../lib/clock.ts';
import { InformerSet } from './informer-set.ts';
import { silentLog } from './log.ts';

const map = (name: string, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name, labels },
});
const names = (objects: readonly KubeObject[]): string[] => objects.map((object) => object.metadata.name);

describe('InformerSet', () => {
  it('shares one watch among all who want the same, and ends it with the last of them', async () => {
    const api = await startFakeApi();
    const client = api.client();
    const set = new InformerSet({ client, clock: systemClock, log: silentLog });
    set.start();
    const first = set.hold({ kind: CONFIG_MAP });
    const second = set.hold({ kind: CONFIG_MAP });
    await first.informer.synced;
    await eventually('it watches', () => api.openWatches(CONFIG_MAP) === 1);
    await first.release();
    await first.release();
    expect(second.informer).toBe(first.informer);
    expect(api.openWatches(CONFIG_MAP)).toBe(1);
    await second.release();

    await eventually('nobody watches', () => api.openWatches(CONFIG_MAP) === 0);
    await set.stop();
    await api.close();
  });

  it('reads over watches with different selectors as over one store', async () => {
    const api = await startFakeApi();
    const client = api.client();
    for (const [name, labels] of [
      ['a', { x: '1' }],
      ['b', { x: '1', y: '1' }],
      ['c', { y: '1' }],
      ['d', {}],
    ] as const) {
      await client.create(CONFIG_MAP, map(name, labels));
    }
    const set = new InformerSet({ client, clock: systemClock, log: silentLog });
    const indexes = { label: (object: KubeObject) => Object.keys(object.metadata.labels ?? {}) };
    set.hold({ kind: CONFIG_MAP, labelSelector: 'x', indexes });
    set.hold({ kind: CONFIG_MAP, labelSelector: 'y', indexes });
    expect(set.unsynced()).toEqual(['ConfigMap', 'ConfigMap']);
    set.start();
    await set.synced();

    expect(names(set.stores.list(CONFIG_MAP, 'default'))).toEqual(['a', 'b', 'c']);
    expect(names(set.stores.byIndex(CONFIG_MAP, 'label', 'x'))).toEqual(['a', 'b']);
    expect(set.stores.get(CONFIG_MAP, { namespace: 'default', name: 'd' })).toBeUndefined();
    // The answer to a write goes only where the selector lets the watch see it.
    const learn = set.expect(CONFIG_MAP, { namespace: 'default', name: 'e' });
    learn(await client.create(CONFIG_MAP, map('e', { y: '1' })));
    expect(names(set.stores.byIndex(CONFIG_MAP, 'label', 'y'))).toEqual(['b', 'c', 'e']);
    expect(set.stores.byIndex(CONFIG_MAP, 'label', 'z')).toEqual([]);
    await set.stop();
    await api.close();
  });

  it('is filled for a later watch only once the store has what that one keeps', async () => {
    const api = await startFakeApi();
    const client = api.client();
    await client.create(CONFIG_MAP, { ...map('a', {}), data: { key: 'value' } } as KubeObject);
    const set = new InformerSet({ client, clock: systemClock, log: silentLog });
    set.start();
    const bare = ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }: KubeObject) =>
      ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }) as KubeObject;
    await set.hold({ kind: CONFIG_MAP, slim: bare }).informer.synced;

    const later = set.hold({ kind: CONFIG_MAP });
    expect(set.unsynced()).toEqual(['ConfigMap']);
    await later.informer.synced;

    // Whoever judges by what an earlier watch did not keep, sees changes that nobody made.
    expect(set.stores.get(CONFIG_MAP, { namespace: 'default', name: 'a' })).toMatchObject({
      data: { key: 'value' },
    });
    await set.stop();
    await api.close();
  });

  it('says which declaration is missing', async () => {
    const api = await startFakeApi();
    const set = new InformerSet({ client: api.client(), clock: systemClock, log: silentLog });
    set.hold({ kind: CONFIG_MAP });

    expect(() => set.stores.list(POD)).toThrow('nothing watches Pod; declare a watch of it');
    expect(() => set.stores.byIndex(CONFIG_MAP, 'owner', 'x')).toThrow('ConfigMap has no index "owner"');
    await api.close();
  });
});
