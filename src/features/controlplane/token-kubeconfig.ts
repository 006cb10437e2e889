import { DEFAULT_TOKEN_SECONDS, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import type { ClusterAccess } from '../../client/access.ts';
import type { Secret } from '../../kube/builtin-kinds.ts';
import { formatTime } from '../../kube/conditions.ts';
import { kubeconfigText } from '../../pki/kubeconfig.ts';
import type { Part, PartOwner } from '../../planes/object-of.ts';
import { secretPart } from '../../planes/secrets.ts';
import { kubeconfigForm } from './kubeconfig-form.ts';
import type { ServiceToken } from './service-token.ts';

/** On a Secret whose kubeconfigs hold a token: when it is renewed, half its life before it ends. */
const RENEW_ANNOTATION = 'tenantry.dev/renew-at';

/** Where a cluster is reached: from outside, and by pods of the hosting cluster. */
export interface Servers {
  readonly outside: string | undefined;
  readonly inside: string;
  readonly ca: string;
}

/** Seconds that a plane's tokens live. */
export function tokenSeconds({ spec }: ControlPlane): number {
  return spec.tokenExpirationSeconds ?? DEFAULT_TOKEN_SECONDS;
}

/** Whose parts a plane's are that has no servers of its own. */
export function ownerOfParts(plane: ControlPlane): PartOwner {
  const { name, uid = '' } = plane.metadata;
  return { name, namespace: namespaceOfPlane(plane), ownerUid: uid };
}

/** The Secret of kubeconfigs with a token. */
export function tokenKubeconfigPart(
  plane: ControlPlane,
  servers: Servers,
  { token, endsAtMs }: ServiceToken,
  now: number,
): Part {
  const { secret, key, inClusterKey, names } = kubeconfigForm(plane);
  const text = (server: string): string =>
    kubeconfigText({ server, ca: servers.ca, user: { token }, names, namespace: 'default' });
  const part = secretPart(ownerOfParts(plane), secret, {
    ...(servers.outside === undefined ? {} : { [key]: text(servers.outside) }),
    [inClusterKey]: text(servers.inside),
  });
  const annotations = { [RENEW_ANNOTATION]: formatTime(now + (endsAtMs - now) / 2) };
  const { object } = part;
  return { ...part, object: { ...object, metadata: { ...object.metadata, annotations } } };
}

/** When the token in a Secret is to be renewed, in milliseconds since the epoch; 0: at once. */
export function renewAtMs(secret: Secret | undefined): number {
  const at = Date.parse(secret?.metadata.annotations?.[RENEW_ANNOTATION] ?? '');
  return Number.isNaN(at) ? 0 : at;
}

/** Where the cluster of an access is reached, by everybody alike. */
export function serversOf({ server, ca = '' }: ClusterAccess): Servers {
  return { outside: server, inside: server, ca };
}
