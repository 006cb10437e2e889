import type { Instance } from '../../api/instance.ts';
import {
  INSTANCE_KIND_LABEL,
  INSTANCE_NAME_LABEL,
  INSTANCE_NAMESPACE_LABEL,
  INSTANCE_UID_LABEL,
  SERVICE_UID_LABEL,
} from '../../api/names.ts';
import { TENANT_PLAN } from '../../api/plan.ts';
import { REVISION } from '../../api/revision.ts';
import { TENANT } from '../../api/tenant.ts';
import { NAMESPACE, NODE, type Namespace, type Node, type Pod } from '../../kube/builtin-kinds.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Stores, Watch } from '../../runtime/controller.ts';
import { TENANT_INDEX, namespacesOf } from '../../runtime/tenant-namespaces.ts';
import { watch } from '../../runtime/watch.ts';
import { MARK_ANNOTATION, markOf } from './marks.ts';
import { WATCHED_KINDS } from './observe-running.ts';
import type { InstanceService } from './service.ts';

/** What wakes the instances of a service: their namespaces, what stands in them, and the service's revisions. */
export function instanceWatches(service: InstanceService, operatorNamespace: string): readonly Watch[] {
  const inside = (object: KubeObject, stores: Stores): readonly ObjectRef[] => {
    const { namespace } = object.metadata;
    if (namespace === undefined) return [];
    return refsOf(stores.get(NAMESPACE, { name: namespace }), service);
  };
  return [
    watch({
      kind: NAMESPACE,
      slim: slimNamespace,
      indexes: TENANT_INDEX,
      wakes: (namespace, stores) => [
        ...refsOf(namespace, service),
        ...waitingFor(namespace, service.kind, operatorNamespace, stores),
        ...tenantsOwn(namespace, service.kind, stores),
      ],
    }),
    watch({ kind: NODE, slim: slimNode, wakes: () => [] }),
    watch({
      kind: REVISION,
      wakes: ({ spec }, stores) =>
        spec.composition.uid === service.composition.uid
          ? stores.list(service.kind).map(({ metadata }) => metadata)
          : [],
    }),
    ...planWatches(service, operatorNamespace),
    ...WATCHED_KINDS.map((kind): Watch => ({
      kind,
      labelSelector: INSTANCE_UID_LABEL,
      slim: slimObject,
      wakes: inside,
    })),
  ];
}

/** What the terms of instances are made of. A status, which counts come and go in, is none of it. */
function planWatches({ kind }: InstanceService, operatorNamespace: string): readonly Watch[] {
  const instancesOf = ({ namespace = '', name }: ObjectRef, stores: Stores): readonly ObjectRef[] =>
    namespacesOf({ namespace, name }, stores, operatorNamespace).flatMap((home) =>
      stores.list(kind, home).map(({ metadata }) => metadata),
    );
  return [
    watch({
      kind: TENANT,
      heeds: isSpecNew,
      wakes: ({ metadata }, stores) => instancesOf(metadata, stores),
    }),
    watch({
      kind: TENANT_PLAN,
      heeds: isSpecNew,
      wakes: ({ metadata: { namespace, name } }, stores) =>
        stores
          .list(TENANT, namespace)
          .filter(({ spec }) => spec?.plan === name)
          .flatMap(({ metadata }) => instancesOf(metadata, stores)),
    }),
  ];
}

function isSpecNew(object: KubeObject, previous: KubeObject): boolean {
  return object.metadata.generation !== previous.metadata.generation;
}

/** What admission reads from the stores in every replica, also where no controller runs: held from the start. */
export const ADMISSION_WATCHES: readonly Watch[] = [
  watch({ kind: NAMESPACE, slim: slimNamespace, indexes: TENANT_INDEX, wakes: () => [] }),
  watch({ kind: NODE, slim: slimNode, wakes: () => [] }),
  watch({ kind: TENANT, wakes: () => [] }),
  watch({ kind: TENANT_PLAN, wakes: () => [] }),
];

