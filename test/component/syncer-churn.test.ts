import { describe, expect, it } from 'vitest';
import { CONFIG_MAP, NODE, POD, SECRET, SERVICE, type Pod } from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { NAME_ANNOTATION, NAMESPACE_ANNOTATION, UID_ANNOTATION } from '../../src/syncer/marks.ts';
import { pod, service, TENANT } from '../builders/virtual.ts';
import { eventually } from '../doubles/eventually.ts';
import type { FakeApi } from '../fakeapi/fake-api.ts';
import { SyncerRig } from './syncer-rig.ts';

// Whatever happens, and whenever the syncer dies: in the end the host has what the tenant has, once, and nothing else; and a
// syncer that is started then finds nothing to do.

const STEPS = 60;
const NAMES = ['a', 'b', 'c', 'd'];
const SETTLE_MS = 15_000;

/** A failing seed is replayed by `SYNCER_SEED=… npx vitest run --project unit test/component/syncer-churn.test.ts`. */
const SEEDS = process.env['SYNCER_SEED'] === undefined ? [1, 2, 3] : [Number(process.env['SYNCER_SEED'])];

/** Numbers in [0, 1) from a seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Step = (rig: SyncerRig, name: string, draw: () => number) => Promise<unknown>;
const shop = (name: string): { namespace: string; name: string } => ({ namespace: 'shop', name });
const config = (name: string, value: string): KubeObject & { data: Record<string, string> } => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: shop(name),
  data: { value },
});
/** What a person tries: that it is refused is no failure of the syncer. */
const tried = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);

