import { MANAGED_BY_LABEL, MANAGED_BY_VALUE } from '../../api/names.ts';
import type { Reader } from '../../client/client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';

/**
 * True if compositions are accepted in the namespace: it carries `managedby=kubeplus`, as the operator's own does. Who
 * may not read namespaces works in his own, and is believed. Throws other KubeErrors.
 */
export async function isProviderNamespace(reader: Reader, name: string): Promise<boolean> {
  try {
    const namespace = await reader.find(NAMESPACE, { name });
    return namespace?.metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY_VALUE;
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return true;
    throw error;
  }
}
