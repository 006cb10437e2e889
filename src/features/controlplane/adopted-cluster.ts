import type { Client } from '../../client/client.ts';
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { OwnerReference } from '../../kube/object.ts';

/** Where an account for the hosting cluster is made on a cluster that it takes over. */
export const ADOPTED_NAMESPACE = 'kube-system';
const OPTIONS = { fieldManager: 'tenantry' };

/**
 * Makes an account called `name` on a cluster, bound to the role that was asked for, and a role by which the account can renew its own
 * token and take everything away again, whatever else it may. All of it belongs to that role: with the role it goes.
 */
export async function takeOver(client: Client, name: string, clusterRole: string): Promise<void> {
  const keeper = await client.apply(CLUSTER_ROLE, keeperRole(name), OPTIONS);
  const { apiVersion, kind, metadata } = keeper;
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
  const metadataOf = (called: string) => ({ name: called, ownerReferences: [owner] });
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...metadataOf(name), namespace: ADOPTED_NAMESPACE },
  };
  await client.apply(SERVICE_ACCOUNT, account, OPTIONS);
  await bind(client, { name: keeperOf(name), role: keeperOf(name), account: name, owner });
  await bind(client, { name, role: clusterRole, account: name, owner });
}

/** Takes away what was made. An account that is gone already has nothing to give back. */
export async function giveBack(client: Client, name: string): Promise<void> {
  try {
    await client.delete(CLUSTER_ROLE, { name: keeperOf(name) });
  } catch (error) {
    if (!isKubeError(error, 'Unauthorized')) throw error;
  }
}

const keeperOf = (name: string): string => `${name}-keeper`;

function keeperRole(name: string) {
  const resourceNames = [name];
  return {
    apiVersion: apiVersionOf(CLUSTER_ROLE),
    kind: CLUSTER_ROLE.kind,
    metadata: { name: keeperOf(name) },
    rules: [
      { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames, verbs: ['create'] },
      {
        apiGroups: [CLUSTER_ROLE.group],
        resources: ['clusterroles'],
        resourceNames: [keeperOf(name)],
        verbs: ['delete'],
      },
    ],
  };
}

interface Binding {
  readonly name: string;
  readonly role: string;
  readonly account: string;
  readonly owner: OwnerReference;
}

async function bind(client: Client, { name, role, account, owner }: Binding): Promise<void> {
  const present = await client.find(CLUSTER_ROLE_BINDING, { name });
  // A binding never changes its role.
  if (present !== undefined && present.roleRef.name !== role)
    await client.delete(CLUSTER_ROLE_BINDING, { name });
  const object = {
    apiVersion: apiVersionOf(CLUSTER_ROLE_BINDING),
    kind: CLUSTER_ROLE_BINDING.kind,
    metadata: { name, ownerReferences: [owner] },
    roleRef: { apiGroup: CLUSTER_ROLE.group, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: ADOPTED_NAMESPACE }],
  };
  await client.apply(CLUSTER_ROLE_BINDING, object, OPTIONS);
}
