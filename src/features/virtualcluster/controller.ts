import { CONTROL_PLANE } from '../../api/control-plane.ts';
import {
  VIRTUAL_CLUSTER,
  VIRTUAL_CLUSTER_LABEL,
  VIRTUAL_CLUSTER_NAMESPACE_LABEL,
  type VirtualCluster,
  type VirtualClusterStatus,
} from '../../api/virtual-cluster.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { Controller } from '../../runtime/controller.ts';
import type { Action } from '../../runtime/plan.ts';
import { watch } from '../../runtime/watch.ts';
import { observeCluster, type ObserveDeps } from './observe.ts';
import { planCluster, planFailure, type WorkAction } from './plan.ts';
import type { Tenants } from './tenants.ts';
import type { ClusterWorld } from './world.ts';

/** Name of the controller, for whoever wakes it. */
export const VIRTUAL_CLUSTER_CONTROLLER = 'virtualcluster';
/** Worked on at the same time: most of a start is waiting for pods. */
const CONCURRENCY = 10;

export type VirtualClusterDeps = ObserveDeps & { readonly tenants: Pick<Tenants, 'work'> };

/** Makes, keeps and removes virtual clusters. In the leader alone. */
export function virtualClusterController(
  deps: VirtualClusterDeps,
): Controller<VirtualCluster, ClusterWorld, VirtualClusterStatus> {
  const { accountsNamespace } = deps.settings;
  return {
    name: VIRTUAL_CLUSTER_CONTROLLER,
    kind: VIRTUAL_CLUSTER,
    concurrency: CONCURRENCY,
    watches: [
      watch({
        kind: CONTROL_PLANE,
        wakes: ({ metadata: { labels } }) => {
          const name = labels?.[VIRTUAL_CLUSTER_LABEL];
          const namespace = labels?.[VIRTUAL_CLUSTER_NAMESPACE_LABEL];
          return name === undefined || namespace === undefined ? [] : [{ namespace, name }];
        },
      }),
      // The next one of a namespace may come when the first is gone.
      watch({
        kind: VIRTUAL_CLUSTER,
        heeds: () => false,
        wakes: ({ metadata }, stores) =>
          stores.list(VIRTUAL_CLUSTER, metadata.namespace).map((one) => one.metadata),
      }),
      watch({ kind: NAMESPACE, heeds: () => false, wakes: () => [] }),
    ],
    observe: (cluster, read) => observeCluster(cluster, read, deps),
    plan: (cluster, world, now) => planCluster(cluster, world, accountsNamespace, now),
    // True: only this controller's plans name actions, and these are all of them.
    perform: (action: Action) => deps.tenants.work((action as WorkAction).uid),
    explain: (cluster, error, now) => planFailure(cluster, messageOf(error), now),
  };
}
