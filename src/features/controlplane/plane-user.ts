import type { Client } from '../../client/client.ts';
import { CLUSTER_ROLE, CLUSTER_ROLE_BINDING, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import type { OwnerReference } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import type { ServiceAccountRef } from '../../runtime/plan.ts';

/** Somebody as a plane's API server is to see him. */
export interface PlaneUser {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Where the accounts are that speak for users. */
const NAMESPACE = 'kube-system';
/** On everything that is made for one user: a digest of his name, which may have characters that labels don't. */
const USER_LABEL = 'tenantry.dev/user';
/** The same in words. */
const USER_ANNOTATION = 'tenantry.dev/user-name';
const OPTIONS = { fieldManager: 'tenantry', force: true };

/**
 * An account of a plane that may do one thing: speak as this user in these groups. What it may do as him is what the plane's own rules
 * give him. Unlike a certificate of his it can be taken back at once, and what it does stands in the audit log under both names.
 */
export async function letSpeakFor(client: Client, who: PlaneUser): Promise<ServiceAccountRef> {
  const { role, account, binding } = userObjects(who);
  const { apiVersion, kind, metadata } = await client.apply(CLUSTER_ROLE, role, OPTIONS);
  const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
  await client.apply(SERVICE_ACCOUNT, owned(account, owner), OPTIONS);
  await client.apply(CLUSTER_ROLE_BINDING, owned(binding, owner), OPTIONS);
  return { namespace: NAMESPACE, name: metadata.name };
}

/** Ends everything that was given to a user, in whatever groups; answers how many accounts that were. */
export async function silence(client: Client, user: string): Promise<number> {
  const labelSelector = `${USER_LABEL}=${shortHash(user)}`;
  const { items: accounts } = await client.list(SERVICE_ACCOUNT, { namespace: NAMESPACE, labelSelector });
  // First the accounts: with them their tokens end.
  for (const { metadata } of accounts)
    await client.delete(SERVICE_ACCOUNT, { namespace: NAMESPACE, name: metadata.name });
  const { items: roles } = await client.list(CLUSTER_ROLE, { labelSelector });
  for (const { metadata } of roles) {
    await client.delete(CLUSTER_ROLE_BINDING, { name: metadata.name });
    await client.delete(CLUSTER_ROLE, { name: metadata.name });
  }
  return accounts.length;
}

/** The objects by which an account may speak for a user. Pure. */
export function userObjects({ user, groups }: PlaneUser) {
  const name = `tenantry-user-${shortHash([user, ...groups.toSorted()].join('\n'))}`;
  const metadata = {
    name,
    labels: { 'app.kubernetes.io/managed-by': 'tenantry', [USER_LABEL]: shortHash(user) },
    annotations: { [USER_ANNOTATION]: user },
  };
  const may = (resources: string, resourceNames: readonly string[]) => ({
    apiGroups: [''],
    resources: [resources],
    resourceNames,
    verbs: ['impersonate'],
  });
  return {
    role: {
      apiVersion: apiVersionOf(CLUSTER_ROLE),
      kind: CLUSTER_ROLE.kind,
      metadata,
      // A rule without names would mean all groups.
      rules: [may('users', [user]), ...(groups.length === 0 ? [] : [may('groups', groups)])],
    },
    account: {
      apiVersion: 'v1',
      kind: SERVICE_ACCOUNT.kind,
      metadata: { ...metadata, namespace: NAMESPACE },
      automountServiceAccountToken: false,
    },
    binding: {
      apiVersion: apiVersionOf(CLUSTER_ROLE_BINDING),
      kind: CLUSTER_ROLE_BINDING.kind,
      metadata,
      roleRef: { apiGroup: CLUSTER_ROLE.group, kind: CLUSTER_ROLE.kind, name },
      subjects: [{ kind: SERVICE_ACCOUNT.kind, name, namespace: NAMESPACE }],
    },
  };
}

function owned<T extends { readonly metadata: object }>(object: T, owner: OwnerReference) {
  return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
}
