import type { JsonObject } from '../../api/json-schema.ts';
import type { Client } from '../../client/client.ts';
import { requestToken } from '../../features/access/issue-token.ts';
import { CLUSTER_ROLE_BINDING, NAMESPACE, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { WrongOption } from '../../lib/wrong-option.ts';

/** Whose token is asked for, and what for. */
export interface AccountChoice {
  /** `name`, or `namespace/name`. */
  readonly serviceAccount: string;
  /** Makes the account and binds it to this role. */
  readonly clusterRole?: string | undefined;
  /** Seconds. */
  readonly tokenExpiration?: number | undefined;
}

/** As in vcluster. */
const DEFAULT_NAMESPACE = 'kube-system';
/** A year: no token of ours lives for ever. */
const DEFAULT_SECONDS = 31_536_000;

/** A user's entry with a token of a ServiceAccount inside the virtual cluster. Throws WrongOption, KubeError. */
export async function accountEntry(tenant: Client, choice: AccountChoice): Promise<JsonObject> {
  const account = readAccount(choice.serviceAccount);
  if (choice.clusterRole !== undefined) await bindAccount(tenant, account, choice.clusterRole);
  const { token } = await requestToken(tenant, account, choice.tokenExpiration ?? DEFAULT_SECONDS);
  return { token };
}

/** Reads `[namespace/]name`. Throws WrongOption. */
export function readAccount(text: string): { readonly namespace: string; readonly name: string } {
  const parts = text.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2 || parts.includes(''))
    throw new WrongOption(`--service-account is "${text}"`, 'Write NAME or NAMESPACE/NAME.');
  return second === undefined
    ? { namespace: DEFAULT_NAMESPACE, name: first }
    : { namespace: first, name: second };
}

async function bindAccount(
  tenant: Client,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  role: string,
): Promise<void> {
  const made = (error: unknown): void => {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  };
  await tenant
    .create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    .catch(made);
  await tenant
    .create(SERVICE_ACCOUNT, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } })
    .catch(made);
  await tenant.apply(CLUSTER_ROLE_BINDING, {
    apiVersion: apiVersionOf(CLUSTER_ROLE_BINDING),
    kind: 'ClusterRoleBinding',
    metadata: { name: `vcluster:sa:${namespace}:${name}:${role}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  });
}
