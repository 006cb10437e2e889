import { shortHash } from '../lib/hash.ts';
import { apiVersionOf, type Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { LabelSelector } from '../kube/selector.ts';
import type { Tenant } from './tenant.ts';

/** On everything we put on the host: whose it is. What people and policies know it by from vcluster. */
export const MARKER_LABEL = 'vcluster.loft.sh/managed-by';
/** On everything we put on the host: the tenant's namespace. */
export const NAMESPACE_LABEL = 'vcluster.loft.sh/namespace';
const CONTROLLED_LABEL = 'vcluster.loft.sh/controlled-by';

/** On everything we put on the host: which of the tenant's objects it stands for. */
export const NAME_ANNOTATION = 'vcluster.loft.sh/object-name';
export const NAMESPACE_ANNOTATION = 'vcluster.loft.sh/object-namespace';
export const UID_ANNOTATION = 'vcluster.loft.sh/object-uid';
export const KIND_ANNOTATION = 'vcluster.loft.sh/object-kind';
/** Hash of what we last wrote: what others changed since is theirs, and no reason to write again. */
export const WRITTEN_ANNOTATION = 'tenantry.dev/written';
/** On a tenant's pod and node: the UID of what stands behind it on the host. Only says whether there ever was one. */
export const HOST_UID_ANNOTATION = 'tenantry.dev/host-uid';

/** Digits of a hashed label key: as vcluster's. */
const KEY_DIGITS = 10;

/** Labels that a tenant may not set on the host under their own name: by them the host knows whose things are. */
const RESERVED_LABELS: ReadonlySet<string> = new Set([
  'release',
  MARKER_LABEL,
  NAMESPACE_LABEL,
  CONTROLLED_LABEL,
]);
/** The same by prefix: what our own policies, counts and selectors go by. */
const RESERVED_PREFIXES: readonly string[] = ['tenantry.dev/', 'pod-security.kubernetes.io/'];

/** Annotations that mean something to the one cluster only. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  HOST_UID_ANNOTATION,
  WRITTEN_ANNOTATION,
]);

type Texts = Readonly<Record<string, string>>;

/** The key under which a tenant's label is found on the host. */
export function hostLabelKey(key: string, { name }: Tenant): string {
  const reserved =
    RESERVED_LABELS.has(key) || RESERVED_PREFIXES.some((prefix) => key.startsWith(prefix)) || isOurs(key);
  return reserved ? `vcluster.loft.sh/label-${name}-x-${shortHash(key, KEY_DIGITS)}` : key;
}

/** What we make ourselves: a tenant who writes one of these keys could pass for another namespace. */
function isOurs(key: string): boolean {
  return key.startsWith('vcluster.loft.sh/');
}

/** The key under which a pod carries a label of its namespace, so that selectors of namespaces can be translated. */
export function namespaceLabelKey(key: string, { name }: Tenant): string {
  return `vcluster.loft.sh/ns-label-${name}-x-${shortHash(key, KEY_DIGITS)}`;
}

/** The marks by which everything of a tenant in one of their namespaces is selected on the host. */
export function markerLabels(tenant: Tenant, namespace?: string): Texts {
  return {
    [MARKER_LABEL]: tenant.name,
    ...(namespace === undefined ? {} : { [NAMESPACE_LABEL]: namespace }),
  };
}

/** A tenant's labels as they stand on the host, with our marks. */
export function hostLabels(object: KubeObject, tenant: Tenant): Texts {
  return {
    ...plainLabels(object.metadata.labels, tenant),
    ...markerLabels(tenant, object.metadata.namespace),
  };
}

/** A tenant's labels, or the values a selector asks for, under the keys of the host. */
export function plainLabels(labels: Texts | undefined, tenant: Tenant): Texts {
  return Object.fromEntries(
    Object.entries(labels ?? {}).map(([key, value]) => [hostLabelKey(key, tenant), value]),
  );
}

/** Which object of a tenant something stands for. */
export function hostAnnotations(object: KubeObject, kind: Kind): Texts {
  const { name, namespace, uid } = object.metadata;
  return {
    ...Object.fromEntries(
      Object.entries(object.metadata.annotations ?? {}).filter(([key]) => isTenants(key)),
    ),
    [NAME_ANNOTATION]: name,
    ...(namespace === undefined ? {} : { [NAMESPACE_ANNOTATION]: namespace }),
    ...(uid === undefined ? {} : { [UID_ANNOTATION]: uid }),
    [KIND_ANNOTATION]: kindText(kind),
  };
}

/** Whether an annotation goes to the host as it is: not what is ours, which a tenant could lie in. */
function isTenants(key: string): boolean {
  return (
    !OWN_ANNOTATIONS.has(key) && !key.startsWith('vcluster.loft.sh/') && !key.startsWith('tenantry.dev/')
  );
}

/** As Go's schema.GroupVersionKind prints itself. */
export function kindText(kind: Kind): string {
  return `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}

/**
 * A tenant's selector as it selects on the host: never outside of the tenant, and never outside of `namespace` where one
 * is given. An absent selector stays absent.
 */
export function hostSelector(
  selector: LabelSelector | undefined,
  tenant: Tenant,
  namespace?: string,
): LabelSelector | undefined {
  if (selector === undefined) return undefined;
  return {
    ...selectorKeys(selector, (key) => hostLabelKey(key, tenant)),
    matchLabels: { ...plainLabels(selector.matchLabels, tenant), ...markerLabels(tenant, namespace) },
  };
}

/** A selector with its keys renamed. */
export function selectorKeys(selector: LabelSelector, rename: (key: string) => string): LabelSelector {
  const { matchLabels, matchExpressions } = selector;
  return {
    ...(matchLabels === undefined
      ? {}
      : { matchLabels: Object.fromEntries(Object.entries(matchLabels).map(([k, v]) => [rename(k), v])) }),
    ...(matchExpressions === undefined
      ? {}
      : { matchExpressions: matchExpressions.map((one) => ({ ...one, key: rename(one.key) })) }),
  };
}

/** The tenant's object that a host object says it stands for; undefined where it says nothing or is not the tenant's. */
export function standsFor(
  object: KubeObject,
  kind: Kind,
  tenant: Tenant,
): { readonly name: string; readonly namespace?: string; readonly uid?: string } | undefined {
  const { labels, annotations } = object.metadata;
  const name = annotations?.[NAME_ANNOTATION];
  const namespace = annotations?.[NAMESPACE_ANNOTATION];
  const uid = annotations?.[UID_ANNOTATION];
  if (labels?.[MARKER_LABEL] !== tenant.name || name === undefined) return undefined;
  if (annotations?.[KIND_ANNOTATION] !== kindText(kind)) return undefined;
  return { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
}