const STEPS_OF: Readonly<Record<string, Step>> = {
  'make a pod': (rig, name) =>
    tried(
      rig.cluster.create(POD, {
        ...pod({
          containers: [{ name: 'main', image: 'i', envFrom: [{ configMapRef: { name } }] }],
          volumes: [{ name: 'api', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
        }),
        metadata: shop(name),
      }),
    ),
  'delete a pod': (rig, name) => tried(rig.cluster.delete(POD, shop(name))),
  'label a pod': (rig, name, draw) =>
    tried(
      rig.cluster.patch(POD, shop(name), {
        type: 'merge',
        body: { metadata: { labels: { drawn: draw() < 0.5 ? null : 'yes' } } },
      }),
    ),
  'write a config': (rig, name, draw) =>
    tried(
      rig.cluster.apply(CONFIG_MAP, config(name, String(Math.floor(draw() * 9))), { fieldManager: 'me' }),
    ),
  'delete a config': (rig, name) => tried(rig.cluster.delete(CONFIG_MAP, shop(name))),
  'make a service': (rig, name) =>
    tried(rig.cluster.create(SERVICE, { ...service(name, { ports: [{ port: 80 }] }), metadata: shop(name) })),
  'delete a service': (rig, name) => tried(rig.cluster.delete(SERVICE, shop(name))),
  'run a pod': (rig, name) => {
    const host = rig.hostPod(name);
    if (host !== undefined && host.status === undefined) rig.report(host, `n-${name}`);
    return Promise.resolve();
  },
  'lose a pod': (rig, name) => {
    const host = rig.hostPod(name);
    const ref = { namespace: TENANT.hostNamespace, name: host?.metadata.name ?? '' };
    return host === undefined ? Promise.resolve() : tried(rig.hostClient.delete(POD, ref));
  },
  'change a pod from outside': (rig, name) => {
    const host = rig.hostPod(name);
    if (host === undefined) return Promise.resolve();
    rig.host.put(POD, {
      ...host,
      metadata: { ...host.metadata, labels: { ...host.metadata.labels, injected: 'yes' } },
    });
    return Promise.resolve();
  },
  'break a call': (rig, _name, draw) => {
    const api = draw() < 0.5 ? rig.host : rig.tenant;
    const kind = draw();
    const fault =
      kind < 0.3 ? { reset: 'before' as const } : kind < 0.6 ? { reset: 'after' as const } : { status: 500 };
    api.fail(({ method, path }) => method !== 'GET' && !path.endsWith('/events'), fault);
    return Promise.resolve();
  },
  'break the watches': (rig, _name, draw) => {
    (draw() < 0.5 ? rig.host : rig.tenant).dropWatches();
    return Promise.resolve();
  },
  'kill the syncer': async (rig) => {
    await rig.stop();
    await rig.sync();
  },
  wait: () => new Promise((resolve) => setImmediate(resolve)),
};

/** What both clusters have to say of a pod. */
function stateOf({ metadata, spec, status }: Pod): string {
  return `${spec?.nodeName ?? 'nowhere'} ${status?.phase ?? 'unknown'} ${metadata.labels?.['drawn'] ?? '-'}`;
}

/** The nodes that a tenant sees: those with pods, with two addresses each. */
function nodesOf(pods: readonly Pod[]): readonly string[] {
  const names = pods.flatMap(({ spec }) => (spec?.nodeName === undefined ? [] : [spec.nodeName]));
  return [...new Set(names)].map((name) => `node ${name} 2`);
}

/** Objects as `kind namespace/name uid`, as the tenant has them. */
function wanted(rig: SyncerRig): readonly string[] {
  const pods = rig.tenant.objects(POD, 'shop');
  const configs = rig.tenant
    .objects(CONFIG_MAP, 'shop')
    .filter(({ metadata }) => pods.some((one) => one.metadata.name === metadata.name));
  const line = (kind: string, { metadata }: KubeObject): string =>
    `${kind} shop/${metadata.name} ${metadata.uid}`;
  return [
    ...pods.map((one) => `${line('pod', one)} ${stateOf(one)}`),
    ...nodesOf(pods),
    ...configs.map((one) => line('config', one)),
    ...rig.tenant.objects(SERVICE, 'shop').map((one) => line('service', one)),
    // One Secret of tokens a pod that asks for one.
    ...pods.filter(({ spec }) => spec?.volumes !== undefined).map((one) => `tokens ${one.metadata.uid}`),
  ].sort();
}

/** The same, as the host has them. */
function found(rig: SyncerRig): readonly string[] {
  const at = TENANT.hostNamespace;
  const line = (kind: string, { metadata }: KubeObject): string =>
    `${kind} ${metadata.annotations?.[NAMESPACE_ANNOTATION]}/${metadata.annotations?.[NAME_ANNOTATION]} ${metadata.annotations?.[UID_ANNOTATION]}`;
  return [
    ...rig.host.objects(POD, at).map((one) => `${line('pod', one)} ${stateOf(one)}`),
    ...rig.tenant
      .objects(NODE)
      .map(({ metadata, status }) => `node ${metadata.name} ${status?.addresses?.length}`),
    ...rig.host.objects(CONFIG_MAP, at).map((one) => line('config', one)),
    ...rig.host
      .objects(SERVICE, at)
      // The name server's is there from the start.
      .filter(({ metadata }) => metadata.annotations?.[NAMESPACE_ANNOTATION] === 'shop')
      .map((one) => line('service', one)),
    ...rig.host
      .objects(SECRET, at)
      .map(({ metadata }) => `tokens ${metadata.labels?.['tenantry.dev/token-of']}`),
  ].sort();
}

/** Contents, where they can differ. */
function contentsAgree(rig: SyncerRig): boolean {
  const host = rig.host.objects(CONFIG_MAP, TENANT.hostNamespace);
  return host.every(({ metadata, data }) => {
    const name = metadata.annotations?.[NAME_ANNOTATION];
    const own = rig.tenant.objects(CONFIG_MAP, 'shop').find((one) => one.metadata.name === name);
    return JSON.stringify(own?.data) === JSON.stringify(data);
  });
}

/** Events are said again by each process: it does not know what an earlier one said. */
const isWrite = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  method !== 'GET' && !path.endsWith('/events');
/** Writes about anything but the pod `last` and its Secret of tokens. */
const writesPastLast = (api: FakeApi): number =>
  api.requests.filter((request) => isWrite(request) && !JSON.stringify(request).includes('"last')).length;

describe('a virtual cluster in which everything goes wrong', () => {
  it.each(SEEDS)('ends with what the tenant has, seed %i', { timeout: 60_000 }, async (seed) => {
    const draw = numbers(seed);
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(draw() * list.length)];
    const rig = await SyncerRig.start();
    await rig.sync();
    const done: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const what = pick(Object.keys(STEPS_OF)) ?? 'wait';
      const name = pick(NAMES) ?? 'a';
      done.push(`${what} ${name}`);
      await STEPS_OF[what]?.(rig, name, draw);
      await new Promise((resolve) => setImmediate(resolve));
    }

    const agree = (): boolean =>
      JSON.stringify(wanted(rig)) === JSON.stringify(found(rig)) && contentsAgree(rig);
    await eventually('both agree', agree, SETTLE_MS).catch(() => {
      expect(found(rig), done.join(', ')).toEqual(wanted(rig));
    });
    await rig.stop();
    const before = [writesPastLast(rig.host), writesPastLast(rig.tenant)];
    // Filled and worked through: each pair is looked at before a new one is.
    await rig.sync();
    await rig.runPod('last');

    await eventually('the last one agrees, too', agree, SETTLE_MS);
    expect([writesPastLast(rig.host), writesPastLast(rig.tenant)], done.join(', ')).toEqual(before);
    await rig.close();
  });
});
