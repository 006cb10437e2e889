import { DEFAULT_TOKEN_SECONDS, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { PlaneVersions } from '../../planes/plane-version.ts';
import type { ControlPlaneSettings } from './settings.ts';
import { virtualPlane } from './virtual-plane.ts';

/** Addresses of Services inside a plane; they mean nothing outside it. */
const SERVICE_CIDR = '10.96.0.0/16';
/** Volume of an etcd of one's own: its database may be 2 GB, and is written anew beside itself when it is defragmented. */
export const ETCD_SIZE = '8Gi';

/** The plane that a ControlPlane asks for. Pure. */
export function wantedPlane(
  plane: ControlPlane,
  settings: ControlPlaneSettings,
  versions: Pick<PlaneVersions, 'apiServer' | 'controllerManager'>,
): PlaneSpec {
  const { metadata, spec } = plane;
  const { images, domain } = settings;
  const virtual = virtualPlane(plane, settings);
  return {
    name: metadata.name,
    namespace: namespaceOfPlane(plane),
    images: {
      ...images,
      apiServer: `${images.apiServer}:v${versions.apiServer}`,
      controllerManager: `${images.controllerManager}:v${versions.controllerManager}`,
    },
    replicas: replicasOf(plane),
    ...(spec.storeReplicas === undefined ? {} : { etcdMembers: spec.storeReplicas }),
    operatorNamespace: settings.operatorNamespace,
    asleep: spec.hibernate === true,
    ownerUid: metadata.uid ?? '',
    ...(spec.resources === undefined ? {} : { resources: spec.resources }),
    serviceType: spec.exposure ?? 'NodePort',
    dnsNames: [...(domain === '' ? [] : [`${metadata.name}.${domain}`]), ...(virtual?.dnsNames ?? [])],
    serviceCidr: SERVICE_CIDR,
    adminSeconds: spec.tokenExpirationSeconds ?? DEFAULT_TOKEN_SECONDS,
    ...virtual?.plane,
  };
}

/** API servers of a plane while it doesn't hibernate. */
export function replicasOf({ spec }: ControlPlane): number {
  return spec.replicas ?? 1;
}

/** Where a plane's objects are kept. */
export function backendOf({ spec }: ControlPlane): NonNullable<ControlPlane['spec']['backend']> {
  return spec.backend ?? 'shared';
}
