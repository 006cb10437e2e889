import { PLANE_ACCOUNT } from '../../planes/plane-names.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';

/** How control planes are made in this cluster. */
export interface ControlPlaneSettings {
  readonly operatorNamespace: string;
  readonly accountsNamespace: string;
  readonly images: {
    /** Without a tag: it is the version of Kubernetes. */
    readonly apiServer: string;
    readonly controllerManager: string;
    readonly etcd: string;
    readonly kine: string;
    readonly postgres: string;
    readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  };
  /** Domain below which planes are reached from outside; '' where nothing leads there. */
  readonly domain: string;
  readonly externalPort: number;
  /** Where API servers of virtual clusters open their connections to: a Service of the operator, and its port. */
  readonly door?: { readonly host: string; readonly port: number };
  /** Addresses of Services of this cluster, from which those of virtual clusters are. */
  readonly serviceCidr?: string;
}

/** Who writes inside the namespaces of planes. */
export function planeAccount({ accountsNamespace }: ControlPlaneSettings): ServiceAccountRef {
  return { namespace: accountsNamespace, name: PLANE_ACCOUNT };
}
