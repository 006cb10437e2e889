import type { Client } from '../../client/client.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';

/** Tries per object: a conflict means that somebody wrote at the same time; more than this is not chance. */
const MAX_TRIES = 5;

/**
 * Takes one finalizer off an object and leaves the others. Each try reads the object anew and carries its resourceVersion, so that
 * a finalizer that somebody adds meanwhile is never lost. An object that is gone is success. Throws KubeError.
 */
export async function removeFinalizer(
  client: Client,
  kind: Kind,
  object: KubeObject,
  finalizer: string,
): Promise<void> {
  const ref = { namespace: object.metadata.namespace, name: object.metadata.name };
  let current: KubeObject | undefined = object;
  for (let tries = 1; current?.metadata.finalizers?.includes(finalizer) === true; tries++) {
    const body = {
      metadata: {
        uid: object.metadata.uid,
        resourceVersion: current.metadata.resourceVersion,
        finalizers: current.metadata.finalizers.filter((name) => name !== finalizer),
      },
    };
    try {
      await client.patch(kind, ref, { type: 'merge', body });
      return;
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return;
      if (!isKubeError(error, 'Conflict') || tries === MAX_TRIES) throw error;
      current = await client.find(kind, ref);
      if (current?.metadata.uid !== object.metadata.uid) return;
    }
  }
}
