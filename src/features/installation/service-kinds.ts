import type { Reader } from '../../client/client.ts';
import { MANAGED_BY_VALUE, REGISTERED_BY_LABEL } from '../../api/names.ts';
import type { Instance } from '../../api/instance.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';

/** The kinds that registered services brought, as their CRDs say. Throws KubeError. */
export async function listServiceKinds(reader: Reader): Promise<readonly Kind<Instance>[]> {
  const crds = await reader.list(CRD, { labelSelector: `${REGISTERED_BY_LABEL}=${MANAGED_BY_VALUE}` });
  return crds.items.flatMap((crd) => {
    const version = crd.spec.versions.find((candidate) => candidate.storage)?.name;
    const { group, names } = crd.spec;
    return version === undefined
      ? []
      : [{ group, version, kind: names.kind, plural: names.plural, namespaced: true }];
  });
}
