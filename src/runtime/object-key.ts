import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';

/** `namespace/name`, or `/name` for what lives in no namespace: the key of stores and queues. */
export function keyOf(ref: ObjectRef): string {
  return `${ref.namespace ?? ''}/${ref.name}`;
}

/** The key of an object. */
export function keyOfObject(object: KubeObject): string {
  return keyOf(object.metadata);
}

/** The reverse of `keyOf`: names and namespaces hold no slash, so the first one divides. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  const namespace = key.slice(0, slash);
  const name = key.slice(slash + 1);
  return namespace === '' ? { name } : { namespace, name };
}
