import fc from 'fast-check';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { podStats } from '../../../test/builders/pod-stats.ts';
import type { PersistentVolumeClaim, Pod } from '../../kube/builtin-kinds.ts';
import { measureUsage, type Usage } from './measure-usage.ts';

type PodParts = { readonly spec?: object; readonly status?: object };
const pod = (name: string, { spec, status }: PodParts = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop1', uid: `uid-${name}` },
  spec: { containers: [{ name: 'c' }], nodeName: 'n1', ...spec },
  status: { phase: 'Running', ...status },
});
const claim = (name: string, asked: string, given?: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'shop1' },
  spec: { resources: { requests: { storage: asked } } },
  ...(given === undefined ? {} : { status: { capacity: { storage: given } } }),
});
const container = (parts: object) => ({ name: 'c', image: '', imageID: '', ready: true, ...parts });
const ended = (reason: string) => ({ terminated: { exitCode: 137, reason } });

describe('measureUsage', () => {
  it('is nothing where nothing is', () => {
    const { perPod, unmeasuredPods, unmeasuredClaims, ...figures } = measureUsage([], [], []);

    expect(new Set(Object.values(figures))).toEqual(new Set([0]));
    expect([perPod, unmeasuredPods, unmeasuredClaims]).toEqual([[], [], []]);
  });

  it('counts pods, containers, nodes, restarts and kills', () => {
    const status = {
      initContainerStatuses: [container({ restartCount: 1, lastState: ended('OOMKilled') })],
      containerStatuses: [
        container({ restartCount: 3, state: ended('OOMKilled'), lastState: ended('OOMKilled') }),
        container({ restartCount: 2, lastState: ended('Error') }),
      ],
    };
    const pods = [
      pod('a', { status, spec: { initContainers: [{ name: 'first' }] } }),
      pod('b', { spec: { nodeName: 'n2' }, status: { phase: 'Succeeded' } }),
      pod('c', { status: { phase: 'Failed' } }),
      pod('d', { spec: { nodeName: undefined }, status: { phase: 'Pending' } }),
      pod('e', { status: { phase: undefined } }),
    ];

    expect(measureUsage(pods, [], [])).toMatchObject({
      pods: 5,
      containers: 6,
      nodes: 2,
      notRunningPods: 3,
      restarts: 6,
      oomKills: 3,
    });
  });

  it('does not take a former pod of the same name, or one that has ended, for one that runs', () => {
    const pods = [pod('a'), pod('b', { status: { phase: 'Succeeded' } })];

    const usage = measureUsage(pods, [], [{ ...podStats('a'), uid: 'uid-before' }, podStats('b')]);

    expect(usage).toMatchObject({ cpuMillicores: undefined, memoryBytes: undefined, perPod: [] });
    expect(usage.unmeasuredPods).toEqual(['a']);
  });

  it('needs no figures of a pod that waits', () => {
    const usage = measureUsage([pod('a', { status: { phase: 'Pending' } })], [], []);

    expect(usage).toMatchObject({ cpuMillicores: 0, receivedBytes: 0, unmeasuredPods: [] });
  });

  it('names a pod whose CPU or memory is not told, and adds the others up', () => {
    const usage = measureUsage(
      [pod('a'), pod('b'), pod('c')],
      [],
      [podStats('a'), podStats('b', { cpuMillicores: undefined })],
    );

    expect(usage).toMatchObject({ cpuMillicores: 1, memoryBytes: 6, unmeasuredPods: ['b', 'c'] });
  });

  it('leaves the node’s network to the node', () => {
    const host = pod('host', { spec: { hostNetwork: true } });
    const both = [podStats('host', { receivedBytes: 1e9 }), podStats('a')];

    expect(measureUsage([host, pod('a')], [], both)).toMatchObject({ receivedBytes: 4, transmittedBytes: 5 });
    expect(measureUsage([host], [], both)).toMatchObject({ receivedBytes: 0, cpuMillicores: 1 });
  });

  it('counts a claim once, whoever mounts it', () => {
    const data = { name: 'data', usedBytes: 400, capacityBytes: 1000 };
    const later = { ...data, usedBytes: 410 };
    const pods = [pod('a'), pod('b')];

    const usage = measureUsage(
      pods,
      [claim('data', '500', '1000')],
      [podStats('a', { claims: [data] }), podStats('b', { claims: [later] })],
    );

    expect(usage).toMatchObject({ storageBytes: 1000, storageUsedBytes: 410, ephemeralBytes: 12 });
    expect(usage.unmeasuredClaims).toEqual([]);
  });

  it('takes the unit of a claim for what it is, bound or not', () => {
    const claims = [claim('a', '500Mi'), claim('b', '1Gi', '2Gi')];

    expect(measureUsage([], claims, []).storageBytes).toBe(500 * 2 ** 20 + 2 * 2 ** 30);
  });

  it('does not count what others have on the same file system', () => {
    const shared = { name: 'folder', usedBytes: 53e9, capacityBytes: 270e9 };
    const own = { name: 'disk', usedBytes: 5, capacityBytes: 1100 };
    const given = [podStats('a', { claims: [shared, own] })];

    const usage = measureUsage([pod('a')], [claim('folder', '1Gi', '1Gi'), claim('disk', '1000')], given);
    expect(usage).toMatchObject({ storageUsedBytes: 5, unmeasuredClaims: ['folder'] });

    const alone = measureUsage([pod('a')], [claim('folder', '1Gi', '1Gi')], given);
    expect(alone.storageUsedBytes).toBeUndefined();
  });

  it('knows nothing of claims that may not be seen', () => {
    expect(measureUsage([], undefined, [])).toMatchObject({
      storageBytes: undefined,
      storageUsedBytes: undefined,
      unmeasuredClaims: [],
    });
  });
});

