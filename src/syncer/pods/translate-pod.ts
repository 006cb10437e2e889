import { SECRET, type Pod } from '../../kube/builtin-kinds.ts';
import { POD } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels, namespaceLabelKey } from '../marks.ts';
import type { Surroundings, Translation } from '../translation.ts';
import { downwardAnnotations } from './pod-downward.ts';
import { hostContainer, KUBERNETES_SERVICE } from './pod-env.ts';
import { podRefusals } from './pod-refusals.ts';
import { hostScheduling } from './pod-scheduling.ts';
import { hostVolumes } from './pod-volumes.ts';

type Spec = NonNullable<Pod['spec']>;

/** Longest host name of a machine, and so of a pod. */
const MAX_HOSTNAME = 63;
/** What the cluster autoscaler asks; a pod without a controller is not made again. */
const EVICTION_ANNOTATION = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

/** The pod that runs on the host for a tenant's pod. Only for its creation: a running one changes by `podChanges`. */
export function translatePod(pod: Pod, around: Surroundings): Translation<Pod> {
  const { spec } = pod;
  if (spec === undefined) return { is: 'refused', reasons: ['spec: it is empty; describe a container.'] };
  const reasons = podRefusals(pod, around.tenant.rules);
  if (reasons.length > 0) return { is: 'refused', reasons };
  const dns = hostDns(pod, around);
  if (dns === undefined) return { is: 'waiting', reason: 'The cluster has no name server yet.' };
  const { namespace, name } = pod.metadata;
  return {
    is: 'object',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: around.hostName(POD, { namespace, name }),
        namespace: around.tenant.hostNamespace,
        labels: hostPodLabels(pod, around),
        annotations: hostPodAnnotations(pod),
        ...(around.tenant.owner === undefined ? {} : { ownerReferences: [around.tenant.owner] }),
      },
      spec: { ...hostSpec(pod, spec, around), ...dns, ...hostScheduling(pod, around) },
    },
  };
}

/** Labels of the host's pod: the tenant's, our marks, and those of the namespace for selectors of namespaces. */
export function hostPodLabels(pod: Pod, around: Surroundings): Readonly<Record<string, string>> {
  const ofNamespace = Object.entries(around.namespaceLabels(pod.metadata.namespace ?? ''));
  return {
    ...hostLabels(pod, around.tenant),
    ...Object.fromEntries(ofNamespace.map(([key, value]) => [namespaceLabelKey(key, around.tenant), value])),
  };
}

/** Annotations of the host's pod. */
export function hostPodAnnotations(pod: Pod): Readonly<Record<string, string>> {
  const controlled = (pod.metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
  return {
    [EVICTION_ANNOTATION]: String(controlled),
    ...hostAnnotations(pod, POD),
    ...downwardAnnotations(pod),
  };
}

/** Fields of a pod that the host decides by itself or must not hear of. */
function hostSpec(pod: Pod, spec: Spec, around: Surroundings): Spec {
  const { tenant } = around;
  const { namespace, name } = pod.metadata;
  const {
    serviceAccount: _account,
    priority: _priority,
    priorityClassName,
    preemptionPolicy: _preemption,
    overhead: _overhead,
    subdomain: _subdomain,
    ephemeralContainers: _ephemeral,
    imagePullSecrets,
    initContainers,
    nodeName,
    ...kept
  } = spec;
  const volumes = hostVolumes(pod, around);
  const keepsClass = priorityClassName !== undefined && mayNamePriority(priorityClassName, around);
  return {
    ...kept,
    serviceAccountName: tenant.workloadServiceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    hostname: spec.hostname ?? name.slice(0, MAX_HOSTNAME).replaceAll('.', '-').replace(/-+$/, ''),
    containers: spec.containers.map((one) => hostContainer(one, pod, around)),
    hostAliases: [...(spec.hostAliases ?? []), ...kubernetesAlias(around)],
    ...(initContainers === undefined
      ? {}
      : { initContainers: initContainers.map((one) => hostContainer(one, pod, around)) }),
    ...(imagePullSecrets === undefined
      ? {}
      : {
          imagePullSecrets: imagePullSecrets.map((one) =>
            one.name === undefined ? one : { name: around.hostName(SECRET, { namespace, name: one.name }) },
          ),
        }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(keepsClass ? { priorityClassName } : {}),
    ...(nodeName === undefined || nodeName === '' ? {} : { nodeName }),
  };
}

/** A class that the plan names is the host's own; every other one is the tenant's, and means nothing on the host. */
function mayNamePriority(name: string, { tenant }: Surroundings): boolean {
  return tenant.rules.priorityClasses === undefined || tenant.rules.priorityClasses.includes(name);
}

/** The API server is found before, and without, the tenant's name server. */
function kubernetesAlias(around: Surroundings): NonNullable<Spec['hostAliases']> {
  const { namespace, name } = KUBERNETES_SERVICE;
  const service = around.services(namespace).find(({ metadata }) => metadata.name === name);
  const ip = service?.spec?.clusterIP;
  if (ip === undefined || ip === '' || ip === 'None') return [];
  const hostnames = [
    `kubernetes.default.svc.${around.tenant.clusterDomain}`,
    'kubernetes.default.svc',
    'kubernetes.default',
    'kubernetes',
  ];
  return [{ ip, hostnames }];
}

/** The tenant's name server in place of the host's; undefined while there is none and the pod needs it. */
function hostDns(
  { metadata, spec }: Pod,
  around: Surroundings,
): Pick<Spec, 'dnsPolicy' | 'dnsConfig'> | undefined {
  const policy = spec?.dnsPolicy ?? 'ClusterFirst';
  const usesCluster =
    policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && spec?.hostNetwork !== true);
  if (!usesCluster) return {};
  if (around.dnsAddress === undefined) return undefined;
  const { nameservers = [], searches = [], options = [] } = spec?.dnsConfig ?? {};
  const domain = around.tenant.clusterDomain;
  const own = [`${metadata.namespace ?? ''}.svc.${domain}`, `svc.${domain}`, domain];
  const hasDots = options.some(({ name }) => name === 'ndots');
  return {
    dnsPolicy: 'None',
    dnsConfig: {
      nameservers: [...new Set([around.dnsAddress, ...nameservers])].slice(0, MAX_NAMESERVERS),
      searches: [...new Set([...own, ...searches])],
      options: [...(hasDots ? [] : [{ name: 'ndots', value: '5' }]), ...options],
    },
  };
}

/** A resolver asks three servers, and the API server refuses more. */
const MAX_NAMESERVERS = 3;
