import { DEFAULT_TOKEN_SECONDS, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import { PLANE_VERSION, type ControlPlaneSettings } from './settings.ts';

/** Addresses of Services inside a plane; they mean nothing outside it. */
const SERVICE_CIDR = '10.96.0.0/16';
/** Volume of an etcd of one's own: its database may be 2 GB, and is written anew beside itself when it is defragmented. */
export const ETCD_SIZE = '8Gi';

/** The plane that a ControlPlane asks for. Pure. */
export function wantedPlane(plane: ControlPlane, settings: ControlPlaneSettings): PlaneSpec {
  const { metadata, spec } = plane;
  const { images, domain } = settings;
  return {
    name: metadata.name,
    namespace: namespaceOfPlane(plane),
    images: {
      ...images,
      apiServer: `${images.apiServer}:v${PLANE_VERSION}`,
      controllerManager: `${images.controllerManager}:v${PLANE_VERSION}`,
    },
    replicas: spec.replicas ?? 1,
    asleep: spec.hibernate === true,
    ownerUid: metadata.uid ?? '',
    serviceType: spec.exposure ?? 'NodePort',
    dnsNames: domain === '' ? [] : [`${metadata.name}.${domain}`],
    serviceCidr: SERVICE_CIDR,
    adminSeconds: spec.tokenExpirationSeconds ?? DEFAULT_TOKEN_SECONDS,
  };
}

/** Where a plane's objects are kept. */
export function backendOf({ spec }: ControlPlane): NonNullable<ControlPlane['spec']['backend']> {
  return spec.backend ?? 'shared';
}
