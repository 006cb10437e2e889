import { describe, expect, it } from 'vitest';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Client } from '../../client/client.ts';
import type { Kind } from '../../kube/kind.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { collectUsage } from './collect-usage.ts';

/** What a node or a list answers: a value, or an error to be thrown. */
type Answers = Readonly<Record<string, unknown>>;

const onNode = (name: string, nodeName: string, phase = 'Running'): object => ({
  metadata: { name, namespace: 'shop1', uid: `uid-${name}` },
  spec: { containers: [{ name: 'c' }], nodeName },
  status: { phase },
});
const summary = (...names: string[]): object => ({
  pods: names.map((name) => ({
    podRef: { uid: `uid-${name}` },
    cpu: { usageNanoCores: 1e6 },
    memory: { workingSetBytes: 10 },
    network: { rxBytes: 1, txBytes: 2 },
  })),
});
const forbidden = new KubeError('Forbidden', 'nodes "n1" is forbidden', { status: 403 });

/** A client that knows these answers: lists by kind, summaries by node. Notes which paths were asked. */
function clientOf(answers: Answers): { client: Pick<Client, 'list' | 'raw' | 'create'>; asked: string[] } {
  const asked: string[] = [];
  const answer = (key: string): unknown => {
    const found = answers[key];
    if (found instanceof Error) throw found;
    return found;
  };
  const list = async (kind: Kind): Promise<object> => ({
    items: answer(kind.kind) ?? [],
    resourceVersion: '1',
  });
  const client = {
    list: list as Client['list'], // true for the kinds that this test has answers for
    create: (async (_kind: Kind, object: object) => ({
      ...object,
      status: answer('UsageReview') ?? {},
    })) as Client['create'], // the one kind that is created here
    raw: async ({ path }: { readonly path: string }) => {
      asked.push(path);
      const found = answer(path.split('/')[4] ?? '');
      return { status: 200, headers: {}, text: typeof found === 'string' ? found : JSON.stringify(found) };
    },
  };
  return { client, asked };
}

describe('collectUsage', () => {
  it('asks each node once, and none for pods that have ended or have no place', async () => {
    const Pod = [
      onNode('a', 'n1'),
      onNode('b', 'n1'),
      onNode('c', 'n2'),
      onNode('d', 'n3', 'Succeeded'),
      onNode('e', '', 'Pending'),
    ];
    const { client, asked } = clientOf({ Pod, n1: summary('a', 'b', 'other'), n2: summary('c') });

    const { usage, gaps } = await collectUsage(client, 'shop1');

    expect(asked).toEqual(['n1', 'n2'].map((node) => `/api/v1/nodes/${node}/proxy/stats/summary`));
    expect(usage).toMatchObject({ cpuMillicores: 3, memoryBytes: 30, receivedBytes: 3, pods: 5 });
    expect(gaps).toEqual([]);
  });

  it.each([
    [new KubeError('ServiceUnavailable', 'no route to host', { status: 503 }), /n2.*no route to host/],
    ['<html>', /n2.*JSON/],
  ])('tells the others’ figures where a node fails', async (failure, message) => {
    const Pod = [onNode('a', 'n1'), onNode('b', 'n2')];
    const { client } = clientOf({ Pod, n1: summary('a'), n2: failure });

    const { usage, gaps } = await collectUsage(client, 'shop1');

    expect(usage).toMatchObject({ cpuMillicores: 1, unmeasuredPods: ['b'] });
    expect(gaps).toEqual([expect.stringMatching(message), 'Not measured: pods b']);
  });

  it('asks no node where the operator knows', async () => {
    const stats = { uid: 'uid-a', cpuMillicores: 7, memoryBytes: 5, receivedBytes: 1, transmittedBytes: 1 };
    const marked = {
      ...onNode('a', 'n1'),
      metadata: { name: 'a', uid: 'uid-a', labels: { [INSTANCE_UID_LABEL]: 'i' } },
    };
    const UsageReview = { counted: 'owner', pods: [stats], gaps: ['Node n2 did not tell'] };
    const { client, asked } = clientOf({ Pod: [marked, onNode('b', 'n1')], UsageReview, n1: summary('a') });

    const { usage, gaps } = await collectUsage(client, 'shop1');

    expect(asked).toEqual([]);
    expect(usage).toMatchObject({ cpuMillicores: 7, pods: 1, unmeasuredPods: [] });
    expect(gaps).toEqual(['Node n2 did not tell']);
  });

  it.each([[forbidden], [{ gaps: ['no figures yet'] }]])(
    'asks the nodes where the operator does not tell',
    async (UsageReview) => {
      const { client, asked } = clientOf({ Pod: [onNode('a', 'n1')], UsageReview, n1: summary('a') });

      expect((await collectUsage(client, 'shop1')).usage).toMatchObject({ cpuMillicores: 1 });
      expect(asked).toHaveLength(1);
    },
  );

  it('asks metrics-server for who may not ask kubelets', async () => {
    const PodMetrics = [{ metadata: { name: 'a' }, containers: [{ usage: { cpu: '7m', memory: '1Ki' } }] }];
    const PersistentVolumeClaim = [{ metadata: { name: 'data' } }];
    const { client } = clientOf({
      Pod: [onNode('a', 'n1')],
      PersistentVolumeClaim,
      PodMetrics,
      n1: forbidden,
    });

    const { usage, gaps } = await collectUsage(client, 'shop1');

    expect(usage).toMatchObject({ cpuMillicores: 7, memoryBytes: 1024, receivedBytes: undefined });
    expect(gaps).toEqual([expect.stringContaining('nodes/proxy')]);
  });

  it('says why a figure is missing although the nodes answer', async () => {
    const stats = { podRef: { uid: 'uid-a' }, cpu: { usageNanoCores: 1 }, memory: { workingSetBytes: 1 } };
    const { client } = clientOf({
      Pod: [onNode('a', 'n1')],
      PersistentVolumeClaim: [{ metadata: { name: 'data' } }],
      n1: { pods: [stats] },
    });

    expect((await collectUsage(client, 'shop1')).gaps).toEqual([
      'Not measured: network, of which the kubelets tell nothing',
      'Not measured: how full the claims data are; no pod mounts them, or they share a larger file system',
    ]);
  });

  it('says what is missing where nobody may be asked', async () => {
    const { client } = clientOf({
      Pod: [onNode('a', 'n1')],
      PersistentVolumeClaim: forbidden,
      PodMetrics: forbidden,
      n1: forbidden,
    });

    const { usage, gaps } = await collectUsage(client, 'shop1');

    expect(usage).toMatchObject({ pods: 1, cpuMillicores: undefined, storageBytes: undefined });
    expect(gaps).toEqual([
      expect.stringContaining('nodes/proxy'),
      'Not measured: pods a',
      'Not shown, for you may not list them: PersistentVolumeClaim',
    ]);
  });

  it('fails where the pods may not be seen', async () => {
    await expect(collectUsage(clientOf({ Pod: forbidden }).client, 'shop1')).rejects.toBe(forbidden);
  });
});
