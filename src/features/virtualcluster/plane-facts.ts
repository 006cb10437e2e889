import { VCLUSTER_KUBECONFIG } from '../../api/control-plane-names.ts';
import type { Reader } from '../../client/client.ts';
import { SECRET, SERVICE, type Secret } from '../../kube/builtin-kinds.ts';
import { isMap } from '../../lib/narrow.ts';
import type { KeyPair } from '../../pki/certificate.ts';
import { CERTIFICATES_SECRET } from '../../planes/plane-names.ts';
import { readPki, trusted } from '../../planes/plane-pki.ts';

/** What is known of a plane whose API server can be started. */
export interface PlaneFacts {
  /** Signs what servers show: the API server, and our door. */
  readonly authority: KeyPair;
  /** Authorities of what servers show, PEM: more than one while they are exchanged. */
  readonly trust: string;
  /** The same of what the API server shows as a client. */
  readonly clientCa: string;
  readonly admin: KeyPair;
  /** Of its Service on the host. */
  readonly address: string;
}

/** Reads them as the account of planes; undefined while something is not there yet. Throws KubeError. */
export async function readPlane(
  planes: Reader,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  signal: AbortSignal,
): Promise<PlaneFacts | undefined> {
  const [secret, service] = await Promise.all([
    planes.find(SECRET, { namespace, name: CERTIFICATES_SECRET }, { signal }),
    planes.find(SERVICE, { namespace, name }, { signal }),
  ]);
  const pki = readPki(textsOf(secret));
  const address = service?.spec?.clusterIP ?? '';
  const authority = pki.authorities.ca;
  const trust = trusted(pki, 'ca');
  const clientCa = trusted(pki, 'client-ca');
  const { admin } = pki.leaves;
  const parts = [address, authority.cert, authority.key, clientCa, admin.cert, admin.key];
  return parts.includes('') ? undefined : { authority, trust, clientCa, admin, address };
}

/** Where people reach a plane from outside, as the plane's own kubeconfig says it. */
export interface Outside {
  readonly url: string;
  readonly tlsServerName?: string;
}

/** Reads it as the account of planes; undefined where nothing leads in. Throws KubeError. */
export async function readOutside(
  planes: Reader,
  namespace: string,
  signal: AbortSignal,
): Promise<Outside | undefined> {
  const { secret: name, key } = VCLUSTER_KUBECONFIG;
  const text = textsOf(await planes.find(SECRET, { namespace, name }, { signal }))[key];
  if (text === undefined) return undefined;
  const config: unknown = JSON.parse(text);
  const clusters = isMap(config) && Array.isArray(config['clusters']) ? config['clusters'] : [];
  const [first]: readonly unknown[] = clusters;
  const cluster = isMap(first) ? first['cluster'] : undefined;
  if (!isMap(cluster) || typeof cluster['server'] !== 'string') return undefined;
  const { server, 'tls-server-name': tlsServerName } = cluster;
  return { url: server, ...(typeof tlsServerName === 'string' ? { tlsServerName } : {}) };
}

function textsOf(secret: Secret | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  );
}