const figure = fc.option(fc.nat(1e9), { nil: undefined });
interface Drawn {
  readonly phase: string;
  readonly hostNetwork: boolean;
  readonly told: boolean;
  readonly cpuMillicores: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly receivedBytes: number | undefined;
}
const drawnPod: fc.Arbitrary<Drawn> = fc.record({
  phase: fc.constantFrom('Running', 'Pending', 'Succeeded', 'Failed'),
  hostNetwork: fc.boolean(),
  told: fc.boolean(),
  cpuMillicores: figure,
  memoryBytes: figure,
  receivedBytes: figure,
});

/** The usage of drawn pods, in the order given. */
function usageOf(drawn: readonly Drawn[], order: readonly number[]): Usage {
  const pods = order.map((at) => {
    const { phase, hostNetwork } = drawn[at] as Drawn; // true: `order` holds places in `drawn`
    return pod(`p${at}`, { spec: { hostNetwork }, status: { phase } });
  });
  const told = drawn.flatMap((one, at) => (one.told ? [podStats(`p${at}`, one)] : []));
  return measureUsage(pods, [], told);
}

/** A failing run prints its seed and path; `FC_SEED=… FC_PATH=… npx vitest run --project unit <this file>` replays it. */
function replay(): { seed?: number; path?: string } {
  const { FC_SEED: seed, FC_PATH: path } = process.env;
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };
}

describe('measureUsage, with drawn pods', () => {
  it('adds up what is told of live pods, says which are missing, and does not care for the order', () => {
    fc.assert(
      fc.property(fc.array(drawnPod, { maxLength: 8 }), (drawn) => {
        const order = drawn.map((_, at) => at);
        const usage = usageOf(drawn, order);
        const live = drawn.filter(({ phase, told }) => told && (phase === 'Running' || phase === 'Pending'));
        const total = (values: readonly (number | undefined)[]): number =>
          values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

        expect(usage.cpuMillicores ?? 0).toBe(total(live.map(({ cpuMillicores }) => cpuMillicores)));
        expect(usage.memoryBytes ?? 0).toBe(total(usage.perPod.map(({ memoryBytes }) => memoryBytes)));
        expect(usage.receivedBytes ?? 0).toBe(
          total(live.filter((one) => !one.hostNetwork).map(({ receivedBytes }) => receivedBytes)),
        );
        // What is unknown is told to be missing.
        if (usage.cpuMillicores === undefined) expect(usage.unmeasuredPods).not.toEqual([]);
        expect(usageOf(drawn, order.toReversed())).toEqual(usage);
      }),
      replay(),
    );
  });
});
