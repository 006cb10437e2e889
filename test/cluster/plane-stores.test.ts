import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/api/json-schema.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import { watchObjects } from '../../src/client/watcher.ts';
import { CONFIG_MAP, type ConfigMap } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Informer } from '../../src/runtime/informer.ts';
import { eventually } from '../doubles/eventually.ts';
import { KINDS, objectsOfPlane } from './plane-objects.ts';
import { fromRunner, run, shell } from './programs.ts';

/** One with a store of each sort. */
const PLANES = {
  'store-own': { backend: 'dedicated' },
  'store-all': { backend: 'shared' },
  'store-three': { backend: 'dedicated', storeReplicas: 3 },
} as const;
type Name = keyof typeof PLANES;
const NAMES = Object.keys(PLANES) as readonly Name[]; // true: Object.keys of exactly these
const START_MS = 120_000;
const PATIENCE_MS = 60_000;
/** For what asks for everything several times, on a machine that has no time. */
const LONG_MS = 240_000;

const folder = mkdtempSync(join(tmpdir(), 'tenantry-stores-'));
const path = (name: Name): string => join(folder, `${name}.json`);
const inside = (name: Name, line: string, input?: string) =>
  shell(line, { env: { KUBECONFIG: path(name) }, ...(input === undefined ? {} : { input }) });

async function must(ended: ReturnType<typeof shell>): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

interface Kubeconfig {
  clusters: { cluster: { server: string } }[];
}

/** The plane's own kubeconfig; only the node's address is reached through a port of this machine. */
async function fetchKubeconfig(name: Name): Promise<void> {
  const text = await run(
    `kubectl get secret admin-kubeconfig -n ${name}-system -o jsonpath='{.data.kubeconfig}'`,
  );
  // True by the Secret's form.
  const config = JSON.parse(Buffer.from(text, 'base64').toString()) as Kubeconfig;
  const { cluster } = config.clusters[0] ?? { cluster: { server: '' } };
  const target = cluster.server.replace('https://', '');
  const port = await run(
    `tenantry cluster forward --keep ${target} --name ${fromRunner('TENANTRY_CLUSTER')}`,
  );
  cluster.server = port.trim().replace('http:', 'https:');
  writeFileSync(path(name), JSON.stringify(config), { mode: 0o600 });
}

beforeAll(async () => {
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
  await Promise.all(
    NAMES.map(async (name) => {
      const plane = {
        apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
        kind: 'ControlPlane',
        metadata: { name },
        spec: { type: 'k8s', ...PLANES[name] },
      };
      await must(shell('kubectl apply -f -', { input: JSON.stringify(plane) }));
      await run(`kubectl wait controlplane/${name} --for=condition=Ready --timeout=${START_MS / 1000}s`);
    }),
  );
  for (const name of NAMES) await fetchKubeconfig(name);
}, 2 * START_MS);

afterAll(async () => {
  await shell(`kubectl delete controlplane ${NAMES.join(' ')} --ignore-not-found --timeout=90s`);
  rmSync(folder, { recursive: true });
});

interface Listed extends JsonObject {
  metadata: { name: string; namespace?: string; resourceVersion: string };
}

/** Everything in a plane that a tenant could have made, by kind, namespace and name. */
async function everything(name: Name): Promise<ReadonlyMap<string, Listed>> {
  const text = await must(inside(name, `kubectl get ${KINDS.join(',')} -A -o json`));
  const { items } = JSON.parse(text) as { items: (Listed & { kind: string })[] }; // true: a list of kubectl's
  return new Map(
    items
      // Whose authority it is differs from plane to plane.
      .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
      .filter(({ metadata }) => metadata.name !== 'extension-apiserver-authentication')
      .map((one) => [`${one.kind} ${one.metadata.namespace ?? ''}/${one.metadata.name}`, one]),
  );
}

/** All fields but the resourceVersion. */
const fieldsOf = (all: ReadonlyMap<string, Listed>): JsonObject =>
  Object.fromEntries(
    [...all].map(([key, { metadata, ...rest }]) => [
      key,
      { ...rest, metadata: { ...metadata, resourceVersion: '' } },
    ]),
  );
