import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import { NODE, POD, PVC, type Node, type PersistentVolumeClaim, type Pod } from '../../kube/builtin-kinds.ts';
import type { Watch } from '../../runtime/controller.ts';
import { watch } from '../../runtime/watch.ts';

/** What the stores must keep for usage, beside what instances are read from. */
export const USAGE_WATCHES: readonly Watch[] = [
  watch({ kind: NODE, slim: slimNode, wakes: () => [] }),
  watch({ kind: POD, labelSelector: INSTANCE_UID_LABEL, slim: slimPod, wakes: () => [] }),
  watch({ kind: PVC, labelSelector: INSTANCE_UID_LABEL, slim: slimClaim, wakes: () => [] }),
];

type Container = Pick<NonNullable<Pod['spec']>['containers'][number], 'name' | 'ports'>;

/** Where a pod is, how many containers it has and how these are. */
function slimPod({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const names = (containers: readonly Container[]): Container[] =>
    containers.map(({ name, ports }) => ({ name, ...(ports === undefined ? {} : { ports }) }));
  const { phase, podIP, containerStatuses, initContainerStatuses } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: slimMetadata(metadata),
    spec: {
      containers: names(spec?.containers ?? []),
      ...(spec?.initContainers === undefined ? {} : { initContainers: names(spec.initContainers) }),
      ...(spec?.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
      ...(spec?.hostNetwork === undefined ? {} : { hostNetwork: spec.hostNetwork }),
    },
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(containerStatuses === undefined ? {} : { containerStatuses }),
      ...(initContainerStatuses === undefined ? {} : { initContainerStatuses }),
    },
  };
}

/** Where its kubelet listens. */
function slimNode({ apiVersion, kind, metadata, status }: Node): Node {
  const { addresses, daemonEndpoints } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: slimMetadata(metadata),
    status: {
      ...(addresses === undefined ? {} : { addresses }),
      ...(daemonEndpoints === undefined ? {} : { daemonEndpoints }),
    },
  };
}

function slimClaim({
  apiVersion,
  kind,
  metadata,
  spec,
  status,
}: PersistentVolumeClaim): PersistentVolumeClaim {
  const resources = spec?.resources;
  const capacity = status?.capacity;
  return {
    apiVersion,
    kind,
    metadata: slimMetadata(metadata),
    spec: resources === undefined ? {} : { resources },
    status: capacity === undefined ? {} : { capacity },
  };
}

function slimMetadata<T extends Pod['metadata']>({
  name,
  namespace,
  uid,
  resourceVersion,
  labels,
}: T): Pod['metadata'] {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(labels === undefined ? {} : { labels }),
  };
}
