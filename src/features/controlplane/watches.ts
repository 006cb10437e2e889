import { CONTROL_PLANE } from '../../api/control-plane.ts';
import { NAMESPACE_SUFFIX } from '../../api/control-plane-names.ts';
import {
  DEPLOYMENT,
  NAMESPACE,
  NETWORK_POLICY,
  NODE,
  POD_DISRUPTION_BUDGET,
  ROLE_BINDING,
  SERVICE,
  STATEFUL_SET,
  type Namespace,
  type Node,
} from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { PLANE_LABEL } from '../../planes/plane-names.ts';
import type { Stores, Watch } from '../../runtime/controller.ts';
import { watch } from '../../runtime/watch.ts';
import type { Present } from '../../planes/part-writes.ts';
import { SHARED_STORE } from './shared-store.ts';
import { backendOf } from './wanted-plane.ts';

/** Kinds that planes consist of, as far as the operator watches them: Secrets it does not. */
const PART_KINDS: readonly Kind[] = [
  DEPLOYMENT,
  STATEFUL_SET,
  SERVICE,
  NETWORK_POLICY,
  POD_DISRUPTION_BUDGET,
  ROLE_BINDING,
];
/** Objects of planes by namespace. Stores that others share with us have no such index: they hold less of each object. */
const BY_NAMESPACE = 'plane-parts';

/** What wakes planes. */
export const PLANE_WATCHES: readonly Watch[] = [
  ...PART_KINDS.map((kind): Watch => ({
    kind,
    labelSelector: PLANE_LABEL,
    indexes: { [BY_NAMESPACE]: ({ metadata }) => [metadata.namespace ?? ''] },
    wakes: ({ metadata }, stores) => planesOf(metadata.labels?.[PLANE_LABEL], stores),
  })),
  watch({
    kind: NAMESPACE,
    slim: slimNamespace,
    wakes: ({ metadata }, stores) =>
      metadata.labels?.[PLANE_LABEL] === SHARED_STORE
        ? planesOf(SHARED_STORE, stores)
        : metadata.name.endsWith(NAMESPACE_SUFFIX)
          ? [{ name: metadata.name.slice(0, -NAMESPACE_SUFFIX.length) }]
          : [],
  }),
  watch({
    kind: NODE,
    slim: slimNode,
    heeds: (node, previous) => !deepEqual(slimNode(node).status, slimNode(previous).status),
    wakes: (_node, stores) => stores.list(CONTROL_PLANE).map(({ metadata }) => metadata),
  }),
];

/** Watched objects of planes in a namespace. */
export function partsIn(namespace: string, stores: Stores): Present {
  return new Map(
    PART_KINDS.flatMap((kind) =>
      stores
        .byIndex(kind, BY_NAMESPACE, namespace)
        .map((object) => [`${groupKindOf(kind)}/${object.metadata.name}`, object] as const),
    ),
  );
}

function planesOf(name: string | undefined, stores: Stores): readonly ObjectRef[] {
  if (name !== SHARED_STORE) return name === undefined ? [] : [{ name }];
  return stores
    .list(CONTROL_PLANE)
    .filter((plane) => backendOf(plane) === 'shared')
    .map(({ metadata }) => metadata);
}

function slimNamespace({ apiVersion, kind, metadata }: Namespace): Namespace {
  const { name, uid, labels, deletionTimestamp } = metadata;
  return { apiVersion, kind, metadata: known({ name, uid, labels, deletionTimestamp }) };
}

function slimNode({ apiVersion, kind, metadata, status }: Node): Node {
  const { addresses } = status ?? {};
  return {
    apiVersion,
    kind,
    metadata: known({ name: metadata.name, uid: metadata.uid }),
    status: addresses === undefined ? {} : { addresses },
  };
}

/** Without fields that are not set. */
function known(metadata: {
  readonly [K in keyof KubeObject['metadata']]: KubeObject['metadata'][K] | undefined;
}): KubeObject['metadata'] {
  // True: what is left is what was set, and the name is.
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== undefined),
  ) as unknown as KubeObject['metadata'];
}
