import { createPublicKey } from 'node:crypto';
import { createAuthority, issue, type CertificateRequest, type KeyPair } from '../pki/certificate.ts';
import { families, places, type NetworkPlan, type NodePlan } from './network-plan.ts';

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
  readonly registry: KeyPair;
  /** What every node's containerd shows the registry. */
  readonly registryClient: KeyPair;
  readonly metricsServer: KeyPair;
  /** Signs service account tokens. */
  readonly serviceAccounts: { readonly key: string; readonly publicKey: string };
  readonly users: Readonly<Record<UserName, KeyPair>>;
  /** By the node's name. */
  readonly nodes: ReadonlyMap<string, NodeCertificates>;
}

/** Identities of the cluster with a kubeconfig of their own. */
export type UserName = 'admin' | 'controller-manager' | 'scheduler' | 'kube-proxy';

/** What each node has for itself: the authorizer knows nodes apart by it. */
export interface NodeCertificates {
  readonly kubeletServer: KeyPair;
  readonly users: Readonly<Record<NodeUserName, KeyPair>>;
}

/** Identities of a node with a kubeconfig of their own. */
export type NodeUserName = 'kubelet' | 'agent';

type Sign = (by: KeyPair, request: Omit<CertificateRequest, 'notBefore' | 'days'>) => Promise<KeyPair>;

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
  nodes: readonly NodePlan[],
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
  const sign: Sign = (by, request) => issue(by, { ...request, notBefore: now, days: DAYS });
  const client = (by: KeyPair, commonName: string, ...organizations: string[]): Promise<KeyPair> =>
    sign(by, { commonName, organizations, usages: ['client'] });
  const [
    apiServer,
    apiServerKubelet,
    apiServerEtcd,
    frontProxy,
    etcd,
    metricsServer,
    registry,
    registryClient,
  ] = await Promise.all([
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
      commonName: 'metrics-server',
      dnsNames: ['metrics-server.kube-system.svc', 'metrics-server.kube-system'],
      usages: ['server'],
    }),
    sign(authority, { commonName: 'registry', ipAddresses: [network.v4.node], usages: ['server'] }),
    client(authority, 'tenantry-registry-client'),
  ]);
  const users = {
    admin: await client(authority, 'tenantry-admin', ADMINISTRATORS),
    'controller-manager': await client(authority, 'system:kube-controller-manager'),
    scheduler: await client(authority, 'system:kube-scheduler'),
    'kube-proxy': await client(authority, 'system:kube-proxy'),
  };
  const ofNodes = nodes.map(async (node) => [node.name, await forNode(authority, node, sign)] as const);
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
    metricsServer,
    registry,
    registryClient,
    serviceAccounts: { key: accounts.key, publicKey },
    users,
    nodes: new Map(await Promise.all(ofNodes)),
  };
}

async function forNode(authority: KeyPair, node: NodePlan, sign: Sign): Promise<NodeCertificates> {
  const identity = { commonName: `system:node:${node.name}`, organizations: ['system:nodes'] };
  const [kubeletServer, kubelet, agent] = await Promise.all([
    sign(authority, {
      ...identity,
      dnsNames: [node.name],
      ipAddresses: places(node).map(({ address }) => address),
      usages: ['server'],
    }),
    sign(authority, { ...identity, usages: ['client'] }),
    sign(authority, {
      commonName: `system:tenantry-agent:${node.name}`,
      organizations: [AGENT_GROUP],
      usages: ['client'],
    }),
  ]);
  return { kubeletServer, users: { kubelet, agent } };
}

/** All names under which the API server is called: inside by its Service, on the node, and from the machine by loopback. */
function apiServerNames(network: NetworkPlan): { dnsNames: string[]; ipAddresses: string[] } {
  return {
    dnsNames: [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'localhost',
    ],
    ipAddresses: [
      '127.0.0.1',
      '::1',
      ...families(network).flatMap((family) => [family.node, family.apiService]),
    ],
  };
}

const pair = (name: string, { cert, key }: KeyPair): Record<string, string> => ({
  [`${name}.crt`]: cert,
  [`${name}.key`]: key,
});

/** What lies in the first node's `etc/pki` beside its own files, by name. */
export function certificateFiles(certificates: ClusterCertificates): Readonly<Record<string, string>> {
  return {
    ...pair('ca', certificates.authority),
    'front-proxy-ca.crt': certificates.frontProxyAuthority.cert,
    'etcd-ca.crt': certificates.etcdAuthority.cert,
    ...pair('apiserver', certificates.apiServer),
    ...pair('apiserver-kubelet', certificates.apiServerKubelet),
    ...pair('apiserver-etcd', certificates.apiServerEtcd),
    ...pair('front-proxy', certificates.frontProxy),
    ...pair('etcd', certificates.etcd),
    ...pair('registry', certificates.registry),
    'service-accounts.key': certificates.serviceAccounts.key,
    'service-accounts.pub': certificates.serviceAccounts.publicKey,
  };
}

/** What lies in every node's `etc/pki`, by name: its own, whom it trusts, and what it shows the registry. */
export function nodeCertificateFiles(
  { authority, registryClient }: ClusterCertificates,
  { kubeletServer }: NodeCertificates,
): Readonly<Record<string, string>> {
  return {
    'ca.crt': authority.cert,
    ...pair('kubelet', kubeletServer),
    ...pair('registry-client', registryClient),
  };
}
