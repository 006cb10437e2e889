import { INSTANCE_UID_LABEL } from '../api/names.ts';
import type { PlaneSpec } from './plane-spec.ts';

/** On every object of a plane: the plane's name. */
export const PLANE_LABEL = 'tenantry.dev/plane';
/** Names of a plane's objects, as KubeFlex has them. */
export const API_SERVER = 'kube-apiserver';
export const CONTROLLER_MANAGER = 'kube-controller-manager';
export const ETCD = 'etcd';
export const CERTIFICATES_SECRET = 'k8s-certs';
export const CONTROLLER_MANAGER_SECRET = 'cm-kubeconfig';
/** Where the API server listens in its pod, and its Service. */
export const API_SERVER_PORT = 9444;
export const SERVICE_PORT = 443;
export const ETCD_PORT = 2379;
/** Members of an etcd of several: the Service that names each, and where they talk to each other. */
export const ETCD_PEERS = 'etcd-peers';
export const ETCD_PEER_PORT = 2380;
/** Account of the operator for the namespaces of planes. */
export const PLANE_ACCOUNT = 'tenantry-planes';
export const POSTGRES = 'postgres';
export const POSTGRES_PORT = 5432;
/** Of the hosting cluster and of planes alike; clusters with another domain reach a plane by its shorter names. */
const CLUSTER_DOMAIN = 'cluster.local';

/** The user without rights that container images have agreed on. */
export const NOBODY = 65532;

/** The one name of a plane's API server that holds wherever the hosting cluster's pods run. */
export function serviceHost({ name, namespace }: Pick<PlaneSpec, 'name' | 'namespace'>): string {
  return `${name}.${namespace}.svc`;
}

/** Hosts of the members of a plane's etcd; none where there is one alone, which its Service names. */
export function etcdMemberHosts({
  namespace,
  etcdMembers = 1,
}: Pick<PlaneSpec, 'namespace' | 'etcdMembers'>): readonly string[] {
  if (etcdMembers === 1) return [];
  return Array.from({ length: etcdMembers }, (_, n) => `${ETCD}-${n}.${ETCD_PEERS}.${namespace}.svc`);
}

/** URL of a plane for the hosting cluster's pods, in KubeFlex's form. */
export function inClusterUrl(plane: Pick<PlaneSpec, 'name' | 'namespace'>): string {
  return `https://${serviceHost(plane)}.${CLUSTER_DOMAIN}`;
}

/** All names of a plane's API server. */
export function apiServerNames({ name, namespace, dnsNames }: PlaneSpec): readonly string[] {
  const inside = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const host = serviceHost({ name, namespace });
  return [
    ...new Set([
      host,
      name,
      `${name}.${namespace}`,
      `${host}.${CLUSTER_DOMAIN}`,
      ...inside,
      `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
      'localhost',
      ...dnsNames,
    ]),
  ];
}

/** Labels of every object of a plane. */
export function planeLabels({
  name,
  ownerUid,
  labels,
}: Pick<PlaneSpec, 'name' | 'ownerUid' | 'labels'>): Readonly<Record<string, string>> {
  return {
    ...labels,
    'app.kubernetes.io/managed-by': 'tenantry',
    [PLANE_LABEL]: name,
    [INSTANCE_UID_LABEL]: ownerUid,
  };
}
