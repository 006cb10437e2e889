import { PLANE_ACCOUNT } from '../../planes/plane-names.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';

/** How virtual clusters are made here. */
export interface VirtualClusterSettings {
  readonly operatorNamespace: string;
  readonly accountsNamespace: string;
  /** Image of the name server that every virtual cluster runs. */
  readonly dnsImage: string;
  readonly pullPolicy: string;
}

/** Who reads and writes in the namespaces of planes. */
export function planesAccount({ accountsNamespace }: VirtualClusterSettings): ServiceAccountRef {
  return { namespace: accountsNamespace, name: PLANE_ACCOUNT };
}
