import { NODE, type Node, type Pod } from '../../kube/builtin-kinds.ts';
import { deletionOf, type Deed } from '../deed.ts';
import { HOST_UID_ANNOTATION } from '../marks.ts';
import { statusPatch } from '../status-patch.ts';

type Status = NonNullable<Node['status']>;

/** On the tenant's nodes that are ours: those that a tenant makes are left alone. */
const NODE_LABEL = 'tenantry.dev/node-of-host';
/** Where the API server finds the kubelet: at the node's address it comes to us. */
const KUBELET_PORT = 10_250;

/** Labels of the host's node that a tenant's pods may select by, and sees. */
const LABELS = /^(kubernetes\.io\/(arch|os|hostname)|node\.kubernetes\.io\/|topology\.kubernetes\.io\/)/;

/** What is known about one node. */
export interface NodeFacts {
  readonly name: string;
  /** The tenant's pods there. */
  readonly pods: readonly Pod[];
  /** The host's node, where it may be read. */
  readonly host?: Node | undefined;
  readonly tenant?: Node | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A node exists for the tenant as long as one of their pods is on it. */
export function decideNode(facts: NodeFacts): readonly Deed[] {
  const { name, pods, tenant } = facts;
  const ours = tenant?.metadata.labels?.[NODE_LABEL] === 'true';
  if (pods.length === 0) return tenant !== undefined && ours ? [deletionOf('tenant', NODE, tenant)] : [];
  if (tenant === undefined) return [{ do: 'create', on: 'tenant', kind: NODE, object: tenantNode(facts) }];
  if (!ours) return [];
  const wanted = tenantNode(facts);
  const labels = Object.fromEntries(
    Object.entries(wanted.metadata.labels ?? {}).filter(
      ([key, value]) => tenant.metadata.labels?.[key] !== value,
    ),
  );
  const relabel: readonly Deed[] =
    Object.keys(labels).length === 0
      ? []
      : [
          {
            do: 'patch',
            on: 'tenant',
            kind: NODE,
            ref: { name },
            type: 'merge',
            body: { metadata: { labels } },
          },
        ];
  return [...relabel, ...statusPatch(NODE, tenant, wanted.status, ['volumesInUse', 'volumesAttached'])];
}

/** The node as the tenant sees it: facts of the host where they may be read, and nothing invented where not. */
export function tenantNode({ name, pods, host, tenant, now }: NodeFacts): Node {
  const labels = Object.fromEntries(
    Object.entries(host?.metadata.labels ?? { 'kubernetes.io/hostname': name }).filter(([key]) =>
      LABELS.test(key),
    ),
  );
  const uid = host?.metadata.uid;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { ...labels, [NODE_LABEL]: 'true' },
      ...(uid === undefined ? {} : { annotations: { [HOST_UID_ANNOTATION]: uid } }),
    },
    status: {
      ...(host === undefined ? {} : factsOf(host)),
      addresses: host?.status?.addresses ?? addressesOf(name, pods),
      conditions: conditionsOf(host, tenant, now),
      daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
    },
  };
}

/** What does not change by the minute. Identifiers of the machine stay on the host. */
function factsOf({ status }: Node): Pick<Status, 'capacity' | 'allocatable' | 'nodeInfo'> {
  const { capacity, allocatable, nodeInfo } = status ?? {};
  return {
    ...(capacity === undefined ? {} : { capacity }),
    ...(allocatable === undefined ? {} : { allocatable }),
    ...(nodeInfo === undefined
      ? {}
      : { nodeInfo: { ...nodeInfo, bootID: '', machineID: '', systemUUID: '' } }),
  };
}

function addressesOf(name: string, pods: readonly Pod[]): NonNullable<Status['addresses']> {
  const ip = pods.find(({ status }) => (status?.hostIP ?? '') !== '')?.status?.hostIP;
  return [
    ...(ip === undefined ? [] : [{ type: 'InternalIP', address: ip }]),
    { type: 'Hostname', address: name },
  ];
}

/**
 * The conditions without their heartbeat, which would be a write a minute a node. A node that may not be read is ready:
 * pods run on it.
 */
function conditionsOf(
  host: Node | undefined,
  tenant: Node | undefined,
  now: number,
): NonNullable<Status['conditions']> {
  const conditions = host?.status?.conditions?.map(({ lastHeartbeatTime: _beat, ...condition }) => condition);
  if (conditions !== undefined) return conditions;
  const before = tenant?.status?.conditions?.find(({ type }) => type === 'Ready');
  const lastTransitionTime =
    before?.lastTransitionTime ?? new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  const reason = 'PodsRun';
  return [
    { type: 'Ready', status: 'True', reason, message: 'Pods of this cluster run here.', lastTransitionTime },
  ];
}
