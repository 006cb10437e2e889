import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { AnyObject } from '../../kube/object.ts';
import { matchesSelector } from '../../kube/selector.ts';
import { isMap } from '../../lib/narrow.ts';
import { partOf } from './read-part.ts';

/** Kinds with a LabelSelector for pods of their namespace, and where it stands. Workloads own their pods anyway. */
const POD_SELECTORS: Readonly<Record<string, readonly string[]>> = {
  NetworkPolicy: ['spec', 'podSelector'],
  PodDisruptionBudget: ['spec', 'selector'],
};

/** The field by which one object selects another; undefined if it does not. */
export function selects(from: AnyObject, to: AnyObject): string | undefined {
  if (from === to) return undefined;
  const { labels } = to.metadata;
  const { uid } = from.metadata;
  // What the operator writes for an instance carries its UID; what controllers make of it is found through them.
  const isOwned = (to.metadata.ownerReferences ?? []).length > 0;
  if (uid !== undefined && !isOwned && labels?.[INSTANCE_UID_LABEL] === uid) return INSTANCE_UID_LABEL;
  if (to.kind !== 'Pod' || from.metadata.namespace !== to.metadata.namespace) return undefined;
  if (from.kind === 'Service') {
    const selector = partOf(from, 'spec', 'selector');
    // A Service without selector has no pods; one of everything does not exist.
    if (!isMap(selector) || Object.keys(selector).length === 0) return undefined;
    return Object.entries(selector).every(([key, value]) => labels?.[key] === value)
      ? 'spec.selector'
      : undefined;
  }
  const path = POD_SELECTORS[from.kind];
  if (path === undefined) return undefined;
  const selector = partOf(from, ...path);
  if (!isMap(selector)) return undefined;
  return matchesSelector(selector, labels) ? path.join('.') : undefined;
}
