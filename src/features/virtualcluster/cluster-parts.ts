import { VCLUSTER_KUBECONFIG } from '../../api/control-plane-names.ts';
import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import {
  accountOf,
  kubeconfigSecretOf,
  planeNameOf,
  VIRTUAL_CLUSTER_LABEL,
  VIRTUAL_CLUSTER_NAMESPACE_LABEL,
  VIRTUAL_CLUSTER_ROLE,
  type VirtualCluster,
} from '../../api/virtual-cluster.ts';
import { ROLE_BINDING, SERVICE, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import { kubeconfigText } from '../../pki/kubeconfig.ts';
import { partOf, type Part, type PartOwner } from '../../planes/object-of.ts';
import { inClusterUrl, serviceHost } from '../../planes/plane-names.ts';
import { secretPart } from '../../planes/secrets.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';
import type { Outside, PlaneFacts } from './plane-facts.ts';
import { ownerReference, workloadAccountOf } from './wanted-tenants.ts';

/** As the administrator of a virtual cluster is called in vcluster's kubeconfigs. */
const VCLUSTER = 'my-vcluster';
/** Where `connect` forwards a port to, as vcluster's kubeconfigs say it. */
const LOCAL = 'https://localhost:8443';
const DOMAIN = 'cluster.local';

/** Whose parts in its namespace are: they end with the object. */
export function partOwner(cluster: VirtualCluster): PartOwner {
  const { namespace = '', uid = '' } = cluster.metadata;
  const ownerReferences = [ownerReference(cluster)];
  return { name: planeNameOf(namespace), namespace, ownerUid: uid, ownerReferences };
}

/** Who acts for a virtual cluster in its namespace, and in no other one. */
export function clusterAccount(cluster: VirtualCluster, accountsNamespace: string): ServiceAccountRef {
  return { namespace: accountsNamespace, name: accountOf(cluster.metadata.uid ?? '') };
}

/** That account, and what lets it in. */
export function accessParts(
  cluster: VirtualCluster,
  account: ServiceAccountRef,
): { readonly account: Part; readonly binding: Part } {
  const owner = partOwner(cluster);
  const { ownerReferences: _others, ...elsewhere } = owner;
  return {
    account: partOf({ ...elsewhere, namespace: account.namespace }, SERVICE_ACCOUNT, account.name, {
      automountServiceAccountToken: false,
    }),
    binding: partOf(owner, ROLE_BINDING, VIRTUAL_CLUSTER_ROLE, {
      roleRef: { apiGroup: ROLE_BINDING.group, kind: 'ClusterRole', name: VIRTUAL_CLUSTER_ROLE },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    }),
  };
}

/** The API server of a virtual cluster, which the controller of planes makes. */
export function planePart(cluster: VirtualCluster): Part {
  const { metadata, spec = {} } = cluster;
  const { namespace = '', name, uid = '' } = metadata;
  const object: ControlPlane = {
    apiVersion: apiVersionOf(CONTROL_PLANE),
    kind: CONTROL_PLANE.kind,
    metadata: {
      name: planeNameOf(namespace),
      labels: {
        [INSTANCE_UID_LABEL]: uid,
        [VIRTUAL_CLUSTER_LABEL]: name,
        [VIRTUAL_CLUSTER_NAMESPACE_LABEL]: namespace,
      },
    },
    spec: {
      type: 'vcluster',
      backend: spec.backend ?? 'dedicated',
      replicas: spec.replicas ?? 1,
      exposure: spec.exposure ?? 'ClusterIP',
      hibernate: spec.paused === true,
      ...(spec.version === undefined ? {} : { version: spec.version }),
    },
  };
  return { kind: CONTROL_PLANE, object };
}

/** What stands in the namespace before the first pod: the pods' account, and the name by which the API server is reached there. */
export function namespaceParts(cluster: VirtualCluster, planeNamespace: string): readonly Part[] {
  const owner = partOwner(cluster);
  const host = serviceHost({ name: owner.name, namespace: planeNamespace });
  return [
    partOf(owner, SERVICE_ACCOUNT, workloadAccountOf(cluster.metadata.name), {
      automountServiceAccountToken: false,
    }),
    partOf(owner, SERVICE, cluster.metadata.name, {
      spec: { type: 'ExternalName', externalName: `${host}.${DOMAIN}` },
    }),
  ];
}

/** The Secret with the kubeconfig, in vcluster's form. */
export function kubeconfigPart(
  cluster: VirtualCluster,
  planeNamespace: string,
  { trust, admin }: PlaneFacts,
  outside: Outside | undefined,
): Part {
  const owner = partOwner(cluster);
  const names = { cluster: VCLUSTER, user: VCLUSTER, context: VCLUSTER };
  const text = ({ url, tlsServerName }: Outside): string =>
    kubeconfigText({
      server: url,
      ca: trust,
      user: admin,
      names,
      namespace: 'default',
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
    });
  const { key, inClusterKey } = VCLUSTER_KUBECONFIG;
  return secretPart(owner, kubeconfigSecretOf(cluster.metadata.name), {
    [key]: text(outside ?? { url: LOCAL }),
    [inClusterKey]: text({ url: inClusterUrl({ name: owner.name, namespace: planeNamespace }) }),
    'certificate-authority': trust,
    'client-certificate': admin.cert,
    'client-key': admin.key,
  });
}
