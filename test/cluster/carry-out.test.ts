import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import { CONFIG_MAP, DEPLOYMENT, EVENT, NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createCarryOut, type CarriedOut } from '../../src/runtime/carry-out.ts';
import { createEvents } from '../../src/runtime/events.ts';
import { createLeaderElection } from '../../src/runtime/leader-election.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { isNotOurs } from '../../src/runtime/not-ours.ts';

// What the unit tests assume about writes, held to a real API server: ownership of fields above all, which no double has.

/** A name of its own for each run: a namespace takes its time to go. */
const NS = `tenantry-test-carry-out-${Date.now().toString(36)}`;
const LABEL = 'tenantry.dev/instance-uid';
const OWNER = 'owner-1';
const labels = { [LABEL]: OWNER };

let client: Client;
beforeAll(async () => {
  const surroundings = nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock });
  client = createClient(await loadAccess({}, surroundings), { clock: systemClock });
  await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NS } });
});
afterAll(async () => {
  await client.delete(NAMESPACE, { name: NS });
  await client.close();
});

/** Carries out one `own` about a ConfigMap that stands for the planned object. */
async function own(kind: Kind, object: KubeObject, uid?: string): Promise<CarriedOut> {
  const events = createEvents({ client, clock: systemClock, log: silentLog, identity: 'test' });
  const carryOut = createCarryOut({ client, clock: systemClock, events, log: silentLog });
  const about = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: NS, name: 'about' } };
  return carryOut(CONFIG_MAP, about, {
    stages: [{ name: 's', writes: [{ verb: 'own', kind, object, owner: OWNER, uid }] }],
  });
}

const configMap = (
  name: string,
  data: Record<string, string>,
): KubeObject & { data: Record<string, string> } => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: NS, name, labels },
  data,
});

describe('own, on a real API server', () => {
  it('removes fields of the first version from the second, and leaves those of others', async () => {
    await own(CONFIG_MAP, configMap('a', { kept: '1', dropped: '1' }));
    await client.patch(
      CONFIG_MAP,
      { namespace: NS, name: 'a' },
      { type: 'merge', body: { data: { theirs: '1' } } },
      { fieldManager: 'other' },
    );
    await own(CONFIG_MAP, configMap('a', { kept: '2', added: '1' }));
    await own(CONFIG_MAP, configMap('a', { kept: '3' }));

    expect((await client.get(CONFIG_MAP, { namespace: NS, name: 'a' })).data).toEqual({
      kept: '3',
      theirs: '1',
    });
  });

  it('drops a container variable and keeps what the server filled in', async () => {
    const deployment = (env: readonly { name: string; value: string }[]): KubeObject =>
      ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace: NS, name: 'd', labels },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'd' } },
          template: {
            metadata: { labels: { app: 'd' } },
            spec: { containers: [{ name: 'c', image: 'i', env }] },
          },
        },
      }) as KubeObject;
    await own(
      DEPLOYMENT,
      deployment([
        { name: 'A', value: '1' },
        { name: 'B', value: '1' },
      ]),
    );
    const before = await client.get(DEPLOYMENT, { namespace: NS, name: 'd' });
    await own(DEPLOYMENT, deployment([{ name: 'A', value: '1' }]), before.metadata.uid);
    const after = await client.get(DEPLOYMENT, { namespace: NS, name: 'd' });

    expect(after.spec?.template.spec?.containers[0]?.env).toEqual([{ name: 'A', value: '1' }]);
    expect(after.spec?.template.spec?.terminationGracePeriodSeconds).toBe(30);
    expect(after.spec?.strategy).toEqual(before.spec?.strategy);
  });

  it('writes nothing when the object reads as planned', async () => {
    const first = await own(CONFIG_MAP, configMap('same', { k: '1' }));
    await own(CONFIG_MAP, configMap('same', { k: '1' }), first.written[0]?.object?.metadata.uid);
    const second = await client.get(CONFIG_MAP, { namespace: NS, name: 'same' });
    await own(CONFIG_MAP, configMap('same', { k: '1' }), second.metadata.uid);

    expect((await client.get(CONFIG_MAP, { namespace: NS, name: 'same' })).metadata.resourceVersion).toBe(
      second.metadata.resourceVersion,
    );
  });

  it('leaves a foreign object untouched', async () => {
    const foreign = await client.create(CONFIG_MAP, {
      ...configMap('foreign', { theirs: '1' }),
      metadata: { namespace: NS, name: 'foreign' },
    });
    const error: unknown = await own(CONFIG_MAP, configMap('foreign', { ours: '1' })).catch(
      (caught: unknown) => caught,
    );

    expect(isNotOurs(error)).toBe(true);
    expect(await client.get(CONFIG_MAP, { namespace: NS, name: 'foreign' })).toEqual(foreign);
  });
});

describe('events and leases, on a real API server', () => {
  it('takes our events and their counts', async () => {
    const about = await client.create(CONFIG_MAP, configMap('about', {}));
    const events = createEvents({ client, clock: systemClock, log: silentLog, identity: 'test' });
    for (let i = 0; i < 2; i += 1)
      await events.emit(about, { type: 'Warning', reason: 'Bad', message: 'It is bad.' });

    const { items } = await client.list(EVENT, { namespace: NS });
    expect(items.map(({ note, series }) => [note, series?.count])).toEqual([['It is bad.', 2]]);
  });

  it('hands a lease on', async () => {
    const elect = (identity: string): ReturnType<typeof createLeaderElection> =>
      createLeaderElection({
        client,
        clock: systemClock,
        log: silentLog,
        identity,
        namespace: NS,
        leaseName: 'test',
      });
    const order: string[] = [];
    for (const name of ['a', 'b']) {
      const stop = new AbortController();
      const ended = elect(name).run(stop.signal, async () => {
        order.push(name);
        stop.abort();
        await Promise.resolve();
      });
      expect(await ended).toBe('stopped');
    }

    expect(order).toEqual(['a', 'b']);
  });
});
