import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../api/control-plane.ts';
import type { VirtualCluster } from '../../api/virtual-cluster.ts';
import { findCondition } from '../../kube/conditions.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import { planCluster } from './plan.ts';
import type { ClusterWorld } from './world.ts';

const UID = 'uid-of-one';
const ACCOUNTS = 'accounts';
const NOW = Date.parse('2026-01-01T00:00:00Z');

const CLUSTER: VirtualCluster = {
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'VirtualCluster',
  metadata: { name: 'one', namespace: 'team-a', uid: UID, generation: 1 },
};
const PLANE: ControlPlane = {
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'ControlPlane',
  metadata: { name: 'vc-team-a', uid: 'uid-of-plane', labels: { 'tenantry.dev/instance-uid': UID } },
  spec: { type: 'vcluster' },
};
const WORLD: ClusterWorld = {
  refusal: undefined,
  plane: undefined,
  isTaken: false,
  present: new Map(),
  facts: undefined,
  outside: undefined,
  pods: [],
  serving: { isOpen: false, isWatching: false, isWorking: false },
};

const plan = (world: Partial<ClusterWorld>, cluster: VirtualCluster = CLUSTER) =>
  planCluster(cluster, { ...WORLD, ...world }, ACCOUNTS, NOW);
const reasonOf = ({ status }: ReturnType<typeof plan>) => findCondition(status?.conditions, 'Ready')?.reason;

describe('the plan of a virtual cluster', () => {
  it('lets an account of its own in, and makes a plane that says whose it is', () => {
    const { stages } = plan({});
    const writes = stages.flatMap((stage) => stage.writes);

    expect(writes).toMatchObject([
      { object: { kind: 'ServiceAccount', metadata: { namespace: ACCOUNTS, name: `vc-${UID}` } } },
      {
        object: {
          kind: 'RoleBinding',
          metadata: { namespace: 'team-a', ownerReferences: [{ uid: UID }] },
          subjects: [{ name: `vc-${UID}`, namespace: ACCOUNTS }],
        },
      },
      {
        owner: UID,
        object: { kind: 'ControlPlane', metadata: { name: 'vc-team-a' }, spec: { type: 'vcluster' } },
      },
    ]);
  });

  it('writes in the namespace as that account', () => {
    const { stages } = plan({ plane: PLANE });
    const parts = stages.find(({ name }) => name === 'parts')?.writes ?? [];

    expect(parts.length).toBeGreaterThan(0);
    for (const write of parts) expect(write.as).toEqual({ namespace: ACCOUNTS, name: `vc-${UID}` });
  });

  it.each([
    ['another one has the namespace', { refusal: 'there is another' }],
    ['a ControlPlane of its name is somebody else’s', { isTaken: true }],
  ])('writes nothing where %s', (_what, world) => {
    const planned = plan(world);

    expect(planned.stages).toEqual([]);
    expect(planned.finalizer).toBeUndefined();
    expect(planned.status?.controlPlane).toBeUndefined();
    expect(reasonOf(planned)).toBe('Refused');
  });

  it('takes the pods away where it rests', () => {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'team-a', name: 'p', uid: 'uid-of-pod' },
    };

    const planned = plan({ plane: PLANE, pods: [pod] }, { ...CLUSTER, spec: { paused: true } });

    expect(planned.stages.find(({ name }) => name === 'pods')?.writes).toMatchObject([
      { verb: 'delete', uid: 'uid-of-pod', as: { name: `vc-${UID}` } },
    ]);
    expect(reasonOf(planned)).toBe('Paused');
  });

  it('looks again when the work has begun, which nothing else tells', () => {
    const due = plan({ plane: PLANE, serving: { isOpen: true, isWatching: true, isWorking: false } });
    const done = plan({ plane: PLANE, serving: { isOpen: true, isWatching: true, isWorking: true } });

    expect(due.stages.at(-1)?.actions).toEqual([{ name: 'work', uid: UID }]);
    expect(due.again).toBe(true);
    expect(done.again).toBeUndefined();
  });

  it('ends with its plane first, then its account', () => {
    const going = {
      ...CLUSTER,
      metadata: { ...CLUSTER.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `vc-${UID}`, uid: 'u' } };
    const present = new Map([[`ServiceAccount/vc-${UID}`, account]]);

    const first = plan({ plane: PLANE, present }, going);
    const last = plan({ present }, going);

    expect(first.stages.flatMap(({ writes }) => writes)).toMatchObject([
      { verb: 'delete', uid: 'uid-of-plane' },
    ]);
    expect(first.finalizer).toBeUndefined();
    expect(last.stages.flatMap(({ writes }) => writes)).toMatchObject([{ verb: 'delete', uid: 'u' }]);
    expect(last.finalizer).toBe('absent');
  });
});
