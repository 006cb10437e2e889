import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { InstancePolicies, ServicePolicies } from '../../api/revision.ts';
import type { AnyObject } from '../../kube/object.ts';
import { mapContainers, mapPodTemplate, type ContainerSpec, type PodTemplate } from './pod-templates.ts';

/** Label of every node with its name, set by the kubelet. */
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** What an instance and its service say about pods. */
export interface PodSettings {
  readonly instanceUid: string;
  /** Requests and limits of every container, over the chart's: KubePlus's `podconfig`. */
  readonly podResources?: ServicePolicies['podResources'];
  /** Node that all pods go to: the instance's `spec.nodeName`. */
  readonly nodeName?: string | undefined;
  readonly isolation?: ServicePolicies['isolation'] | undefined;
  /** Nodes of the tenant's plan. */
  readonly nodePool?: InstancePolicies['nodePool'] | undefined;
}

/**
 * Sets on the pods of an object what the service and the instance ask for. The instance's UID becomes a label of the
 * pods, so that they can be watched by it.
 */
export function withPodSettings(object: AnyObject, settings: PodSettings): AnyObject {
  return mapPodTemplate(object, (template) => {
    const labelled = withLabel(template, settings.instanceUid);
    const pulled = settings.isolation === 'strict' ? withPull(labelled) : labelled;
    const pooled = withPool(withResources(pulled, settings.podResources), settings.nodePool);
    return withNode(pooled, settings.nodeName);
  });
}

function withLabel(template: PodTemplate, uid: string): PodTemplate {
  const labels = { ...template.metadata?.labels, [INSTANCE_UID_LABEL]: uid };
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** Without a pull nobody asks whether the tenant may have the image: one that another tenant brought onto the node would do. */
function withPull(template: PodTemplate): PodTemplate {
  return mapContainers(template, (container) => ({ ...container, imagePullPolicy: 'Always' }));
}

function withResources(template: PodTemplate, podResources: PodSettings['podResources']): PodTemplate {
  if (podResources === undefined) return template;
  const { requests = {}, limits = {} } = podResources;
  return mapContainers(template, (container): ContainerSpec => {
    const resources = container.resources ?? {};
    return {
      ...container,
      resources: {
        ...resources,
        requests: { ...resources.requests, ...requests },
        limits: { ...resources.limits, ...limits },
      },
    };
  });
}

/** Over what the chart says; a pod that named its node would pass the scheduler by, and the pool with it. */
function withPool(template: PodTemplate, pool: PodSettings['nodePool']): PodTemplate {
  if (pool === undefined) return template;
  const { nodeName: _nodeName, ...spec } = template.spec ?? {};
  return {
    ...template,
    spec: {
      ...spec,
      nodeSelector: { ...spec.nodeSelector, ...pool.nodeSelector },
      tolerations: [...(spec.tolerations ?? []), ...(pool.tolerations ?? [])],
    },
  };
}

/** By label and not by `spec.nodeName`: that would pass the scheduler by, and the quota of the node with it. */
function withNode(template: PodTemplate, nodeName: string | undefined): PodTemplate {
  if (nodeName === undefined) return template;
  const spec = template.spec ?? {};
  return {
    ...template,
    spec: { ...spec, nodeSelector: { ...spec.nodeSelector, [HOSTNAME_LABEL]: nodeName } },
  };
}
