import { describe, expect, it } from 'vitest';
import { addAll, parseSummary, quantityOf, statsOfMetrics } from './pod-stats.ts';

const parseOne = (pod: object) => parseSummary(JSON.stringify({ pods: [pod] }))[0];

describe('parseSummary', () => {
  it('reads what a kubelet tells of a pod', () => {
    expect(
      parseOne({
        podRef: { name: 'web', namespace: 'shop1', uid: 'u1' },
        cpu: { usageNanoCores: 12_500_000, usageCoreNanoSeconds: 90_000_000_000 },
        memory: { usageBytes: 9000, workingSetBytes: 4096 },
        network: { name: 'eth0', rxBytes: 7, txBytes: 8 },
        'ephemeral-storage': { usedBytes: 300 },
        volume: [
          { name: 'tmp', usedBytes: 200, capacityBytes: 1e9 },
          { name: 'data', usedBytes: 50, capacityBytes: 100, pvcRef: { name: 'claim', namespace: 'shop1' } },
        ],
      }),
    ).toEqual({
      uid: 'u1',
      namespace: 'shop1',
      name: 'web',
      containers: 0,
      cpuMillicores: 12.5,
      cpuSeconds: 90,
      memoryBytes: 4096,
      receivedBytes: 7,
      transmittedBytes: 8,
      ephemeralBytes: 300,
      claims: [{ name: 'claim', usedBytes: 50, capacityBytes: 100 }],
    });
  });

  it('adds all interfaces up, without counting the default one twice or what never leaves the pod', () => {
    const interfaces = [
      { name: 'eth0', rxBytes: 1, txBytes: 10 },
      { name: 'net1', rxBytes: 2, txBytes: 20 },
      { name: 'lo', rxBytes: 1000, txBytes: 1000 },
    ];

    expect(parseOne({ network: { name: 'eth0', rxBytes: 1, txBytes: 10, interfaces } })).toMatchObject({
      receivedBytes: 3,
      transmittedBytes: 30,
    });
  });

  it('adds containers up where the pod as a whole is not told', () => {
    const containers = [
      { cpu: { usageNanoCores: 1e6 }, memory: { workingSetBytes: 5 } },
      { cpu: { usageNanoCores: 2e6 } },
    ];

    expect(parseOne({ containers })).toMatchObject({ cpuMillicores: 3, memoryBytes: 5 });
  });

  it.each([
    [{}],
    [{ podRef: null, cpu: [], memory: { workingSetBytes: '5' }, network: 1, volume: [null, 3] }],
  ])('takes what is missing or strange for unknown, not for 0: %j', (pod) => {
    expect(parseOne(pod)).toEqual({
      uid: '',
      namespace: '',
      name: '',
      containers: 0,
      cpuMillicores: undefined,
      cpuSeconds: undefined,
      memoryBytes: undefined,
      receivedBytes: undefined,
      transmittedBytes: undefined,
      ephemeralBytes: undefined,
      claims: [],
    });
  });

  it.each([['null'], ['{}'], ['{"pods": {}}'], ['[]']])('finds no pods in %s', (text) => {
    expect(parseSummary(text)).toEqual([]);
  });

  it('refuses what is no JSON', () => {
    expect(() => parseSummary('<html>')).toThrow(SyntaxError);
  });
});

describe('statsOfMetrics', () => {
  it('reads quantities in any unit, and knows pods by name', () => {
    const pods = [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', uid: 'u1' } }];
    const usage = [{ usage: { cpu: '1500000n', memory: '2Mi' } }, { usage: { cpu: '2m', memory: '1Ki' } }];
    const metrics = [
      { apiVersion: '', kind: '', metadata: { name: 'web' }, containers: usage },
      { apiVersion: '', kind: '', metadata: { name: 'gone' } },
    ];

    expect(statsOfMetrics(metrics, pods)).toMatchObject([
      { uid: 'u1', cpuMillicores: 3.5, memoryBytes: 2 * 2 ** 20 + 1024, receivedBytes: undefined },
      { uid: '', cpuMillicores: undefined },
    ]);
  });
});

describe('quantityOf and addAll', () => {
  it('keep apart 0 and unknown', () => {
    expect([quantityOf('0'), quantityOf('x'), quantityOf(undefined)]).toEqual([0, undefined, undefined]);
    expect([addAll([]), addAll([undefined]), addAll([0, undefined]), addAll([1, 2])]).toEqual([
      undefined,
      undefined,
      0,
      3,
    ]);
  });
});
