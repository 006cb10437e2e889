import type { Client } from '../../client/client.ts';
import { SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { pathOf } from '../../kube/kind.ts';
import { isMap } from '../../lib/narrow.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';

/** A token of an account, and when it ends. */
export interface ServiceToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly endsAtMs: number;
}

/** How tokens are made: `newServiceToken`, or a stand-in where no API server makes any. */
export type NewToken = typeof newServiceToken;

/** A new token. The API server may give it a shorter life than was asked for: what it says counts. Throws KubeError. */
export async function newServiceToken(
  client: Client,
  account: ServiceAccountRef,
  expirationSeconds: number,
): Promise<ServiceToken> {
  const { text } = await client.raw({
    method: 'POST',
    path: pathOf(SERVICE_ACCOUNT, account, 'token'),
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } },
  });
  const answer: unknown = JSON.parse(text);
  const status = isMap(answer) ? answer['status'] : undefined;
  const { token, expirationTimestamp } = isMap(status) ? status : {};
  const endsAtMs = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN;
  if (typeof token !== 'string' || Number.isNaN(endsAtMs))
    throw new Error(`the API server gave no token for ServiceAccount ${account.namespace}/${account.name}`);
  return { token, endsAtMs };
}
