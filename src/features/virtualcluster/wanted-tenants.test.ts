import { describe, expect, it } from 'vitest';
import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import { VIRTUAL_CLUSTER, type VirtualCluster } from '../../api/virtual-cluster.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';
import { wantedTenants } from './wanted-tenants.ts';

const UID = 'uid-of-one';

function cluster(changes: Partial<VirtualCluster> = {}): VirtualCluster {
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'VirtualCluster',
    metadata: { name: 'one', namespace: 'team-a', uid: UID },
    status: { controlPlane: 'vc-team-a' },
    ...changes,
  };
}

function plane(uid: string): ControlPlane {
  return {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'ControlPlane',
    metadata: { name: 'vc-team-a', labels: { 'tenantry.dev/instance-uid': uid } },
    spec: { type: 'vcluster' },
  };
}

/** Stores that hold these objects. */
function storesOf(...objects: readonly KubeObject[]): Stores {
  // True: the objects of a kind are of its type.
  const all = <T extends KubeObject>(kind: Kind<T>): T[] =>
    objects.filter((one) => one.kind === kind.kind) as unknown as T[];
  return {
    get: (kind, ref) => all(kind).find(({ metadata }) => metadata.name === ref.name),
    list: (kind) => all(kind),
    byIndex: () => [],
  };
}

describe('what a process serves', () => {
  it('is a virtual cluster with a plane of its own, in the namespace of its object alone', () => {
    const [wanted] = wantedTenants(storesOf(cluster(), plane(UID)));

    expect(wanted?.tenant).toMatchObject({ name: 'one', hostNamespace: 'team-a', owner: { uid: UID } });
    expect(wanted?.plane).toEqual({ name: 'vc-team-a', namespace: 'vc-team-a-system' });
  });

  it.each([
    ['whose plane is somebody else’s', cluster(), plane('another')],
    ['that was refused: only the operator writes a plane into a status', cluster({ status: {} }), plane(UID)],
    ['that rests', cluster({ spec: { paused: true } }), plane(UID)],
    [
      'that is going',
      cluster({
        metadata: { name: 'one', namespace: 'team-a', uid: UID, deletionTimestamp: '2026-01-01T00:00:00Z' },
      }),
      plane(UID),
    ],
  ])('is none %s', (_what, ...objects) => {
    expect([VIRTUAL_CLUSTER.kind, CONTROL_PLANE.kind]).toEqual(objects.map(({ kind }) => kind));
    expect(wantedTenants(storesOf(...objects))).toEqual([]);
  });
});
