import type { ClusterAccess, CredentialSource } from '../../client/access.ts';
import type { Client } from '../../client/client.ts';
import { NODE, type Node } from '../../kube/builtin-kinds.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { Stores } from '../../runtime/controller.ts';
import { askKubelet } from './ask-node.ts';
import type { PodStats } from './pod-stats.ts';

/** The account that kubelets are shown. It may read what pods use and nothing else: a node that is taken over has its token. */
export const USAGE_ACCOUNT = 'tenantry-usage';
/** Seconds that a token holds; made anew when it has used up half of them. */
const TOKEN_SECONDS = 3600;

export interface KubeletDeps {
  /** Makes the tokens. */
  readonly client: Pick<Client, 'raw'>;
  readonly clock: Clock;
  readonly stores: Stores;
  readonly operatorNamespace: string;
  /** Authorities of the kubelets' certificates, PEM; undefined with `insecure` only. */
  readonly ca: string | undefined;
  readonly insecure: boolean;
  /** A client of one kubelet. */
  readonly connect: (access: ClusterAccess) => Pick<Client, 'raw' | 'close'>;
}

/** Asks kubelets themselves, at their nodes' internal addresses, with the account above. */
export function kubeletAsker(
  deps: KubeletDeps,
): (node: string, signal: AbortSignal) => Promise<readonly PodStats[]> {
  const { stores, ca, insecure, operatorNamespace, connect } = deps;
  const credentials = usageCredential(deps);
  return async (name, signal) => {
    const node = stores.get(NODE, { name });
    const server = node === undefined ? undefined : kubeletUrl(node);
    if (server === undefined) throw new Error('it has no internal address');
    const trust = insecure ? { insecureSkipTlsVerify: true } : { ca };
    const kubelet = connect({ server, ...trust, credentials, namespace: operatorNamespace });
    try {
      return await askKubelet(kubelet, signal);
    } catch (error) {
      throw withRemedy(error);
    } finally {
      await kubelet.close();
    }
  };
}

/** Where a kubelet answers: the first internal address of its node, and the port that it says. */
export function kubeletUrl({ status }: Node): string | undefined {
  const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (address === undefined || port === undefined) return undefined;
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Tokens of the account, each for an hour. */
function usageCredential({ client, clock, operatorNamespace }: KubeletDeps): CredentialSource {
  const path = `/api/v1/namespaces/${operatorNamespace}/serviceaccounts/${USAGE_ACCOUNT}/token`;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: TOKEN_SECONDS },
  };
  const kept: { token?: string; until: number } = { until: 0 };
  return {
    current: async () => {
      if (kept.token === undefined || clock.monotonic() >= kept.until) {
        const { text } = await client.raw({ method: 'POST', path, body });
        // The answer of this API.
        kept.token = (JSON.parse(text) as { readonly status: { readonly token: string } }).status.token;
        kept.until = clock.monotonic() + (TOKEN_SECONDS * 1000) / 2;
      }
      return { token: kept.token };
    },
    refused: () => {
      delete kept.token;
      return true;
    },
  };
}

const CERTIFICATE = /certificate|self.signed|altname/i;

function withRemedy(error: unknown): unknown {
  const reason = messageOf(error);
  if (!CERTIFICATE.test(reason)) return error;
  return new Error(
    `its certificate is not trusted (${reason}); give the authority in kubelets.caBundle of the operator's chart`,
    { cause: error },
  );
}