/** The instance that a namespace names, if it is one of this service. */
function refsOf(
  namespace: KubeObject | undefined,
  { kind, composition }: InstanceService,
): readonly ObjectRef[] {
  const labels = namespace?.metadata.labels ?? {};
  const name = labels[INSTANCE_NAME_LABEL];
  if (name === undefined || labels[SERVICE_UID_LABEL] !== composition.uid) return [];
  return labels[INSTANCE_KIND_LABEL] === kind.kind
    ? [{ namespace: labels[INSTANCE_NAMESPACE_LABEL], name }]
    : [];
}

/** Instances created in a consumer's namespace: it says whose they are. */
function tenantsOwn({ metadata }: KubeObject, kind: Kind<Instance>, stores: Stores): readonly ObjectRef[] {
  if (metadata.labels?.[INSTANCE_UID_LABEL] !== undefined) return [];
  return stores.list(kind, metadata.name).map((instance) => instance.metadata);
}

/** An instance in the operator's namespace whose name a foreign namespace has: it may have waited for that to go. */
function waitingFor(
  namespace: KubeObject,
  kind: Kind<Instance>,
  operatorNamespace: string,
  stores: Stores,
): readonly ObjectRef[] {
  const ref = { namespace: operatorNamespace, name: namespace.metadata.name };
  return stores.get(kind, ref) === undefined ? [] : [ref];
}

/*
 * What the stores keep. One function for a kind at module level: the informers are shared by the controllers of all
 * services, and equal functions count once.
 */

function slimNamespace({ apiVersion, kind, metadata, status }: Namespace): Namespace {
  const { name, uid, resourceVersion, labels, annotations, deletionTimestamp } = metadata;
  return {
    apiVersion,
    kind,
    metadata: compact({ name, uid, resourceVersion, labels, annotations, deletionTimestamp }),
    ...(status === undefined ? {} : { status }),
  };
}

function slimNode({ apiVersion, kind, metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    metadata: compact({ name, uid, resourceVersion }),
    spec: spec?.podCIDRs === undefined ? {} : { podCIDRs: spec.podCIDRs },
    status: status?.addresses === undefined ? {} : { addresses: status.addresses },
  };
}

/** Keys of `spec` that health and addresses are told by; templates are most of an object. */
const SPEC_KEYS = ['replicas', 'updateStrategy', 'type', 'ports', 'rules', 'tls'] as const;
/** Keys of a pod's status that say how it is. */
const POD_STATUS_KEYS = [
  'phase',
  'reason',
  'message',
  'conditions',
  'containerStatuses',
  'initContainerStatuses',
] as const;

function slimObject(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp, ownerReferences } =
    object.metadata;
  const owner = object.metadata.labels?.[INSTANCE_UID_LABEL];
  const mark = markOf(object);
  // Read for the keys below only; a key that is not there is not kept.
  const { spec, status } = object as KubeObject & {
    readonly spec?: Readonly<Record<string, unknown>>;
    readonly status?: Readonly<Record<string, unknown>>;
  };
  const slim = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: compact({
      name,
      namespace,
      uid,
      resourceVersion,
      generation,
      deletionTimestamp,
      ownerReferences,
      labels: owner === undefined ? undefined : { [INSTANCE_UID_LABEL]: owner },
      annotations: mark === undefined ? undefined : { [MARK_ANNOTATION]: mark },
    }),
    ...(spec === undefined ? {} : { spec: pick(spec, SPEC_KEYS) }),
    ...(status === undefined ? {} : { status: object.kind === 'Pod' ? slimPodStatus(status) : status }),
  };
  return slim;
}

function slimPodStatus(status: Readonly<Record<string, unknown>>): Pod['status'] {
  // A pod's status with fewer of its optional fields.
  return pick(status, POD_STATUS_KEYS);
}

function pick(from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
}

/** Without the keys that are undefined: metadata's optional fields are absent or set. */
function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // What is left out is what was undefined.
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
