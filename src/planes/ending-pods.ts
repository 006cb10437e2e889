/** Pods of a workload that still end and may still answer; 0 where the hosting cluster does not count them (before 1.35). */
export function endingPods(status: object | undefined): number {
  // True by Kubernetes' contract: the field is newer than the types.
  return (status as { readonly terminatingReplicas?: number } | undefined)?.terminatingReplicas ?? 0;
}
