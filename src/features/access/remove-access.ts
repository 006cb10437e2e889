import { OPERATOR_NAME } from '../../api/names.ts';
import { providerClusterRoleName } from '../../api/instance.ts';
import type { Client } from '../../client/client.ts';
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  CONFIG_MAP,
  ROLE,
  ROLE_BINDING,
  SECRET,
  SERVICE_ACCOUNT,
} from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import {
  clusterRoleNameOf,
  operatorRoleNameOf,
  permsNameOf,
  PROVIDER_ACCOUNT,
  roleNamesOf,
  type Account,
} from './account.ts';
import { findAllowed } from './find-allowed.ts';
import { isOfAccount } from './write-access.ts';

interface Named {
  readonly kind: Kind;
  readonly name: string;
}

/** Everything that may exist of an account, bindings first: from then on a token is worth nothing. Pure. */
export function accessNames(account: Account): readonly Named[] {
  const { base, update } = roleNamesOf(account);
  const cluster = clusterRoleNameOf(account);
  const isProvider = account.role === 'provider';
  const clusterWide = [
    cluster,
    `${cluster}:update`,
    ...(isProvider ? [operatorRoleNameOf(account.namespace)] : []),
  ];
  const inNamespace = [base, update, ...(isProvider ? [OPERATOR_NAME] : [])];
  return [
    ...clusterWide.map((name) => ({ kind: CLUSTER_ROLE_BINDING, name })),
    ...inNamespace.map((name) => ({ kind: ROLE_BINDING, name })),
    { kind: SERVICE_ACCOUNT, name: account.name },
    { kind: SECRET, name: account.name },
    { kind: CONFIG_MAP, name: permsNameOf(account).name },
    ...(isProvider ? [{ kind: CONFIG_MAP, name: account.name }] : []),
    ...inNamespace.map((name) => ({ kind: ROLE, name })),
    ...clusterWide.map((name) => ({ kind: CLUSTER_ROLE, name })),
    ...(isProvider ? [{ kind: CLUSTER_ROLE, name: providerClusterRoleName(account.namespace) }] : []),
  ];
}

/** Takes an account and its rights away; answers what was deleted. What is not an account's stays. Throws KubeError. */
export async function removeAccess(client: Client, account: Account): Promise<readonly string[]> {
  const removed = await removeKubePlusRoles(client, account);
  for (const { kind, name } of accessNames(account)) {
    const ref = { namespace: kind.namespaced ? account.namespace : undefined, name };
    const stored = await findAllowed(client, kind, ref);
    if (stored?.metadata.uid === undefined || !isOfAccount(stored, kind, account)) continue;
    await client.delete(kind, ref, { uid: stored.metadata.uid });
    removed.push(`${kind.kind} ${name}`);
  }
  return removed;
}

/** Cluster-wide roles that KubePlus's own program bound to this account, and to nobody else. */
async function removeKubePlusRoles(
  client: Client,
  { role, namespace, name: account }: Account,
): Promise<string[]> {
  if (role !== 'provider') return [];
  const removed: string[] = [];
  for (const name of [PROVIDER_ACCOUNT, `${PROVIDER_ACCOUNT}-update`]) {
    const binding = await client.find(CLUSTER_ROLE_BINDING, { name });
    const [subject, ...others] = binding?.subjects ?? [];
    if (binding?.metadata.uid === undefined || others.length > 0) continue;
    if (subject?.namespace !== namespace || subject.name !== account || binding.roleRef.name !== name)
      continue;
    await client.delete(CLUSTER_ROLE_BINDING, { name }, { uid: binding.metadata.uid });
    await client.delete(CLUSTER_ROLE, { name });
    removed.push(`ClusterRoleBinding ${name}`, `ClusterRole ${name}`);
  }
  return removed;
}
