import { createPublicKey } from 'node:crypto';
import { createAuthority, issue, type CertificateRequest, type KeyPair } from '../pki/certificate.ts';
import type { NetworkPlan } from './network-plan.ts';

/** All authorities and certificates of one cluster. */
export interface ClusterCertificates {
  /** Signs what the cluster's components show each other, and accounts of people. */
  readonly authority: KeyPair;
  /** Signs only what says "I speak for another user": separate, so that no ordinary client certificate can. */
  readonly frontProxyAuthority: KeyPair;
  /** Signs only what may read and write the database: separate, for the same reason. */
  readonly etcdAuthority: KeyPair;
  readonly apiServer: KeyPair;
  readonly apiServerKubelet: KeyPair;
  readonly apiServerEtcd: KeyPair;
  readonly frontProxy: KeyPair;
  readonly etcd: KeyPair;
  readonly kubeletServer: KeyPair;
  readonly metricsServer: KeyPair;
  /** Signs service account tokens. */
  readonly serviceAccounts: { readonly key: string; readonly publicKey: string };
  readonly users: Readonly<Record<UserName, KeyPair>>;
}

/** Identities with a kubeconfig of their own. */
export type UserName = 'admin' | 'controller-manager' | 'scheduler' | 'kubelet' | 'kube-proxy' | 'agent';

/** A local cluster is made anew long before; a forgotten one ends by itself. */
const DAYS = 365;

/** The group in which Kubernetes' own rules put administrators that are above all rules: for the machine's owner only. */
const ADMINISTRATORS = 'system:masters';
/** The name by which the API server's calls to kubelets are allowed. */
export const API_SERVER_KUBELET_USER = 'kube-apiserver-kubelet-client';
/** The group of the node agents. */
export const AGENT_GROUP = 'tenantry:agents';

/** Issues everything a new cluster needs; `now` in milliseconds since the epoch. */
export async function issueCertificates(
  nodeName: string,
  network: NetworkPlan,
  now: number,
): Promise<ClusterCertificates> {
  const authorityNamed = (commonName: string): Promise<KeyPair> =>
    createAuthority({ commonName, notBefore: now, days: DAYS });
  const [authority, frontProxyAuthority, etcdAuthority, accounts] = await Promise.all([
    authorityNamed('tenantry-cluster'),
    authorityNamed('tenantry-front-proxy'),
    authorityNamed('tenantry-etcd'),
    authorityNamed('tenantry-service-accounts'),
  ]);
  const sign = (by: KeyPair, request: Omit<CertificateRequest, 'notBefore' | 'days'>): Promise<KeyPair> =>
    issue(by, { ...request, notBefore: now, days: DAYS });
  const client = (by: KeyPair, commonName: string, ...organizations: string[]): Promise<KeyPair> =>
    sign(by, { commonName, organizations, usages: ['client'] });
  const nodeAddresses = [network.v4.node, ...(network.v6 === undefined ? [] : [network.v6.node])];
  const [apiServer, apiServerKubelet, apiServerEtcd, frontProxy, etcd, kubeletServer, metricsServer] =
    await Promise.all([
      sign(authority, { commonName: 'kube-apiserver', usages: ['server'], ...apiServerNames(network) }),
      client(authority, API_SERVER_KUBELET_USER),
      client(etcdAuthority, 'kube-apiserver'),
      client(frontProxyAuthority, 'front-proxy-client'),
      sign(etcdAuthority, {
        commonName: 'etcd',
        dnsNames: ['localhost'],
        ipAddresses: ['127.0.0.1'],
        usages: ['server', 'client'],
      }),
      sign(authority, {
        commonName: `system:node:${nodeName}`,
        organizations: ['system:nodes'],
        dnsNames: [nodeName],
        ipAddresses: nodeAddresses,
        usages: ['server'],
      }),
      sign(authority, {
        commonName: 'metrics-server',
        dnsNames: ['metrics-server.kube-system.svc', 'metrics-server.kube-system'],
        usages: ['server'],
      }),
    ]);
  const users = {
    admin: await client(authority, 'tenantry-admin', ADMINISTRATORS),
    'controller-manager': await client(authority, 'system:kube-controller-manager'),
    scheduler: await client(authority, 'system:kube-scheduler'),
    kubelet: await client(authority, `system:node:${nodeName}`, 'system:nodes'),
    'kube-proxy': await client(authority, 'system:kube-proxy'),
    agent: await client(authority, `system:tenantry-agent:${nodeName}`, AGENT_GROUP),
  };
  const publicKey = createPublicKey(accounts.cert).export({ type: 'spki', format: 'pem' }).toString();
  return {
    authority,
    frontProxyAuthority,
    etcdAuthority,
    apiServer,
    apiServerKubelet,
    apiServerEtcd,
    frontProxy,
    etcd,
    kubeletServer,
    metricsServer,
    serviceAccounts: { key: accounts.key, publicKey },
    users,
  };
}

/** All names under which the API server is called: inside by its Service, on the node, and from the machine by loopback. */
function apiServerNames(network: NetworkPlan): { dnsNames: string[]; ipAddresses: string[] } {
  const families = [network.v4, ...(network.v6 === undefined ? [] : [network.v6])];
  return {
    dnsNames: [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'localhost',
    ],
    ipAddresses: ['127.0.0.1', '::1', ...families.flatMap((family) => [family.node, family.apiService])],
  };
}

/** The certificate files in the cluster's `etc/pki`, by name. */
export function certificateFiles(certificates: ClusterCertificates): Readonly<Record<string, string>> {
  const pair = (name: string, { cert, key }: KeyPair): Record<string, string> => ({
    [`${name}.crt`]: cert,
    [`${name}.key`]: key,
  });
  return {
    ...pair('ca', certificates.authority),
    'front-proxy-ca.crt': certificates.frontProxyAuthority.cert,
    'etcd-ca.crt': certificates.etcdAuthority.cert,
    ...pair('apiserver', certificates.apiServer),
    ...pair('apiserver-kubelet', certificates.apiServerKubelet),
    ...pair('apiserver-etcd', certificates.apiServerEtcd),
    ...pair('front-proxy', certificates.frontProxy),
    ...pair('etcd', certificates.etcd),
    ...pair('kubelet', certificates.kubeletServer),
    'service-accounts.key': certificates.serviceAccounts.key,
    'service-accounts.pub': certificates.serviceAccounts.publicKey,
  };
}
