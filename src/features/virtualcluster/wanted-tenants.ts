import { CONTROL_PLANE, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { planeNameOf, VIRTUAL_CLUSTER, type VirtualCluster } from '../../api/virtual-cluster.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import type { OwnerReference } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';
import { STRICT_RULES, type Tenant } from '../../syncer/tenant.ts';

/** The domain of every virtual cluster. */
const CLUSTER_DOMAIN = 'cluster.local';

/** A virtual cluster that is to be served: accepted, awake, with an API server to come or there. */
export interface WantedTenant {
  readonly uid: string;
  readonly tenant: Tenant;
  readonly plane: { readonly name: string; readonly namespace: string };
  readonly sync: Readonly<Record<'ingresses' | 'networkPolicies' | 'disruptionBudgets', boolean>>;
}

/** The ControlPlane that was made for a virtual cluster; never one of its name that somebody else made. */
export function planeOf(cluster: VirtualCluster, stores: Stores): ControlPlane | undefined {
  const plane = stores.get(CONTROL_PLANE, { name: planeNameOf(cluster.metadata.namespace ?? '') });
  const isOurs = plane?.metadata.labels?.[INSTANCE_UID_LABEL] === cluster.metadata.uid;
  return isOurs ? plane : undefined;
}

/** What ends when the virtual cluster does: what it has in its namespace names it as owner. */
export function ownerReference({ metadata }: VirtualCluster): OwnerReference {
  const { name, uid = '' } = metadata;
  return { apiVersion: apiVersionOf(VIRTUAL_CLUSTER), kind: VIRTUAL_CLUSTER.kind, name, uid };
}

/** Virtual clusters that every process serves. Only the operator writes a status: what it refused has no plane there. */
export function wantedTenants(stores: Stores): readonly WantedTenant[] {
  return stores.list(VIRTUAL_CLUSTER).flatMap((cluster): WantedTenant[] => {
    const { metadata, spec = {}, status } = cluster;
    const plane = planeOf(cluster, stores);
    const isGoing = [cluster, plane].some((one) => one?.metadata.deletionTimestamp !== undefined);
    if (plane === undefined || isGoing || spec.paused === true) return [];
    if (status?.controlPlane !== plane.metadata.name) return [];
    const { ingresses = false, networkPolicies = false, disruptionBudgets = false } = spec.sync ?? {};
    return [
      {
        uid: metadata.uid ?? '',
        plane: { name: plane.metadata.name, namespace: namespaceOfPlane(plane) },
        sync: { ingresses, networkPolicies, disruptionBudgets },
        tenant: {
          name: metadata.name,
          hostNamespace: metadata.namespace ?? '',
          owner: ownerReference(cluster),
          workloadServiceAccount: workloadAccountOf(metadata.name),
          clusterDomain: CLUSTER_DOMAIN,
          rules: STRICT_RULES,
        },
      },
    ];
  });
}

/** ServiceAccount that the pods of a virtual cluster run as on the host: without any right. As vcluster names it. */
export function workloadAccountOf(name: string): string {
  return `vc-workload-${name}`;
}
