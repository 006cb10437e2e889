import {
  INSTANCE_KIND_LABEL,
  INSTANCE_NAME_LABEL,
  INSTANCE_NAMESPACE_LABEL,
  INSTANCE_UID_LABEL,
  SERVICE_UID_LABEL,
} from '../../api/names.ts';
import { NAMESPACE, POD, type Pod } from '../../kube/builtin-kinds.ts';
import type { Stores } from '../../runtime/controller.ts';
import { hasEnded } from './measure-usage.ts';
import type { PodStats } from './pod-stats.ts';

/** Whose usage is told: the instance of a namespace, by the labels that only the operator can set. */
export interface MeasuredInstance {
  /** The namespace that the instance's pods are in. */
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  /** The namespace of the instance object. */
  readonly namespace: string;
  readonly serviceUid: string;
}

/** All instances that have a namespace, by that. */
export function measuredInstances(stores: Stores): readonly MeasuredInstance[] {
  return stores.list(NAMESPACE).flatMap(({ metadata: { name: target, labels = {} } }) => {
    const name = labels[INSTANCE_NAME_LABEL];
    if (labels[INSTANCE_UID_LABEL] === undefined || name === undefined) return [];
    const kind = labels[INSTANCE_KIND_LABEL] ?? '';
    const namespace = labels[INSTANCE_NAMESPACE_LABEL] ?? '';
    return [{ target, kind, name, namespace, serviceUid: labels[SERVICE_UID_LABEL] ?? '' }];
  });
}

/** The namespaces of all instances, and the nodes on which pods of theirs run. */
export function nodesByNamespace(stores: Stores): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    measuredInstances(stores).map(({ target }) => {
      const live = stores.list(POD, target).filter((pod) => !hasEnded(pod));
      return [target, new Set(live.flatMap(({ spec }) => spec?.nodeName ?? []))];
    }),
  );
}

/** `owner`: the pods of the chart's own objects, which carry the instance's mark. `all`: whatever runs in the namespace. */
export type Counted = 'all' | 'owner';

/** Whether a pod counts. */
export function countsPod({ metadata }: Pick<Pod, 'metadata'>, counted: Counted): boolean {
  return counted === 'all' || metadata.labels?.[INSTANCE_UID_LABEL] !== undefined;
}

/**
 * The pods that count: those the stores know, which are the marked ones; and of the others, which operators of somebody else's made in the
 * namespace, what kubelets tell. These run, or a kubelet would not speak of them; how often they were restarted nobody says.
 */
export function podsOf(known: readonly Pod[], told: readonly PodStats[], counted: Counted): readonly Pod[] {
  if (counted === 'owner') return known;
  const uids = new Set(known.map(({ metadata }) => metadata.uid));
  const others = told.filter(({ uid }) => uid !== '' && !uids.has(uid));
  return [...known, ...others.map(podOfStats)];
}

function podOfStats({ uid, name, namespace, containers }: PodStats): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid },
    spec: { containers: Array.from({ length: containers }, (_, index) => ({ name: `${index}` })) },
    status: { phase: 'Running' },
  };
}
