import type { Client, Reader } from '../../client/client.ts';
import { SERVICE_ACCOUNTS_SUFFIX } from '../../api/names.ts';
import { RESOURCE_COMPOSITION } from '../../api/resource-composition.ts';
import {
  CLUSTER_ROLE,
  CRD,
  DEPLOYMENT,
  NAMESPACE,
  STORAGE_CLASS,
  VALIDATING_ADMISSION_POLICY_BINDING,
  VALIDATING_WEBHOOK_CONFIGURATION,
} from '../../kube/builtin-kinds.ts';
import { findCondition } from '../../kube/conditions.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Condition, KubeObject } from '../../kube/object.ts';
import type { ClusterFacts } from './diagnosis.ts';
import { OPERATOR_SELECTOR } from './release-instances.ts';
import { listServiceKinds } from './service-kinds.ts';

/** Admission policies that the chart's cluster part always has. */
export const POLICY_NAMES: readonly string[] = [
  'tenantry-namespace-label',
  'tenantry-object-label',
  'tenantry-plane-protection',
  'tenantry-operator-namespaces',
  'tenantry-operator-writes',
  'tenantry-operator-crds',
  'tenantry-operator-webhooks',
  'tenantry-service-writes',
  'tenantry-services',
  'tenantry-status',
  'tenantry-companions',
  'tenantry-strict-pods',
  'tenantry-strict-services',
  'tenantry-strict-volumes',
  'tenantry-strict-network',
  'tenantry-trial',
];
const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';

interface WithConditions extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
}

/** Looks at everything `diagnose` judges. What may not be read becomes `undefined`; no cluster at all throws KubeError. */
export async function collectFacts(
  client: Client,
  namespace: string,
  crdNames: readonly string[],
): Promise<ClusterFacts> {
  const version = JSON.parse((await client.raw({ method: 'GET', path: '/version' })).text) as {
    gitVersion: string;
  };
  const [
    missingCrds,
    clusterRole,
    missingPolicies,
    webhooks,
    accounts,
    operator,
    defaultClass,
    metricsServed,
    notReady,
  ] = await Promise.all([
    missing(crdNames, (name) => client.find(CRD, { name })),
    ifAllowed(async () => (await client.find(CLUSTER_ROLE, { name: 'tenantry-operator' })) !== undefined),
    missing(POLICY_NAMES, (name) => client.find(VALIDATING_ADMISSION_POLICY_BINDING, { name })),
    ifAllowed(() => lookAtWebhooks(client)),
    ifAllowed(
      async () => (await client.find(NAMESPACE, { name: namespace + SERVICE_ACCOUNTS_SUFFIX })) !== undefined,
    ),
    ifAllowed(() => lookAtOperator(client, namespace)),
    ifAllowed(() => findDefaultClass(client)),
    isServed(client, '/apis/metrics.k8s.io/v1beta1'),
    ifAllowed(() => listNotReady(client)),
  ]);
  return {
    serverVersion: version.gitVersion,
    missingCrds,
    clusterRole,
    missingPolicies,
    webhooks,
    accountsNamespace: accounts,
    operator,
    defaultClass,
    metricsServed,
    notReady,
  };
}

/** Undefined where RBAC says no. */
async function ifAllowed<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}

function missing(
  names: readonly string[],
  find: (name: string) => Promise<KubeObject | undefined>,
): Promise<readonly string[] | undefined> {
  return ifAllowed(async () => {
    const found = await Promise.all(names.map(find));
    return names.filter((_, index) => found[index] === undefined);
  });
}

async function lookAtWebhooks(client: Reader): Promise<ClusterFacts['webhooks']> {
  const configuration = await client.find(VALIDATING_WEBHOOK_CONFIGURATION, { name: 'tenantry' });
  if (configuration === undefined) return 'missing';
  const webhooks = configuration.webhooks ?? [];
  return webhooks.every(({ clientConfig }) => (clientConfig.caBundle ?? '') !== '') ? 'fine' : 'no-authority';
}

async function lookAtOperator(client: Reader, namespace: string): Promise<ClusterFacts['operator']> {
  const { items } = await client.list(DEPLOYMENT, { namespace, labelSelector: OPERATOR_SELECTOR });
  const [deployment] = items;
  if (deployment === undefined) return 'none';
  return { ready: deployment.status?.readyReplicas ?? 0, wanted: deployment.spec?.replicas ?? 1 };
}

async function findDefaultClass(client: Reader): Promise<ClusterFacts['defaultClass']> {
  const { items } = await client.list(STORAGE_CLASS);
  const found = items.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true');
  return found === undefined
    ? 'none'
    : { name: found.metadata.name, reclaimPolicy: found.reclaimPolicy ?? 'Delete' };
}

async function isServed(client: Client, path: string): Promise<boolean> {
  try {
    return (await client.raw({ method: 'GET', path })).status === 200;
  } catch (error) {
    if (isKubeError(error, 'NotFound', 'ServiceUnavailable', 'Forbidden')) return false;
    throw error;
  }
}

/** Services and instances whose Ready condition is not True. */
async function listNotReady(client: Reader): Promise<ClusterFacts['notReady']> {
  const found = await ifServed(async () => {
    const kinds = [RESOURCE_COMPOSITION, ...(await listServiceKinds(client))];
    const lists = await Promise.all(
      kinds.map(async (kind) => ({ kind, items: (await client.list<WithConditions>(kind)).items })),
    );
    return lists.flatMap(({ kind, items }) =>
      items.flatMap((object) => {
        const ready = findCondition(object.status?.conditions ?? [], 'Ready');
        if (ready?.status === 'True') return [];
        const { namespace = '', name } = object.metadata;
        return [{ what: `${kind.kind} ${namespace}/${name}`, message: ready?.message ?? 'no status yet' }];
      }),
    );
  });
  return found ?? [];
}

async function ifServed<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}
