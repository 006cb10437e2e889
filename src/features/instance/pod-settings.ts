import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { PodControls } from '../../api/pod-controls.ts';
import type { ServicePolicies } from '../../api/revision.ts';
import type { AnyObject, Json } from '../../kube/object.ts';
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
  /** Nodes of the service and of the tenant's plan. */
  readonly nodePool?: PodControls['nodePool'] | undefined;
  /** No pod beside those of other instances. */
  readonly nodes?: PodControls['nodes'] | undefined;
  readonly runtimeClass?: PodControls['runtimeClass'] | undefined;
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
    const scheduled = withScheduler(pooled);
    const alone =
      settings.nodes === 'exclusive' ? withNodesOfItsOwn(scheduled, settings.instanceUid) : scheduled;
    return withRuntime(withNode(alone, settings.nodeName), settings.runtimeClass);
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

function withRuntime(template: PodTemplate, runtimeClassName: string | undefined): PodTemplate {
  return runtimeClassName === undefined
    ? template
    : { ...template, spec: { ...template.spec, runtimeClassName } };
}

/**
 * What keeps pods of other instances off the nodes of this one, and this one off theirs: the scheduler holds whoever comes later to the
 * rule of whoever is there, too.
 */
export function exclusiveTerm(instanceUid: string): Json {
  return {
    topologyKey: HOSTNAME_LABEL,
    namespaceSelector: {},
    labelSelector: {
      matchExpressions: [
        { key: INSTANCE_UID_LABEL, operator: 'Exists' },
        { key: INSTANCE_UID_LABEL, operator: 'NotIn', values: [instanceUid] },
      ],
    },
  };
}

/**
 * A node that the chart names is asked for as DaemonSets do it: a pod that named its node itself would pass the scheduler by, and with it
 * the nodes that other instances have for themselves.
 */
function withScheduler(template: PodTemplate): PodTemplate {
  const { nodeName, ...spec } = template.spec ?? {};
  if (nodeName === undefined || nodeName === '') return template;
  const { nodeAffinity, ...affinity } = spec.affinity ?? {};
  const asked = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const named = { key: 'metadata.name', operator: 'In', values: [nodeName] };
  // One of the terms must hold, so each has the node in it.
  const nodeSelectorTerms = (asked.length === 0 ? [{}] : asked).map((term) => ({
    ...term,
    matchFields: [...(term.matchFields ?? []), named],
  }));
  const required = { nodeSelectorTerms };
  const rules = { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required };
  return { ...template, spec: { ...spec, affinity: { ...affinity, nodeAffinity: rules } } };
}

/** Beside the rules of the chart. */
function withNodesOfItsOwn(template: PodTemplate, instanceUid: string): PodTemplate {
  const spec = template.spec ?? {};
  const { podAntiAffinity, ...affinity } = spec.affinity ?? {};
  const required = [
    ...(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    exclusiveTerm(instanceUid),
  ];
  const rules = { ...podAntiAffinity, requiredDuringSchedulingIgnoredDuringExecution: required };
  return { ...template, spec: { ...spec, affinity: { ...affinity, podAntiAffinity: rules } } };
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