const versionsOf = (all: ReadonlyMap<string, Listed>): readonly number[] =>
  [...all.values()].map(({ metadata }) => Number(metadata.resourceVersion));

/** Nothing of it is written any more by controllers. */
async function settled(name: Name): Promise<ReadonlyMap<string, Listed>> {
  let last = await everything(name);
  await eventually(
    `${name} is quiet`,
    async () => {
      const before = JSON.stringify(fieldsOf(last));
      last = await everything(name);
      return JSON.stringify(fieldsOf(last)) === before;
    },
    PATIENCE_MS,
  );
  return last;
}

describe('a tenant that is taken from one plane to another', () => {
  const file = join(folder, 'first.snapshot');
  let first: ReadonlyMap<string, Listed>;

  it('is written into a file: 500 objects of 20 kinds', async () => {
    await must(inside('store-own', 'kubectl create -f -', JSON.stringify(objectsOfPlane(25))));
    first = await settled('store-own');
    expect(first.size).toBeGreaterThanOrEqual(500);

    const said = await must(shell(`tenantry controlplane snapshot store-own --out ${file}`));

    expect(said).toContain(`${file}: `);
  });

  it(
    'is the same there, field by field: out of etcd into PostgreSQL; who watches ends with what a list shows',
    async () => {
      const before = await everything('store-all');
      const watching = await watchConfigMaps('store-all');
      await eventually('the informer has everything', watching.isAsListed, PATIENCE_MS);
      const begin = performance.now();

      process.stdout.write(
        `${await must(shell(`tenantry controlplane restore store-all --from ${file}`))}\n`,
      );
      process.stdout.write(`restored in ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);

      await eventually(
        'every object is the same',
        async () =>
          JSON.stringify(fieldsOf(await everything('store-all'))) === JSON.stringify(fieldsOf(first)),
        PATIENCE_MS,
      ).catch(() => undefined);
      const after = await everything('store-all');
      expect(fieldsOf(after)).toEqual(fieldsOf(first));
      const changed = [...after].filter(
        ([key, { metadata }]) => before.get(key)?.metadata.resourceVersion !== metadata.resourceVersion,
      );
      expect(changed.length).toBeGreaterThanOrEqual(500);
      expect(Math.min(...versionsOf(new Map(changed)))).toBeGreaterThan(Math.max(...versionsOf(before)));
      // Its controllers rested meanwhile, and run again.
      await run('kubectl wait controlplane/store-all --for=condition=Ready --timeout=60s');
      await eventually('the informer has what a list shows', watching.isAsListed, PATIENCE_MS);
      await watching.end();
    },
    LONG_MS,
  );

  it(
    'comes back, and what was made in between goes: out of PostgreSQL into etcd',
    async () => {
      const second = join(folder, 'second.snapshot');
      await must(shell(`tenantry controlplane snapshot store-all --out ${second}`));
      const shared = await everything('store-all');
      await must(inside('store-own', 'kubectl create configmap later -n default'));
      await must(inside('store-own', 'kubectl delete configmap tenant-1 -n default'));
      const before = await everything('store-own');

      await must(shell(`tenantry controlplane restore store-own --from ${second}`));

      const isTheSame = async (): Promise<boolean> =>
        JSON.stringify(fieldsOf(await everything('store-own'))) === JSON.stringify(fieldsOf(shared));
      await eventually('every object is the same', isTheSame, PATIENCE_MS).catch(() => undefined);
      const after = await everything('store-own');
      expect(fieldsOf(after)).toEqual(fieldsOf(shared));
      expect(Math.max(...versionsOf(after))).toBeGreaterThan(Math.max(...versionsOf(before)));
      // What was there all the time was not touched.
      const same = [...after].filter(
        ([key, { metadata }]) => before.get(key)?.metadata.resourceVersion === metadata.resourceVersion,
      );
      expect(same.length).toBeGreaterThan(490);
    },
    LONG_MS,
  );

  it(
    'is taken of all planes by one command, which keeps the newest, and the last one is a snapshot',
    async () => {
      const kept = join(folder, 'kept');
      // Of planes of other tests, too, which may be on their way.
      const take = async (): Promise<string> =>
        (await shell(`tenantry controlplane snapshot --all --folder ${kept} --keep 1`)).stdout;
      const said = await take();
      for (const name of NAMES)
        expect(said).toMatch(new RegExp(`/${name}-[0-9a-f]{8}/\\d{8}T\\d{6}Z.snapshot: `));
      const first = await must(shell(`ls ${kept}/store-own-*`));
      await eventually(
        'a second is over',
        async () => (await must(shell('date -u +%Y%m%dT%H%M%SZ'))) > (first.split('.')[0] ?? ''),
        PATIENCE_MS,
      );
      await take();

      const files = (await must(shell(`ls ${kept}/store-own-*`))).split('\n');
      expect([files.length, files.includes(first)]).toEqual([1, false]);
      const last = await must(shell(`echo ${kept}/store-own-*/*`));
      await must(shell(`tenantry controlplane restore store-own --from ${last}`));
    },
    LONG_MS,
  );

  it('is not taken from a file that is no snapshot', async () => {
    const { code, stderr } = await shell(
      `tenantry controlplane restore store-own --from ${path('store-own')}`,
    );

    expect(code).not.toBe(0);
    expect(stderr).toContain('no snapshot of a control plane');
  });
});

describe('what is in a store', () => {
  it.each(NAMES)('is said of %s, and that it is well', async (name) => {
    await run(`kubectl wait controlplane/${name} --for=condition=StoreHealthy --timeout=60s`);
    const text = await run(`kubectl get controlplane ${name} -o jsonpath='{.status.store}'`);
    const { bytes, objects } = JSON.parse(text) as Record<string, number>; // true by the CRD

    expect(bytes).toBeGreaterThan(10_000);
    expect(objects).toBeGreaterThan(50);
  });
});

describe('an etcd of three members', () => {
  it('loses one while objects are written, and nothing that was acknowledged', async () => {
    const list = 'kubectl get configmaps -n default -o name';
    const writing = inside(
      'store-three',
      'for n in $(seq 1 25); do kubectl create configmap kept-$n -n default -o name --request-timeout=5s 2>/dev/null; done',
    );
    await eventually(
      'some are written',
      async () => (await inside('store-three', list)).stdout.includes('kept-5\n'),
      PATIENCE_MS,
    );

    await must(shell('kubectl delete pod etcd-0 -n store-three-system --grace-period=0 --force'));

    const acknowledged = (await writing).stdout.split('\n').filter((line) => line !== '');
    const there = (await must(inside('store-three', list))).split('\n');
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(acknowledged.filter((line) => !there.includes(line))).toEqual([]);
    await run(
      "kubectl wait statefulset/etcd -n store-three-system --for=jsonpath='{.status.readyReplicas}'=3 --timeout=60s",
    );
  });
});

/** What the operator itself uses: an informer of the plane's ConfigMaps. It keeps no object that is older than the one it has. */
async function watchConfigMaps(name: Name) {
  const surroundings = nodeSurroundings({ env: process.env, cwd: folder, clock: systemClock });
  const access = await loadAccess({ kubeconfig: path(name), context: undefined }, surroundings);
  const client = createClient(access, { clock: systemClock, userAgent: 'tenantry-test' });
  const informer = new Informer<ConfigMap>({
    source: (signal) => watchObjects(client, CONFIG_MAP, { clock: systemClock, signal }),
    slim: (object) => object,
    clock: systemClock,
    onError: () => undefined,
  });
  informer.start();
  return {
    /** Whether it has what a list shows, UIDs and resourceVersions too. */
    isAsListed: async (): Promise<boolean> => {
      const { items } = await client.list(CONFIG_MAP);
      const facts = (all: readonly ConfigMap[]): string =>
        all
          .map(({ metadata, data }) =>
            JSON.stringify([metadata.namespace, metadata.name, metadata.uid, metadata.resourceVersion, data]),
          )
          .toSorted()
          .join('\n');
      return facts(items) === facts(informer.store.list());
    },
    end: async (): Promise<void> => {
      await informer.stop();
      await client.close();
    },
  };
}
