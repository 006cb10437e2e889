import { CONTROL_PLANE, namespaceOfPlane } from '../../api/control-plane.ts';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import {
  kubeconfigSecretOf,
  planeNameOf,
  VIRTUAL_CLUSTER,
  VIRTUAL_CLUSTER_ROLE,
  type VirtualCluster,
} from '../../api/virtual-cluster.ts';
import type { Client } from '../../client/client.ts';
import { NAMESPACE, POD, ROLE_BINDING, SECRET, SERVICE, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Read, Stores } from '../../runtime/controller.ts';
import { MARKER_LABEL } from '../../syncer/marks.ts';
import { clusterAccount } from './cluster-parts.ts';
import { readOutside, readPlane } from './plane-facts.ts';
import { planesAccount, type VirtualClusterSettings } from './settings.ts';
import type { Tenants } from './tenants.ts';
import { planeOf, workloadAccountOf } from './wanted-tenants.ts';
import type { ClusterWorld } from './world.ts';

/** What looking needs. */
export interface ObserveDeps {
  readonly client: Client;
  readonly settings: VirtualClusterSettings;
  readonly tenants: Pick<Tenants, 'has' | 'isWatching' | 'isWorking'>;
}

/** Collects everything that the plan depends on. */
export async function observeCluster(
  cluster: VirtualCluster,
  read: Read,
  deps: ObserveDeps,
): Promise<ClusterWorld> {
  const { settings, tenants, client } = deps;
  const { namespace = '', name, uid = '' } = cluster.metadata;
  const refusal = refusalOf(cluster, read.stores, settings);
  const plane = planeOf(cluster, read.stores);
  const there = read.stores.get(CONTROL_PLANE, { name: planeNameOf(namespace) });
  const serving = {
    isOpen: tenants.has(uid),
    isWatching: tenants.isWatching(uid),
    isWorking: tenants.isWorking(uid),
  };
  const nothing: ClusterWorld = {
    refusal,
    plane,
    isTaken: there !== undefined && plane === undefined,
    present: new Map(),
    facts: undefined,
    outside: undefined,
    pods: [],
    serving,
  };
  if (refusal !== undefined || nothing.isTaken) return nothing;
  const account = clusterAccount(cluster, settings.accountsNamespace);
  const accounts = await found(client, read, [[SERVICE_ACCOUNT, account]]);
  if (cluster.metadata.deletionTimestamp !== undefined) return { ...nothing, present: accounts };
  const bindings = await found(client, read, [[ROLE_BINDING, { namespace, name: VIRTUAL_CLUSTER_ROLE }]]);
  // Without the binding the account may read nothing.
  const parts =
    bindings.size === 0
      ? bindings
      : await found(client.as(account), read, [
          [SERVICE_ACCOUNT, { namespace, name: workloadAccountOf(name) }],
          [SERVICE, { namespace, name }],
          [SECRET, { namespace, name: kubeconfigSecretOf(name) }],
        ]);
  const present = new Map([...accounts, ...bindings, ...parts]);
  if (plane?.status?.secretRef === undefined) return { ...nothing, present };
  const planes = client.as(planesAccount(settings));
  const planeNamespace = namespaceOfPlane(plane);
  const ref = { name: plane.metadata.name, namespace: planeNamespace };
  const isResting = cluster.spec?.paused === true && !serving.isOpen && bindings.size > 0;
  const labelSelector = `${MARKER_LABEL}=${name}`;
  const [facts, outside, pods] = await Promise.all([
    readPlane(planes, ref, read.signal),
    readOutside(planes, planeNamespace, read.signal),
    isResting ? client.as(account).list(POD, { namespace, labelSelector, signal: read.signal }) : undefined,
  ]);
  return { ...nothing, present, facts, outside, pods: pods?.items ?? [] };
}

async function found(
  client: Client,
  { signal }: Read,
  wanted: readonly (readonly [Kind, ObjectRef])[],
): Promise<Map<string, KubeObject>> {
  const objects = await Promise.all(
    wanted.map(async ([kind, ref]) => [kind, await client.find(kind, ref, { signal })] as const),
  );
  return new Map(
    objects.flatMap(([kind, object]) =>
      object === undefined ? [] : [[`${groupKindOf(kind)}/${object.metadata.name}`, object] as const],
    ),
  );
}

/** Why a virtual cluster can't be in its namespace. Admission says the same; this holds where two come at once, or none asked it. */
function refusalOf(
  { metadata }: VirtualCluster,
  stores: Stores,
  { operatorNamespace, accountsNamespace }: VirtualClusterSettings,
): string | undefined {
  const { namespace = '' } = metadata;
  const labels = stores.get(NAMESPACE, { name: namespace })?.metadata.labels;
  if (
    [operatorNamespace, accountsNamespace].includes(namespace) ||
    namespace.startsWith('kube-') ||
    labels?.[INSTANCE_UID_LABEL] !== undefined
  )
    return `Namespace ${namespace} is not for tenants: make the virtual cluster in a namespace of its own`;
  const [first] = stores.list(VIRTUAL_CLUSTER, namespace).toSorted(byAge);
  if (first === undefined || first.metadata.uid === metadata.uid) return undefined;
  return `VirtualCluster ${first.metadata.name} is in namespace ${namespace} already, and names of pods, quota and network policies are for one: make this one in another namespace`;
}

function byAge({ metadata: a }: VirtualCluster, { metadata: b }: VirtualCluster): number {
  const [one, other] = [a, b].map(({ creationTimestamp = '', name }) => `${creationTimestamp} ${name}`);
  return (one ?? '') < (other ?? '') ? -1 : 1;
}
