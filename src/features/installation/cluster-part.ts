import type { Reader } from '../../client/client.ts';
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, DEPLOYMENT } from '../../kube/builtin-kinds.ts';
import { groupKindOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { ReleaseObject } from './release-objects.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** What the cluster part is told by: without it the operator may read nothing and never starts. */
const OPERATOR_ROLE = 'tenantry-operator';

/**
 * Refuses an installation of the operator alone where nobody has installed the cluster part. Where ClusterRoles may not be read,
 * as for a provider, it is taken to be there.
 */
export async function requireClusterPart(client: Reader, objects: readonly ReleaseObject[]): Promise<void> {
  const brings = objects.some(
    ({ kind, object }) =>
      groupKindOf(kind) === groupKindOf(CLUSTER_ROLE) && object.metadata.name === OPERATOR_ROLE,
  );
  if (!runsOperator(objects) || brings || (await isThere(client))) return;
  throw withRemedy(
    `the cluster part is not installed (there is no ClusterRole ${OPERATOR_ROLE}); nothing was written`,
    'Have the cluster’s owner run `tenantry install --set parts.operator=false` first, or leave parts.cluster at auto.',
  );
}

/** True if an operator is among the objects of a release. */
export function runsOperator(objects: readonly ReleaseObject[]): boolean {
  return objects.some(({ kind }) => groupKindOf(kind) === groupKindOf(DEPLOYMENT));
}

/** Namespace of the operator that a release without one has joined: the cluster part names it. Undefined where it is the release's own. */
export async function joinedOperator(
  client: Reader,
  objects: readonly ReleaseObject[],
  namespace: string,
): Promise<string | undefined> {
  if (objects.length > 0) return undefined;
  const binding = await client.find(CLUSTER_ROLE_BINDING, { name: OPERATOR_ROLE });
  const operator = binding?.subjects?.[0]?.namespace;
  return operator === namespace ? undefined : operator;
}

async function isThere(client: Reader): Promise<boolean> {
  try {
    return (await client.find(CLUSTER_ROLE, { name: OPERATOR_ROLE })) !== undefined;
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return true;
    throw error;
  }
}
