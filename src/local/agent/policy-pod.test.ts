import { describe, expect, it } from 'vitest';
import { policyPods, slimPod } from './policy-pod.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';

interface Wish {
  readonly name: string;
  readonly ips?: readonly string[];
  readonly phase?: string;
  readonly created?: string;
  readonly spec?: Partial<NonNullable<Pod['spec']>>;
}

const pod = ({
  name,
  ips = [],
  phase = 'Running',
  created = '2026-01-01T00:00:00Z',
  spec = {},
}: Wish): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'a', uid: `uid-${name}`, creationTimestamp: created, labels: { name } },
  spec: { nodeName: 'n1', containers: [], ...spec },
  status: { phase, podIPs: ips.map((ip) => ({ ip })), ...(ips[0] === undefined ? {} : { podIP: ips[0] }) },
});

const addresses = (
  pods: readonly Pod[],
  assigned?: Record<string, string>,
): Record<string, readonly string[]> =>
  Object.fromEntries(
    policyPods(pods, new Map(Object.entries(assigned ?? {}))).map((one) => [one.name, one.addresses]),
  );

describe('policyPods', () => {
  it('has both addresses of a pod, spelled one way', () => {
    expect(addresses([pod({ name: 'x', ips: ['10.0.0.1', 'FD00::1'] })])).toEqual({
      x: ['10.0.0.1', 'fd00:0:0:0:0:0:0:1'],
    });
  });

  it.each([
    ['on the host network', { spec: { hostNetwork: true } }],
    ['that succeeded', { phase: 'Succeeded' }],
    ['that failed', { phase: 'Failed' }],
    ['without an address', { ips: [] }],
  ])('leaves out a pod %s', (_what, wish) => {
    expect(addresses([pod({ name: 'x', ips: ['10.0.0.1'], ...wish })])).toEqual({});
  });

  it('keeps a pod that is being deleted but still runs', () => {
    const leaving = pod({ name: 'x', ips: ['10.0.0.1'] });
    const deleted = {
      ...leaving,
      metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' },
    };

    expect(addresses([deleted])).toEqual({ x: ['10.0.0.1'] });
  });

  it('gives an address that two claim to the younger pod', () => {
    const old = pod({ name: 'old', ips: ['10.0.0.1'], created: '2026-01-01T00:00:00Z' });
    const young = pod({ name: 'young', ips: ['10.0.0.1'], created: '2026-01-02T00:00:00Z' });

    expect(addresses([old, young])).toEqual({ young: ['10.0.0.1'] });
    expect(addresses([young, old])).toEqual({ young: ['10.0.0.1'] });
  });

  it('knows an address by its assignment before the status says it', () => {
    expect(addresses([pod({ name: 'x', phase: 'Pending' })], { '10.0.0.9': 'uid-x' })).toEqual({
      x: ['10.0.0.9'],
    });
  });

  it('takes an assigned address away from the pod that had it before', () => {
    const before = pod({ name: 'before', ips: ['10.0.0.1', 'fd00::1'], created: '2026-02-01T00:00:00Z' });
    const after = pod({ name: 'after', phase: 'Pending' });

    expect(addresses([before, after], { '10.0.0.1': 'uid-after' })).toEqual({
      before: ['fd00:0:0:0:0:0:0:1'],
      after: ['10.0.0.1'],
    });
  });

  it('has named ports of containers and sidecars, not of ordinary init containers', () => {
    const spec = {
      containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 80 }, { containerPort: 81 }] }],
      initContainers: [
        {
          name: 'i',
          restartPolicy: 'Always',
          ports: [{ name: 'proxy', containerPort: 90, protocol: 'UDP' as const }],
        },
        { name: 'j', ports: [{ name: 'once', containerPort: 99 }] },
      ],
    };

    expect(policyPods([pod({ name: 'x', ips: ['10.0.0.1'], spec })])[0]?.namedPorts).toEqual([
      { name: 'web', protocol: 'TCP', port: 80 },
      { name: 'proxy', protocol: 'UDP', port: 90 },
    ]);
  });

  it('decides the same from what the store keeps', () => {
    const spec = {
      hostNetwork: false,
      containers: [
        { name: 'c', image: 'x', ports: [{ name: 'web', containerPort: 80 }] },
        { name: 'd', image: 'y' },
      ],
      initContainers: [{ name: 'i', restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 90 }] }],
    };
    const pods = [pod({ name: 'x', ips: ['10.0.0.1'], spec }), pod({ name: 'y', phase: 'Pending' })];

    expect(policyPods(pods.map(slimPod))).toEqual(policyPods(pods));
    expect(JSON.stringify(pods.map(slimPod))).not.toContain('image');
  });
});
