import type { ControlPlane } from '../../api/control-plane.ts';
import { VIRTUAL_CLUSTER_LABEL, VIRTUAL_CLUSTER_NAMESPACE_LABEL } from '../../api/virtual-cluster.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { ControlPlaneSettings } from './settings.ts';

/** Without those that work on nodes and volumes, which are the hosting cluster's. */
const CONTROLLERS =
  '*,bootstrapsigner,tokencleaner,-nodelifecycle,-nodeipam,-persistentvolume-binder-controller,-persistentvolume-attach-detach-controller';

/** The virtual cluster whose API server a plane is; undefined for all others. */
export function virtualClusterOf({ metadata, spec }: ControlPlane): string | undefined {
  const name = metadata.labels?.[VIRTUAL_CLUSTER_LABEL];
  const namespace = metadata.labels?.[VIRTUAL_CLUSTER_NAMESPACE_LABEL];
  if (spec.type !== 'vcluster' || name === undefined || namespace === undefined) return undefined;
  return `${namespace}/${name}`;
}

/** What the API server of a virtual cluster has beyond others: names, a door, and the Services' addresses of the hosting cluster. Pure. */
export function virtualPlane(
  plane: ControlPlane,
  { door, serviceCidr, operatorNamespace }: ControlPlaneSettings,
): { readonly dnsNames: readonly string[]; readonly plane: Partial<PlaneSpec> } | undefined {
  const [namespace, name] = virtualClusterOf(plane)?.split('/') ?? [];
  if (namespace === undefined || name === undefined || door === undefined) return undefined;
  return {
    dnsNames: [`${name}.${namespace}`, `${name}.${namespace}.svc`],
    plane: {
      door: { ...door, namespace: operatorNamespace },
      ...(serviceCidr === undefined ? {} : { serviceCidr }),
      controllerManager: { controllers: CONTROLLERS },
    },
  };
}
