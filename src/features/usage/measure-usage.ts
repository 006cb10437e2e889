import type { PersistentVolumeClaim, Pod } from '../../kube/builtin-kinds.ts';
import { addAll, quantityOf, type ClaimStats, type PodStats } from './pod-stats.ts';

/** What an instance uses. A figure that nobody could tell is undefined. */
export interface Usage {
  readonly pods: number;
  /** Those that pods name, with the ones that run before the others. */
  readonly containers: number;
  readonly nodes: number;
  /** Pods that neither run nor have done their work. */
  readonly notRunningPods: number;
  readonly restarts: number;
  /** Containers' ends for want of memory that the pods still tell of: of each container the last, and the one it is at. */
  readonly oomKills: number;
  readonly cpuMillicores: number | undefined;
  readonly cpuSeconds: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly receivedBytes: number | undefined;
  readonly transmittedBytes: number | undefined;
  /** What the claims were given, or ask for as long as they have nothing. */
  readonly storageBytes: number | undefined;
  /** What lies in them. */
  readonly storageUsedBytes: number | undefined;
  readonly ephemeralBytes: number | undefined;
  readonly perPod: readonly PodUsage[];
  /** Pods that run and are not in the sums of CPU or memory: nobody told. */
  readonly unmeasuredPods: readonly string[];
  /** Claims of which nobody can say how full they are. */
  readonly unmeasuredClaims: readonly string[];
}

/** What one pod uses. */
export interface PodUsage {
  readonly name: string;
  readonly cpuMillicores: number | undefined;
  readonly memoryBytes: number | undefined;
}

/**
 * How much larger than its claim a file system may be and still be the claim's own: providers round up to whole units of theirs. A folder on
 * a node's disk, or on a shared NFS export, tells the figures of the whole disk.
 */
const OWN_FILE_SYSTEM = 1.25;

/** Adds up what an instance uses. `claims` is undefined where they may not be seen. */
export function measureUsage(
  pods: readonly Pod[],
  claims: readonly PersistentVolumeClaim[] | undefined,
  stats: readonly PodStats[],
): Usage {
  const told = new Map(stats.map((one) => [one.uid, one]));
  const ordered = [...pods].sort(byName);
  // A pod that has ended uses nothing, whatever a kubelet still remembers of it.
  const live = ordered.filter((pod) => !hasEnded(pod));
  const measured = live.flatMap((pod) => {
    const found = told.get(pod.metadata.uid ?? '');
    return found === undefined ? [] : [{ pod, stats: found }];
  });
  const running = live.filter(({ status }) => status?.phase === 'Running');
  const unmeasured = running.filter(({ metadata }) => {
    const { cpuMillicores, memoryBytes } = told.get(metadata.uid ?? '') ?? {};
    return cpuMillicores === undefined || memoryBytes === undefined;
  });
  // Nothing runs: nothing is used. Something runs and nobody tells: unknown.
  const sum = (pick: (one: PodStats) => number | undefined): number | undefined =>
    addAll(measured.map((one) => pick(one.stats))) ?? (running.length === 0 ? 0 : undefined);
  const ofNetwork = (pick: (one: PodStats) => number | undefined): number | undefined => {
    const own = measured.filter(({ pod }) => pod.spec?.hostNetwork !== true);
    const needed = running.some(({ spec }) => spec?.hostNetwork !== true);
    return addAll(own.map((one) => pick(one.stats))) ?? (needed ? undefined : 0);
  };
  return {
    ...countPods(pods),
    cpuMillicores: sum((one) => one.cpuMillicores),
    cpuSeconds: sum((one) => one.cpuSeconds),
    memoryBytes: sum((one) => one.memoryBytes),
    // On the node's network a pod's figures are the node's.
    receivedBytes: ofNetwork((one) => one.receivedBytes),
    transmittedBytes: ofNetwork((one) => one.transmittedBytes),
    ephemeralBytes: sum((one) => one.ephemeralBytes),
    ...storageOf(
      claims,
      measured.flatMap((one) => one.stats.claims),
    ),
    perPod: measured.map(({ pod, stats: { cpuMillicores, memoryBytes } }) => ({
      name: pod.metadata.name,
      cpuMillicores,
      memoryBytes,
    })),
    unmeasuredPods: unmeasured.map(({ metadata }) => metadata.name),
  };
}

type Counts = Pick<Usage, 'pods' | 'containers' | 'nodes' | 'notRunningPods' | 'restarts' | 'oomKills'>;

function countPods(pods: readonly Pod[]): Counts {
  const statuses = pods.flatMap(({ status }) => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]);
  const ends = statuses.flatMap(({ state, lastState }) => [state?.terminated, lastState?.terminated]);
  const nodes = pods.map(({ spec }) => spec?.nodeName ?? '').filter((name) => name !== '');
  const fine = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Succeeded');
  return {
    pods: pods.length,
    containers: count(
      pods.map(({ spec }) => (spec?.containers.length ?? 0) + (spec?.initContainers?.length ?? 0)),
    ),
    nodes: new Set(nodes).size,
    notRunningPods: pods.length - fine.length,
    restarts: count(statuses.map(({ restartCount }) => restartCount)),
    oomKills: ends.filter((end) => end?.reason === 'OOMKilled').length,
  };
}

type Storage = Pick<Usage, 'storageBytes' | 'storageUsedBytes' | 'unmeasuredClaims'>;

function storageOf(
  claims: readonly PersistentVolumeClaim[] | undefined,
  told: readonly ClaimStats[],
): Storage {
  if (claims === undefined)
    return { storageBytes: undefined, storageUsedBytes: undefined, unmeasuredClaims: [] };
  const seen = claims.map((claim) => {
    const { name } = claim.metadata;
    const size = sizeOf(claim);
    // A claim that several pods mount is told by each of them: it counts once.
    const own = told.filter((one) => one.name === name && one.capacityBytes <= size * OWN_FILE_SYSTEM);
    const used = own.length === 0 ? undefined : Math.max(...own.map(({ usedBytes }) => usedBytes));
    return { name, size, used };
  });
  return {
    storageBytes: count(seen.map(({ size }) => size)),
    storageUsedBytes: addAll(seen.map(({ used }) => used)) ?? (claims.length === 0 ? 0 : undefined),
    unmeasuredClaims: seen.filter(({ used }) => used === undefined).map(({ name }) => name),
  };
}

function sizeOf({ spec, status }: PersistentVolumeClaim): number {
  return quantityOf(status?.capacity?.['storage'] ?? spec?.resources?.requests?.['storage']) ?? 0;
}

/** Pods that have ended for good. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

const count = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const byName = (one: Pod, other: Pod): number => (one.metadata.name < other.metadata.name ? -1 : 1);
