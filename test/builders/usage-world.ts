import {
  INSTANCE_KIND_LABEL,
  INSTANCE_NAME_LABEL,
  INSTANCE_NAMESPACE_LABEL,
  INSTANCE_UID_LABEL,
  SERVICE_UID_LABEL,
} from '../../src/api/names.ts';
import { NAMESPACE, POD, type Pod } from '../../src/kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Stores } from '../../src/runtime/controller.ts';

/** For tests: the namespace of an instance of that name, as the operator labels it. */
export const instanceNamespace = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      [INSTANCE_UID_LABEL]: `uid-${name}`,
      [INSTANCE_KIND_LABEL]: 'Shop',
      [INSTANCE_NAME_LABEL]: name,
      [INSTANCE_NAMESPACE_LABEL]: 'team',
      [SERVICE_UID_LABEL]: 'service',
    },
  },
});

/** A running pod of the chart's own. */
export const instancePod = (name: string, namespace: string, nodeName = 'n1'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid: `uid-${name}`, labels: { [INSTANCE_UID_LABEL]: `uid-${namespace}` } },
  spec: { containers: [{ name: 'c' }], nodeName },
  status: { phase: 'Running' },
});

/** Stores with these namespaces and pods, and nothing else. */
export function usageStores(namespaces: readonly KubeObject[], pods: readonly Pod[]): Stores {
  const all = new Map<string, readonly KubeObject[]>([
    [groupKindOf(NAMESPACE), namespaces],
    [groupKindOf(POD), pods],
  ]);
  const list = <T extends KubeObject>(kind: Kind<T>, namespace?: string): readonly T[] =>
    // Listed above under their own kinds.
    ((all.get(groupKindOf(kind)) ?? []) as readonly T[]).filter(
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );
  return {
    list,
    get: (kind, ref) => list(kind, ref.namespace).find(({ metadata }) => metadata.name === ref.name),
    byIndex: () => [],
  };
}
