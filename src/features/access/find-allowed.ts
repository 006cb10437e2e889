import type { Reader } from '../../client/client.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';

/**
 * The object, or undefined. A provider looks after consumers without rights on roles of the whole cluster: what belongs to no namespace
 * and may not be read was not made by them either. Throws other KubeErrors.
 */
export async function findAllowed<T extends KubeObject>(
  reader: Reader,
  kind: Kind<T>,
  ref: ObjectRef,
): Promise<T | undefined> {
  try {
    return await reader.find(kind, ref);
  } catch (error) {
    if (!kind.namespaced && isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
