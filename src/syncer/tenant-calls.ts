import type { Client } from '../client/client.ts';
import type { Pod } from '../kube/builtin-kinds.ts';
import { KubeError } from '../kube/kube-error.ts';
import { isMap } from '../lib/narrow.ts';
import { HOST_UID_ANNOTATION } from './marks.ts';
import type { TokenWish } from './pods/pod-tokens.ts';

/** A token of the tenant's cluster. */
export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Calls to the tenant's API server that are about no object of their own. */
export interface TenantCalls {
  /** Writes the node into the pod, and the UID of what runs there: a pod without a node, of this UID, only. */
  bind(pod: Pod, node: string, hostUid: string): Promise<void>;
  /** A token of the pod's ServiceAccount that dies with the pod. */
  requestToken(pod: Pod, wish: TokenWish): Promise<IssuedToken>;
}

/** The calls as they are made to a real API server. */
export function tenantCalls(client: Pick<Client, 'raw'>): TenantCalls {
  return {
    bind: async ({ metadata }, node, hostUid) => {
      const { name, namespace = '', uid } = metadata;
      const annotations = { [HOST_UID_ANNOTATION]: hostUid };
      await client.raw({
        method: 'POST',
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/binding`,
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace, uid, annotations },
          target: { apiVersion: 'v1', kind: 'Node', name: node },
        },
      });
    },
    requestToken: async ({ metadata, spec }, { audience, seconds }) => {
      const { name, namespace = '', uid } = metadata;
      const account = spec?.serviceAccountName ?? 'default';
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`;
      const { text } = await client.raw({
        method: 'POST',
        path,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(audience === undefined || audience === '' ? {} : { audiences: [audience] }),
            expirationSeconds: seconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        },
      });
      return issuedToken(text, path);
    },
  };
}

function issuedToken(text: string, path: string): IssuedToken {
  const answer: unknown = JSON.parse(text);
  const status = isMap(answer) ? answer['status'] : undefined;
  const { token, expirationTimestamp } = isMap(status) ? status : {};
  const expiresAt = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN;
  if (typeof token !== 'string' || Number.isNaN(expiresAt))
    throw new KubeError('Unknown', `POST ${path}: the answer has no token in it`);
  return { token, expiresAt };
}
