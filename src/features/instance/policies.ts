import {
  INSTANCE_CLUSTER_ROLE,
  INSTANCE_KIND_LABEL,
  INSTANCE_NAME_LABEL,
  INSTANCE_NAMESPACE_LABEL,
  INSTANCE_UID_LABEL,
  INVENTORY_ANNOTATION,
  ISOLATION_LABEL,
  MANAGED_BY_LABEL,
  MANAGED_BY_VALUE,
  READER_CLUSTER_ROLE,
  RELEASE_NAME_ANNOTATION,
  SERVICE_UID_LABEL,
  STORAGE_CLASSES_LABEL,
} from '../../api/names.ts';
import { serviceClusterRoleName } from '../../api/instance.ts';
import type { InstancePolicies, RevisionSpec } from '../../api/revision.ts';
import { LIMIT_RANGE, NETWORK_POLICY, RESOURCE_QUOTA, ROLE_BINDING } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject, Json } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';
import { netDefaults } from './fill-resources.ts';
import { networkPolicies, type NetworkFacts } from './network-policies.ts';
import { readerSubjects } from './readers.ts';

/** Names of an instance and of what stands around it. */
export interface Identity {
  /** UID of the instance object: owner of everything. */
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
  /** Namespace of the instance object. */
  readonly namespace: string;
  /** Namespace that holds the instance. */
  readonly target: string;
  readonly release: string;
  readonly serviceUid: string;
  /** The service's account. */
  readonly account: ServiceAccountRef;
}

/** An object with the kind that addresses it. */
export interface KindedObject {
  readonly kind: Kind;
  readonly object: AnyObject;
}

/** What a namespace's labels say of its policies. */
export type NamespacePolicies = Pick<InstancePolicies, 'isolation' | 'podSecurity' | 'storageClasses'>;

/** The instance's namespace as it is created: security level, whose it is and what its release may touch. */
export function namespaceObject(
  identity: Identity,
  policies: NamespacePolicies,
  inventory: string,
): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: identity.target,
      labels: namespaceLabels(identity, policies),
      annotations: { [RELEASE_NAME_ANNOTATION]: identity.release, [INVENTORY_ANNOTATION]: inventory },
    },
  };
}

/** Labels of the namespace; names are cut to a label's length, the UID is what counts. */
export function namespaceLabels(
  identity: Identity,
  policies: NamespacePolicies,
): Readonly<Record<string, string>> {
  return {
    [MANAGED_BY_LABEL]: MANAGED_BY_VALUE,
    [INSTANCE_UID_LABEL]: identity.uid,
    [INSTANCE_KIND_LABEL]: labelValue(identity.kind),
    [INSTANCE_NAME_LABEL]: labelValue(identity.name),
    [INSTANCE_NAMESPACE_LABEL]: labelValue(identity.namespace),
    [SERVICE_UID_LABEL]: identity.serviceUid,
    ...(policies.isolation === undefined ? {} : { [ISOLATION_LABEL]: policies.isolation }),
    // No name of a class holds the character between them.
    ...(policies.storageClasses === undefined
      ? {}
      : { [STORAGE_CLASSES_LABEL]: policies.storageClasses.join('_') }),
    'pod-security.kubernetes.io/enforce': policies.podSecurity,
    'pod-security.kubernetes.io/enforce-version': 'latest',
    'pod-security.kubernetes.io/warn': policies.podSecurity,
    'pod-security.kubernetes.io/audit': policies.podSecurity,
  };
}

/** Labels that a namespace has or has not, by its policies: away with those that are not wanted any more. */
export const LABELS_AT_TIMES = [ISOLATION_LABEL, STORAGE_CLASSES_LABEL] as const;

const MAX_LABEL = 63;

function labelValue(text: string): string {
  return text.slice(0, MAX_LABEL).replace(/[^A-Za-z0-9]+$/, '');
}

/**
 * Everything that must stand in the namespace before the first pod can: quota, limits, network policies and the bindings
 * of the service's account. Written by the operator itself.
 */
