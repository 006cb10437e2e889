import { OPERATOR_NAME } from '../../api/names.ts';
import type { Reader } from '../../client/client.ts';
import type { Account } from './account.ts';
import { CLUSTER_ROLE_BINDING, NAMESPACE, POD, type Namespace } from '../../kube/builtin-kinds.ts';

/** What the cluster's owner must be told of a namespace before an account is made in it. */
export interface Site {
  /** Where the operator runs or is to run, as the cluster part says; undefined: nobody applied that yet. */
  readonly operatorNamespace: string | undefined;
  readonly namespace: Namespace | undefined;
  /** Whether pods run there: they would have to obey the level that new ones are held to. */
  readonly hasPods: boolean;
}

/** Looks at a namespace and at who has the operator. Throws KubeError. */
export async function findSite(reader: Reader, name: string, role: Account['role']): Promise<Site> {
  const namespace = await reader.find(NAMESPACE, { name });
  // A consumer has nothing to do with the operator and makes no pods.
  if (role === 'consumer') return { operatorNamespace: undefined, namespace, hasPods: false };
  const binding = await reader.find(CLUSTER_ROLE_BINDING, { name: OPERATOR_NAME });
  const pods = namespace === undefined ? [] : (await reader.list(POD, { namespace: name })).items;
  return { operatorNamespace: binding?.subjects?.[0]?.namespace, namespace, hasPods: pods.length > 0 };
}
