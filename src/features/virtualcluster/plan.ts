import { CONTROL_PLANE, namespaceOfPlane } from '../../api/control-plane.ts';
import {
  kubeconfigSecretOf,
  type VirtualCluster,
  type VirtualClusterStatus,
} from '../../api/virtual-cluster.ts';
import { POD, SERVICE_ACCOUNT, type Pod } from '../../kube/builtin-kinds.ts';
import { findCondition, setCondition } from '../../kube/conditions.ts';
import { groupKindOf } from '../../kube/kind.ts';
import type { Part } from '../../planes/object-of.ts';
import { keyOfPart, partWrites } from '../../planes/part-writes.ts';
import type { Action, Plan, Stage, Write } from '../../runtime/plan.ts';
import { accessParts, clusterAccount, kubeconfigPart, namespaceParts, planePart } from './cluster-parts.ts';
import type { ClusterWorld } from './world.ts';

/** Begins to work for a virtual cluster in this process. */
export interface WorkAction extends Action {
  readonly name: 'work';
  readonly uid: string;
}

/** Reasons of condition Ready. */
type Reason = 'Ready' | 'Starting' | 'Paused' | 'Refused' | 'Deleting' | 'Failed';

interface Verdict {
  readonly is: boolean;
  readonly reason: Reason;
  readonly message: string;
}

/** Secrets are not watched: their certificates are renewed weeks before they end. */
const LOOK_AGAIN_MS = 60 * 60 * 1000;
/** While pods end. */
const SOON_MS = 2_000;

/** What should be true of a virtual cluster, and what to say about it. Pure. */
export function planCluster(
  cluster: VirtualCluster,
  world: ClusterWorld,
  accountsNamespace: string,
  now: number,
): Plan<VirtualClusterStatus> {
  const isGoing = cluster.metadata.deletionTimestamp !== undefined;
  if (isGoing) return planRemoval(cluster, world, accountsNamespace, now);
  const taken = `ControlPlane ${planePart(cluster).object.metadata.name} is there already and not this cluster's: delete it, or use another namespace`;
  const refusal = world.refusal ?? (world.isTaken ? taken : undefined);
  if (refusal !== undefined) return { stages: [], ...said(cluster, refused(refusal), world, now) };
  const stages = stagesOf(cluster, world, accountsNamespace);
  const verdict = verdictOf(cluster, world, stages);
  return {
    finalizer: 'present',
    stages: stages.filter(({ writes, actions = [] }) => writes.length + actions.length > 0),
    ...said(cluster, verdict, world, now),
    lookAgainMs: verdict.reason === 'Paused' && isEmptying(world) ? SOON_MS : LOOK_AGAIN_MS,
    // That the work goes on is seen by nothing that is watched.
    ...(isDue(world) ? { again: true } : {}),
  };
}

function refused(message: string): Verdict {
  return { is: false, reason: 'Refused', message };
}

function stagesOf(cluster: VirtualCluster, world: ClusterWorld, accountsNamespace: string): readonly Stage[] {
  const { present, plane, facts, outside } = world;
  const { uid = '' } = cluster.metadata;
  const as = clusterAccount(cluster, accountsNamespace);
  const { account, binding } = accessParts(cluster, as);
  const write = (part: Part): readonly Write[] => partWrites([part], present, { owner: uid });
  const planePresent = new Map(plane === undefined ? [] : [[keyOfPart(planePart(cluster)), plane]]);
  const planeNamespace = plane === undefined ? undefined : namespaceOfPlane(plane);
  const parts =
    planeNamespace === undefined
      ? []
      : [
          ...namespaceParts(cluster, planeNamespace),
          ...(facts === undefined ? [] : [kubeconfigPart(cluster, planeNamespace, facts, outside)]),
        ];
  const work: WorkAction = { name: 'work', uid };
  return [
    { name: 'account', writes: write(account) },
    { name: 'binding', writes: write(binding) },
    { name: 'plane', writes: partWrites([planePart(cluster)], planePresent, { owner: uid }) },
    { name: 'parts', writes: partWrites(parts, present, { owner: uid, as }) },
    { name: 'pods', writes: world.pods.flatMap((pod) => endOf(pod, as)) },
    {
      name: 'work',
      writes: [],
      actions: isDue(world) ? [work] : [],
    },
  ];
}

