/** What hosting clusters tell of workloads since 1.35, and types do not know yet. */
interface Ending {
  readonly terminatingReplicas?: number;
}

/** Pods of a workload that still end and may still answer; 0 where the hosting cluster does not count them. */
export function endingPods(status: object | undefined): number {
  const counts: Ending | undefined = status;
  return counts?.terminatingReplicas ?? 0;
}
