import type { Kind } from '../../kube/kind.ts';

/** Kinds whose objects others refer to; written first. Those of one list may be written at the same time. */
const NEEDS = new Set([
  'PriorityClass',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'Role',
  'Service',
  'IngressClass',
]);
/** The API server looks the role up when it is bound: after the roles. */
const BINDINGS = new Set(['ClusterRoleBinding', 'RoleBinding']);
/** What runs, and what leads to it. */
const WORKLOADS = new Set([
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'Ingress',
]);
const LAST_LEVEL = 3;

/**
 * Helm writes objects one after another in the order of its list of kinds. Kept of it is what matters: roles before
 * bindings, what pods need before pods, kinds nobody knows (custom resources, web hooks, API services) last. So most
 * charts are two rounds of writes, and none is more than four.
 */
function levelOf(kind: Kind): number {
  const builtin = !kind.group.includes('.') || kind.group.endsWith('.k8s.io');
  if (!builtin) return LAST_LEVEL;
  if (NEEDS.has(kind.kind)) return 0;
  if (BINDINGS.has(kind.kind)) return 1;
  return WORKLOADS.has(kind.kind) ? 2 : LAST_LEVEL;
}

/** Groups objects into rounds that are written one after the other. Empty rounds are left out. */
export function installRounds<T extends { readonly kind: Kind }>(
  objects: readonly T[],
): readonly (readonly T[])[] {
  const rounds: T[][] = Array.from({ length: LAST_LEVEL + 1 }, () => []);
  for (const object of objects) rounds[levelOf(object.kind)]?.push(object);
  return rounds.filter((round) => round.length > 0);
}