function endOf({ metadata }: Pod, as: Write['as']): readonly Write[] {
  const { namespace, name, uid, deletionTimestamp } = metadata;
  if (uid === undefined || deletionTimestamp !== undefined) return [];
  return [{ verb: 'delete', kind: POD, ref: { namespace, name }, uid, as }];
}

/** Whether this process can do the work, and does not yet. */
function isDue({ serving }: ClusterWorld): boolean {
  return serving.isWatching && !serving.isWorking;
}

function isEmptying({ pods, serving }: ClusterWorld): boolean {
  return pods.length > 0 || serving.isOpen;
}

function verdictOf(cluster: VirtualCluster, world: ClusterWorld, stages: readonly Stage[]): Verdict {
  const { plane, serving, pods } = world;
  if (cluster.spec?.paused === true) {
    const left = isEmptying(world) ? `: ${pods.length} pods end` : '; set spec.paused to false to wake it';
    return { is: false, reason: 'Paused', message: `The cluster rests${left}` };
  }
  const waiting = (message: string): Verdict => ({ is: false, reason: 'Starting', message });
  const isWritten = stages.every(({ name, writes }) => name === 'pods' || writes.length === 0);
  const ready = findCondition(plane?.status?.conditions, 'Ready');
  const isCurrent = plane?.status?.observedGeneration === plane?.metadata.generation;
  if (plane === undefined || ready === undefined || !isCurrent) return waiting('Its API server is made');
  if (ready.status !== 'True') return waiting(ready.message);
  if (!isWritten) return waiting('Its kubeconfig is written');
  if (!serving.isWatching) return waiting('What is in it is read');
  if (!serving.isWorking) return waiting('Its name server is made');
  return { is: true, reason: 'Ready', message: 'Pods of this cluster run in this namespace' };
}

/** Status and events of a verdict. */
function said(
  { metadata, status }: VirtualCluster,
  { is, reason, message }: Verdict,
  { plane, present }: Pick<ClusterWorld, 'plane' | 'present'>,
  now: number,
): Pick<Plan<VirtualClusterStatus>, 'status' | 'events'> {
  const { generation } = metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const condition = { type: 'Ready', status: is ? 'True' : 'False', reason, message, ...observed } as const;
  const secretName = kubeconfigSecretOf(metadata.name);
  return {
    status: {
      ...observed,
      conditions: setCondition(status?.conditions, condition, now),
      ...(plane === undefined
        ? {}
        : { controlPlane: plane.metadata.name, planeNamespace: namespaceOfPlane(plane) }),
      ...(present.has(`Secret/${secretName}`) ? { secretName } : {}),
    },
    events: [{ type: is || reason !== 'Refused' ? 'Normal' : 'Warning', reason, message }],
  };
}

/** What is said when looking or writing failed. */
export function planFailure(
  cluster: VirtualCluster,
  message: string,
  now: number,
): Plan<VirtualClusterStatus> {
  const { generation } = cluster.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const condition = { type: 'Ready', status: 'False', reason: 'Failed', message, ...observed } as const;
  return {
    stages: [],
    status: { ...cluster.status, conditions: setCondition(cluster.status?.conditions, condition, now) },
    events: [{ type: 'Warning', reason: 'Failed', message }],
  };
}

/** First the API server, then the account; what is in its namespace goes with the object. */
function planRemoval(
  cluster: VirtualCluster,
  world: ClusterWorld,
  accountsNamespace: string,
  now: number,
): Plan<VirtualClusterStatus> {
  const { plane, present } = world;
  if (plane !== undefined) {
    const { name, uid = '', deletionTimestamp } = plane.metadata;
    const message = `ControlPlane ${name} is being deleted`;
    const writes: readonly Write[] =
      deletionTimestamp === undefined ? [{ verb: 'delete', kind: CONTROL_PLANE, ref: { name }, uid }] : [];
    return {
      stages: writes.length === 0 ? [] : [{ name: 'plane', writes }],
      ...said(cluster, { is: false, reason: 'Deleting', message }, world, now),
    };
  }
  const ref = clusterAccount(cluster, accountsNamespace);
  const account = present.get(`${groupKindOf(SERVICE_ACCOUNT)}/${ref.name}`);
  const { uid } = account?.metadata ?? {};
  return {
    finalizer: 'absent',
    stages:
      uid === undefined
        ? []
        : [{ name: 'account', writes: [{ verb: 'delete', kind: SERVICE_ACCOUNT, ref, uid }] }],
  };
}
