import type { Reader } from '../../client/client.ts';
import { CLUSTER_ROLE } from '../../kube/builtin-kinds.ts';
import { groupKindOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { ReleaseObject } from './release-objects.ts';
import { withRemedy } from './with-remedy.ts';

/** What the cluster part is told by: without it the operator may read nothing and never starts. */
const OPERATOR_ROLE = 'tenantry-operator';

/**
 * Refuses an installation of the operator alone where nobody has installed the cluster part. Where ClusterRoles may not be read,
 * as for a provider, it is taken to be there.
 */
export async function requireClusterPart(client: Reader, objects: readonly ReleaseObject[]): Promise<void> {
  const runs = objects.some(({ kind }) => kind.kind === 'Deployment');
  const brings = objects.some(
    ({ kind, object }) =>
      groupKindOf(kind) === groupKindOf(CLUSTER_ROLE) && object.metadata.name === OPERATOR_ROLE,
  );
  if (!runs || brings || (await isThere(client))) return;
  throw withRemedy(
    `the cluster part is not installed (there is no ClusterRole ${OPERATOR_ROLE}); nothing was written`,
    'Have the cluster’s owner run `tenantry install --set parts.operator=false` first, or leave parts.cluster at auto.',
  );
}

async function isThere(client: Reader): Promise<boolean> {
  try {
    return (await client.find(CLUSTER_ROLE, { name: OPERATOR_ROLE })) !== undefined;
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return true;
    throw error;
  }
}
