import { isMap } from '../../lib/narrow.ts';
import type { AnyObject } from '../../kube/object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Where a kind keeps the pods it makes. */
const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  'v1 Pod': ['spec'],
  'apps/v1 Deployment': ['spec', 'template', 'spec'],
  'apps/v1 StatefulSet': ['spec', 'template', 'spec'],
  'apps/v1 DaemonSet': ['spec', 'template', 'spec'],
  'batch/v1 Job': ['spec', 'template', 'spec'],
  'batch/v1 CronJob': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};
/** The user without rights that container images have agreed on. */
const NOBODY = 65532;
const POD_DEFAULTS = {
  runAsNonRoot: true,
  runAsUser: NOBODY,
  runAsGroup: NOBODY,
  fsGroup: NOBODY,
  seccompProfile: { type: 'RuntimeDefault' },
};
const CONTAINER_DEFAULTS = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const CONTAINER_LISTS = ['containers', 'initContainers'];

/**
 * An object of a hook with what the namespace of a plane asks of pods, where the hook says nothing of it: pods there have no rights on their
 * node. Hooks that were written for KubeFlex, which has no such rule, run so. What a hook does say stays, and is judged by the API server.
 */
export function withPodDefaults(object: AnyObject): AnyObject {
  const path = POD_SPECS[`${object.apiVersion} ${object.kind}`];
  // An object of the API is a map, and stays one.
  return path === undefined ? object : (changeAt(object, path, podWithDefaults) as AnyObject);
}

function changeAt(
  value: Fields,
  [first, ...rest]: readonly string[],
  change: (at: Fields) => Fields,
): Fields {
  if (first === undefined) return change(value);
  const below = value[first];
  return isMap(below) ? { ...value, [first]: changeAt(below, rest, change) } : value;
}

function podWithDefaults(spec: Fields): Fields {
  const lists = CONTAINER_LISTS.flatMap((name) => {
    const list = spec[name];
    return Array.isArray(list) ? [[name, list.map(containerWithDefaults)]] : [];
  });
  return {
    ...spec,
    securityContext: over(POD_DEFAULTS, spec['securityContext']),
    ...Object.fromEntries(lists),
  };
}

function containerWithDefaults(container: unknown): unknown {
  if (!isMap(container)) return container;
  return { ...container, securityContext: over(CONTAINER_DEFAULTS, container['securityContext']) };
}

const over = (defaults: Fields, said: unknown): Fields => ({ ...defaults, ...(isMap(said) ? said : {}) });
