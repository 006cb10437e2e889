import type { Reader } from '../client/client.ts';
import type { Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';

interface ServiceCidr extends KubeObject {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

const SERVICE_CIDR: Kind<ServiceCidr> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  namespaced: false,
};
/** That of the API server's own flag, which every cluster has. */
const DEFAULT = 'kubernetes';

/**
 * The addresses that the cluster gives to Services: those of virtual clusters are among them. Read once at start; nothing where the
 * cluster does not tell (before Kubernetes 1.33). Throws KubeError.
 */
export async function findServiceRange(client: Reader): Promise<{ readonly serviceCidr?: string }> {
  try {
    const found = await client.find(SERVICE_CIDR, { name: DEFAULT });
    const cidrs = found?.spec?.cidrs ?? [];
    return cidrs.length === 0 ? {} : { serviceCidr: cidrs.join(',') };
  } catch (error) {
    if (isKubeError(error, 'NotFound', 'Forbidden')) return {};
    throw error;
  }
}
