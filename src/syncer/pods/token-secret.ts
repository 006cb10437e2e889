import type { Pod, Secret } from '../../kube/builtin-kinds.ts';
import { markerLabels } from '../marks.ts';
import type { IssuedToken } from '../tenant-calls.ts';
import type { Tenant } from '../tenant.ts';
import { tokenSecretName, type TokenWish } from './pod-tokens.ts';

/** On a Secret of tokens: the UID of the tenant's pod they are for. */
export const TOKEN_OF_LABEL = 'tenantry.dev/token-of';
/** On a Secret of tokens: when to ask for new ones, in milliseconds since the epoch. */
const RENEW_ANNOTATION = 'tenantry.dev/renew-at';

/** A token is renewed when this part of its life is over, or after a day: as a kubelet does. */
const RENEW_AT_PART = 0.8;
const RENEW_AFTER_MS = 24 * 3_600_000;

/** Milliseconds until the tokens of a pod have to be asked for anew; 0 or less: now. */
export function renewIn(secret: Secret | undefined, wishes: readonly TokenWish[], now: number): number {
  if (secret === undefined || wishes.some(({ key }) => secret.data?.[key] === undefined)) return 0;
  const at = Number(secret.metadata.annotations?.[RENEW_ANNOTATION]);
  return Number.isFinite(at) ? at - now : 0;
}

/** The Secret on the host with the tokens of a pod. It goes with the pod. */
export function tokenSecret(
  pod: Pod,
  tokens: ReadonlyMap<string, IssuedToken>,
  tenant: Tenant,
  now: number,
): Secret {
  const dues = [...tokens.values()].map(({ expiresAt }) =>
    Math.min(now + (expiresAt - now) * RENEW_AT_PART, now + RENEW_AFTER_MS),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: tokenSecretName(pod, tenant),
      namespace: tenant.hostNamespace,
      labels: { ...markerLabels(tenant, pod.metadata.namespace), [TOKEN_OF_LABEL]: pod.metadata.uid ?? '' },
      annotations: { [RENEW_ANNOTATION]: String(Math.floor(Math.min(...dues))) },
      ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
    },
    type: 'Opaque',
    data: Object.fromEntries(
      [...tokens].map(([key, { token }]) => [key, Buffer.from(token, 'utf8').toString('base64')]),
    ),
  };
}
