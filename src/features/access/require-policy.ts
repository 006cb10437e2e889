import type { Reader } from '../../client/client.ts';
import { VALIDATING_ADMISSION_POLICY_BINDING } from '../../kube/builtin-kinds.ts';
import { withRemedy } from '../../lib/with-remedy.ts';

/** What keeps a provider from defining kinds, although Helm makes it hold the right. */
const POLICY = 'tenantry-provider-crds';

/** Fails where nothing would hold a provider's rights on CRDs: an operator that somebody installed with an earlier version. Throws KubeError. */
export async function requireProviderPolicy(reader: Reader): Promise<void> {
  if ((await reader.find(VALIDATING_ADMISSION_POLICY_BINDING, { name: POLICY })) !== undefined) return;
  throw withRemedy(
    `the admission policy ${POLICY} is not bound in this cluster, and without it a provider could define any kind; nothing was granted`,
    'The operator is of an earlier version: upgrade it as it was installed (`tenantry install`), then run this again.',
  );
}