export function policyObjects(
  identity: Identity,
  revision: RevisionSpec,
  network: Omit<NetworkFacts, 'egress'>,
  readers: readonly string[] = [],
): readonly KindedObject[] {
  const { quota, fillResources, egress } = revision.policies;
  const hard = hardOf(revision.policies);
  const net = quota !== undefined && fillResources ? netDefaults(quota) : undefined;
  const objects: readonly (KindedObject | undefined)[] = [
    hard && { kind: RESOURCE_QUOTA, object: quotaObject(identity, hard) },
    net && { kind: LIMIT_RANGE, object: limitRangeObject(identity, net) },
    ...networkPolicies({ ...network, egress }).map((object) => ({ kind: NETWORK_POLICY, object })),
    { kind: ROLE_BINDING, object: bindingObject(INSTANCE_CLUSTER_ROLE, [accountSubject(identity.account)]) },
    ...rolesOf(revision).map((role) => ({
      kind: ROLE_BINDING,
      object: bindingObject(role, [accountSubject(identity.account)]),
    })),
    readers.length > 0
      ? { kind: ROLE_BINDING, object: bindingObject(READER_CLUSTER_ROLE, readerSubjects(readers)) }
      : undefined,
  ];
  return objects.flatMap((one) =>
    one === undefined ? [] : [{ ...one, object: owned(identity, one.object) }],
  );
}

/** The digest that tells whether policies must be written anew. */
export function policyDigest(
  objects: readonly KindedObject[],
  labels: Readonly<Record<string, string>>,
): string {
  return shortHash(JSON.stringify([labels, objects.map(({ object }) => object)]), 16);
}

function owned(identity: Identity, object: AnyObject): AnyObject {
  const labels = { [MANAGED_BY_LABEL]: MANAGED_BY_VALUE, [INSTANCE_UID_LABEL]: identity.uid };
  return { ...object, metadata: { ...object.metadata, namespace: identity.target, labels } };
}

/**
 * What strict isolation counts beside cpu and memory: what one instance could exhaust for all others. A node port is a port of every
 * node, so there are none; a load balancer address is one of few.
 */
const STRICT_COUNTS: Readonly<Record<string, string>> = {
  'requests.storage': '200Gi',
  persistentvolumeclaims: '20',
  pods: '50',
  services: '20',
  'services.loadbalancers': '1',
  'services.nodeports': '0',
  secrets: '100',
  configmaps: '100',
};

/** Everything that the quota counts; undefined where nothing is. Strict isolation counts what the service leaves uncounted. */
function hardOf({
  quota,
  counts,
  isolation,
}: InstancePolicies): Readonly<Record<string, string>> | undefined {
  if (quota === undefined && counts === undefined) return undefined;
  const all = { ...quota, ...(isolation === 'strict' ? STRICT_COUNTS : {}), ...counts };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]): [string, string][] =>
      value === undefined ? [] : [[key, value]],
    ),
  );
}

/** Named as the release: KubePlus's users look for it there. */
function quotaObject(identity: Identity, hard: Readonly<Record<string, string>>): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: identity.release },
    spec: { hard },
  };
}

function limitRangeObject(identity: Identity, net: NonNullable<ReturnType<typeof netDefaults>>): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: identity.release },
    spec: { limits: [{ type: 'Container', default: net.limits, defaultRequest: net.requests }] },
  };
}

/** ClusterRoles with what the charts need beyond the common rights. */
function rolesOf({ rules, roles, resource }: RevisionSpec): readonly string[] {
  return roles ?? (rules.length > 0 ? [serviceClusterRoleName(resource)] : []);
}

function bindingObject(role: string, subjects: readonly Json[]): AnyObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects,
  };
}

function accountSubject({ name, namespace }: ServiceAccountRef): Json {
  return { kind: 'ServiceAccount', name, namespace };
}

/** The namespace's default account without a token: what runs as nobody in particular needs none. */
export function defaultAccount(identity: Identity): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: 'default',
      namespace: identity.target,
      labels: { [INSTANCE_UID_LABEL]: identity.uid },
    },
    automountServiceAccountToken: false,
  };
}
