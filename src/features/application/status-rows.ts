import { findCondition } from '../../kube/conditions.ts';
import type { Instance } from '../../api/instance.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import type { Release } from './find-application.ts';

/** Rows of `kubectl appstatus`: name, type, namespace, status. First the release, then its pods. */
export function statusRows(
  instance: Instance,
  release: Release,
  pods: readonly Pod[],
): readonly (readonly string[])[] {
  const of = (pod: Pod): readonly string[] => [
    pod.metadata.name,
    'Pod',
    pod.metadata.namespace ?? release.namespace,
    podState(pod),
  ];
  const first = [release.name, 'helmrelease', release.namespace, releaseState(instance)];
  return [first, ...[...pods].sort(byName).map(of)];
}

/**
 * The word for the release, in Helm's own words: what is asked for is installed, is not yet, or could not be. Whether it works is another
 * question, which the pods' rows answer.
 */
export function releaseState({ metadata, status }: Instance): string {
  if (metadata.deletionTimestamp !== undefined) return 'Uninstalling';
  if ((status?.error ?? '') !== '') return 'Failed';
  const ready = findCondition(status?.conditions, 'Ready');
  const isOld = ready?.observedGeneration !== undefined && ready.observedGeneration !== metadata.generation;
  return status?.release === undefined || isOld ? 'Pending' : 'Deployed';
}

/** As `kubectl get pods` says it: why a container waits tells more than the phase. */
export function podState({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waiting = containers
    .map(({ state }) => state?.waiting?.reason)
    .find((reason) => reason !== undefined && reason !== 'PodInitializing');
  return waiting ?? status?.reason ?? status?.phase ?? 'Unknown';
}

const byName = (one: Pod, other: Pod): number => (one.metadata.name < other.metadata.name ? -1 : 1);
