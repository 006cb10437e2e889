import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import type { HookObject } from '../../api/hook-state.ts';
import { apiVersionOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject, KubeObject, OwnerReference } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import { HookError } from './hook-error.ts';
import { withPodDefaults } from './pod-defaults.ts';

/** On everything that a hook made: the hook's name. Nothing without it is ever overwritten or deleted. */
export const HOOK_LABEL = 'tenantry.dev/post-create-hook';
/** Characters of a label's value. */
const MAX_LABEL = 63;

/** The hook's name as a label's value. */
export function hookLabel(hook: string): string {
  return hook.length <= MAX_LABEL ? hook : `${hook.slice(0, MAX_LABEL - 9)}-${shortHash(hook)}`;
}

/** The object as a state names it. */
export function namedIn({ apiVersion, kind, metadata }: AnyObject, uid?: string): HookObject {
  const { namespace, name } = metadata;
  return {
    apiVersion,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(uid === undefined ? {} : { uid }),
  };
}

/** Equal for two names of one object. */
export function keyOfObject({ apiVersion, kind, namespace, name }: HookObject): string {
  return `${apiVersion} ${kind} ${namespace ?? ''}/${name}`;
}

/** What is recorded and what is planned, each once; a UID that is known stays. */
export function mergeObjects(recorded: readonly HookObject[], planned: readonly HookObject[]): HookObject[] {
  const known = new Set(recorded.map(keyOfObject));
  return [...recorded, ...planned.filter((one) => !known.has(keyOfObject(one)))];
}

/**
 * An object of a hook for the hosting cluster: in the plane's namespace and in no other; what belongs to no namespace has the plane as
 * owner, so that it goes with the last plane that uses it. Throws HookError.
 */
export function forHosting(object: AnyObject, kind: Kind, hook: string, namespace: string): AnyObject {
  const { metadata } = object;
  if (kind.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw new HookError(
      `${object.kind} ${metadata.name} names namespace ${metadata.namespace}: a hook makes objects in ${namespace} only, or with target: controlPlane on the plane itself`,
    );
  }
  return marked(
    kind.namespaced ? withPodDefaults({ ...object, metadata: { ...metadata, namespace } }) : object,
    hook,
  );
}

/** An object of a hook for the plane itself. */
export function forPlane(object: AnyObject, kind: Kind, hook: string): AnyObject {
  const { metadata } = object;
  const namespace = metadata.namespace ?? 'default';
  return marked(kind.namespaced ? { ...object, metadata: { ...metadata, namespace } } : object, hook);
}

/** The plane as an owner beside others. Not a controller: several planes may own what belongs to no namespace. */
export function ownerOf(plane: ControlPlane): OwnerReference {
  const { name, uid = '' } = plane.metadata;
  return { apiVersion: apiVersionOf(CONTROL_PLANE), kind: CONTROL_PLANE.kind, name, uid };
}

/** The object with the plane among the planes that own it. */
export function ownedBy(
  object: AnyObject,
  owner: OwnerReference,
  present: KubeObject | undefined,
): AnyObject {
  const others = (present?.metadata.ownerReferences ?? []).filter(
    ({ uid, kind }) => uid !== owner.uid && kind === owner.kind,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: [...others, owner] } };
}

function marked(object: AnyObject, hook: string): AnyObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, labels: { ...metadata.labels, [HOOK_LABEL]: hookLabel(hook) } },
  };
}
