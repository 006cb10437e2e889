import type { Client } from '../../client/client.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { AnyObject } from '../../kube/object.ts';
import { crdAction, stampCrd } from './stamp-crd.ts';

/** CRDs as plain JSON: ours are written as a whole, and what is stored is only compared by annotations. */
const CRDS: Kind<AnyObject> = {
  group: CRD.group,
  version: CRD.version,
  kind: CRD.kind,
  plural: CRD.plural,
  namespaced: false,
};

/** Brings our CRDs to `version`; answers the names that were written. Throws KubeError. */
export async function ensureOwnCrds(
  client: Client,
  manifests: readonly AnyObject[],
  version: string,
): Promise<readonly string[]> {
  const written = await Promise.all(
    manifests.map(async (manifest) => {
      const wanted = stampCrd(manifest, version);
      const { name } = wanted.metadata;
      const stored = await client.find(CRDS, { name });
      const action = crdAction(stored, wanted);
      if (action === 'keep') return undefined;
      if (action === 'create' && (await createdNow(client, wanted))) return name;
      await client.apply(CRDS, wanted, { force: true });
      return name;
    }),
  );
  return written.filter((name) => name !== undefined);
}

/** False when another process was first: then it is applied like any other. */
async function createdNow(client: Client, crd: AnyObject): Promise<boolean> {
  try {
    await client.create(CRDS, crd);
    return true;
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists')) return false;
    throw error;
  }
}
