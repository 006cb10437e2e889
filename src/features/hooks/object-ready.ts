import type { DaemonSet, Deployment, Job, Pod, StatefulSet } from '../../kube/builtin-kinds.ts';
import { groupKindOf, splitApiVersion } from '../../kube/kind.ts';
import type { Condition, KubeObject } from '../../kube/object.ts';

/** How an object that a hook made is. */
export type ObjectHealth =
  { readonly is: 'ready' } | { readonly is: 'waiting' } | { readonly is: 'failed'; readonly why: string };

const READY: ObjectHealth = { is: 'ready' };
const WAITING: ObjectHealth = { is: 'waiting' };

/**
 * Whether an object works: KubeFlex's rules for the kinds it knows, the condition that a custom resource has, and everything else when
 * it is there. A Job that failed is told from one that runs.
 */
export function objectHealth(live: KubeObject): ObjectHealth {
  const { group } = splitApiVersion(live.apiVersion);
  // The kind says which of the built-in types it is.
  switch (groupKindOf({ group, kind: live.kind })) {
    case 'apps/Deployment':
    case 'apps/StatefulSet':
      return replicasHealth(live);
    case 'apps/DaemonSet':
      return daemonSetHealth(live);
    case 'batch/Job':
      return jobHealth(live);
    case 'Pod':
      return podHealth(live);
    case 'apiextensions.k8s.io/CustomResourceDefinition':
      return isTrue(live, 'Established') === true ? READY : WAITING;
    default:
      return isTrue(live, 'Ready') === false ? WAITING : READY;
  }
}

function replicasHealth({ metadata, spec, status }: Deployment | StatefulSet): ObjectHealth {
  const wanted = spec?.replicas ?? 1;
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return isSeen && (status?.readyReplicas ?? 0) >= wanted ? READY : WAITING;
}

function daemonSetHealth({ metadata, status }: DaemonSet): ObjectHealth {
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return isSeen && status !== undefined && status.numberReady >= status.desiredNumberScheduled
    ? READY
    : WAITING;
}

function jobHealth({ metadata, status }: Job): ObjectHealth {
  const failed = status?.conditions?.find(({ type, status: is }) => type === 'Failed' && is === 'True');
  if (failed !== undefined) {
    return { is: 'failed', why: `Job ${metadata.name} failed: ${failed.message ?? 'no reason given'}` };
  }
  return (status?.succeeded ?? 0) > 0 ? READY : WAITING;
}

function podHealth({ metadata, status }: Pod): ObjectHealth {
  if (status?.phase === 'Failed') {
    return {
      is: 'failed',
      why: `Pod ${metadata.name} failed: ${status.message ?? status.reason ?? 'no reason given'}`,
    };
  }
  return status?.phase === 'Running' || status?.phase === 'Succeeded' ? READY : WAITING;
}

/** Undefined where the object has no such condition. */
function isTrue(live: KubeObject, type: string): boolean | undefined {
  // Conditions have one form everywhere; what is no list of them has none.
  const { status } = live as KubeObject & {
    readonly status?: { readonly conditions?: readonly Condition[] };
  };
  const conditions = Array.isArray(status?.conditions) ? status.conditions : [];
  const found = conditions.find((condition) => condition.type === type);
  return found === undefined ? undefined : found.status === 'True';
}
