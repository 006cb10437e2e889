import { REVISION, type Revision } from '../api/revision.ts';
import type { Reader } from '../client/client.ts';
import type { PoliciesOf } from '../features/tenancy/preview.ts';
import { groupKindOf } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';

/** The policies of services by their revisions: of all that the user may see, at least of those in the namespace. */
export async function listPolicies(client: Reader, namespace: string): Promise<PoliciesOf> {
  const revisions = [...(await listRevisions(client, namespace))].sort(
    (a, b) => a.spec.number - b.spec.number,
  );
  return (service, newest = Infinity) =>
    revisions.findLast(({ spec }) => groupKindOf(spec.resource) === service && spec.number <= newest)?.spec
      .policies;
}

async function listRevisions(client: Reader, namespace: string): Promise<readonly Revision[]> {
  try {
    return (await client.list(REVISION)).items;
  } catch (error) {
    if (!isKubeError(error, 'Forbidden')) throw error;
    return (await client.list(REVISION, { namespace })).items;
  }
}
