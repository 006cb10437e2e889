import type { PodStats } from '../../src/features/usage/pod-stats.ts';

/** For tests: what a kubelet tells of a pod in `shop1`, each figure another number. */
export const podStats = (name: string, parts: Partial<PodStats> = {}): PodStats => ({
  uid: `uid-${name}`,
  namespace: 'shop1',
  name,
  containers: 1,
  cpuMillicores: 1,
  cpuSeconds: 2,
  memoryBytes: 3,
  receivedBytes: 4,
  transmittedBytes: 5,
  ephemeralBytes: 6,
  claims: [],
  ...parts,
});
