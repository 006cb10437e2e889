import type { AnyObject } from '../kube/object.ts';
import { groupKindOf, type Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { mapLimit } from '../lib/limit.ts';
import type { ServedResource } from './discovery-documents.ts';
import { preferred } from './find-kinds.ts';
import type { Reader } from './client.ts';

/** What a namespace holds, as far as one may look. */
export interface NamespaceContent {
  readonly objects: readonly AnyObject[];
  /** `group/Kind` of what one may not list. */
  readonly hidden: readonly string[];
}

/**
 * Requests at the same time: a cluster has some fifty kinds, and an answer takes a few milliseconds. More connections cost more to open than
 * they save.
 */
const PARALLEL = 8;
/** Kinds that say what happened or who leads, not what there is; and endpoints, which repeat pods and services. */
const NOT_CONTENT = new Set([
  'Event',
  'events.k8s.io/Event',
  'Endpoints',
  'discovery.k8s.io/EndpointSlice',
  'coordination.k8s.io/Lease',
  'apps/ControllerRevision',
]);
/** Metrics are served like objects, but are readings. */
const METRICS_GROUP = /(?:^|\.)metrics\.k8s\.io$/;

/**
 * Every object of a namespace, kind by kind. What may not be listed is named instead of failing: rights are given by kind. Helm's
 * release records are left out: each is as large as its chart.
 */
export async function listNamespace(
  reader: Reader,
  resources: readonly ServedResource[],
  namespace: string,
): Promise<NamespaceContent> {
  const kinds = preferred(resources).filter(isContent);
  const hidden: string[] = [];
  const lists = await mapLimit(kinds, PARALLEL, async (served) => {
    const { group, version, plural, namespaced } = served;
    const kind: Kind<AnyObject> = { group, version, kind: served.kind, plural, namespaced };
    const isSecret = kind.group === '' && kind.kind === 'Secret';
    const selection = isSecret ? { fieldSelector: 'type!=helm.sh/release.v1' } : {};
    try {
      return (await reader.list(kind, { namespace, ...selection })).items;
    } catch (error) {
      // An aggregated API that is down, or a kind that went meanwhile, must not hide all the others.
      if (!isKubeError(error, 'Forbidden', 'NotFound', 'ServiceUnavailable', 'MethodNotAllowed')) throw error;
      hidden.push(groupKindOf(kind));
      return [];
    }
  });
  return { objects: lists.flat(), hidden };
}

function isContent(kind: ServedResource): boolean {
  return (
    kind.namespaced &&
    kind.verbs.includes('list') &&
    !NOT_CONTENT.has(groupKindOf(kind)) &&
    !METRICS_GROUP.test(kind.group)
  );
}
