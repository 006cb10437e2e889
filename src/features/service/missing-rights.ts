import { providerClusterRoleName, serviceAccountName, serviceClusterRoleName } from '../../api/instance.ts';
import { INSTANCE_CLUSTER_ROLE, OPERATOR_NAME } from '../../api/names.ts';
import type { PolicyRule, RevisionSpec } from '../../api/revision.ts';
import { CLUSTER_ROLE } from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { ChartProblem } from './chart-problem.ts';
import type { ChartRights } from './chart-rights.ts';
import type { ServiceDeps } from './dependencies.ts';
import { isAllowed, SELF_SUBJECT_ACCESS_REVIEW, SUBJECT_ACCESS_REVIEW } from './operator-rights.ts';
import { isCovered, missingPermissions, toRules } from './rights.ts';

/** How soon a grant that somebody made is noticed, where no watch tells of it. */
const GRANT_RETRY_MS = 30_000;

type Deps = Pick<ServiceDeps, 'client' | 'settings'>;

/** What a chart asks for. */
export interface NeededRights {
  /** Of the composition: what was granted there counts for all services of it. */
  readonly namespace: string;
  readonly resource: RevisionSpec['resource'];
  readonly needed: ChartRights;
  /** Kinds of the chart that belong to no namespace, as far as the composition allows them. */
  readonly clusterKinds: readonly Kind[];
  readonly signal?: AbortSignal | undefined;
}

/** What a service has and lacks. */
export interface ServiceRights {
  /** What its account needs beyond the common rights. */
  readonly rules: readonly PolicyRule[];
  /** ClusterRoles that give it. */
  readonly roles: readonly string[];
  readonly problems: readonly ChartProblem[];
}

/**
 * Compares with what services' accounts get everywhere, and with what this service or all of its provider's were granted. Rights
 * beyond the common ones are in ClusterRoles of the cluster's owner. The operator binds it in the namespaces of instances, which Kubernetes
 * lets it do with the verb `bind` on it only; and no binding in a namespace reaches kinds that belong to none.
 */
export async function missingRights(
  deps: Deps,
  { namespace, resource, needed, clusterKinds, signal }: NeededRights,
): Promise<ServiceRights> {
  const role = serviceClusterRoleName(resource);
  const shared = providerClusterRoleName(namespace);
  const [common, own, ofProvider] = await Promise.all([
    rulesOfRole(deps, INSTANCE_CLUSTER_ROLE),
    rulesOfRole(deps, role),
    rulesOfRole(deps, shared),
  ]);
  const beyond = needed.rights.filter((right) => !isCovered(right, common));
  const byProvider = beyond.filter((right) => isCovered(right, ofProvider));
  const byOwn = beyond.filter((right) => !byProvider.includes(right));
  const lacking = byOwn.filter((right) => !isCovered(right, own));
  const [mayBind, refused] = await Promise.all([
    byOwn.length === 0 || mayOperatorBind(deps, role, signal),
    refusedClusterKinds(deps, { resource, clusterKinds, signal }),
  ]);
  const rules = toRules(lacking);
  const grants = [
    ...(lacking.length > 0 ? [`ClusterRole ${role} with these rules`] : []),
    ...(mayBind
      ? []
      : [
          `the verb bind on ClusterRole ${role} for ServiceAccount ${deps.settings.operatorNamespace}/${OPERATOR_NAME}`,
        ]),
    ...(refused.length > 0
      ? [
          `a ClusterRoleBinding to ServiceAccount ${deps.settings.accountsNamespace}/${serviceAccountName(resource)} for what belongs to no namespace (${refused.map(groupKindOf).join(', ')})`,
        ]
      : []),
  ];
  // Paths such as /metrics are no objects of a namespace: no binding of an instance can give them.
  const isAnyMissing = lacking.length > 0 || needed.paths.length > 0;
  return {
    rules: toRules(beyond),
    roles: [...(byProvider.length > 0 ? [shared] : []), ...(byOwn.length > 0 ? [role] : [])],
    problems: [
      ...(isAnyMissing ? [problem(missingPermissions(rules, needed.paths))] : []),
      ...(grants.length > 0
        ? [
            problem(
              `The cluster's owner grants it to the service: ${grants.join('; ')} (docs/guide.md, "More rights for a service").`,
            ),
          ]
        : []),
    ],
  };
}

function problem(message: string): ChartProblem {
  return { reason: 'MissingPermissions', message, retryMs: GRANT_RETRY_MS };
}

async function mayOperatorBind(
  { client }: Deps,
  role: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { group, plural } = CLUSTER_ROLE;
  const resourceAttributes = { group, resource: plural, verb: 'bind', name: role };
  return isAllowed(client, SELF_SUBJECT_ACCESS_REVIEW, { resourceAttributes }, signal);
}

/** Kinds without a namespace that the service's account may not create. */
async function refusedClusterKinds(
  { client, settings }: Deps,
  { resource, clusterKinds, signal }: Pick<NeededRights, 'resource' | 'clusterKinds' | 'signal'>,
): Promise<readonly Kind[]> {
  const namespace = settings.accountsNamespace;
  const user = `system:serviceaccount:${namespace}:${serviceAccountName(resource)}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const answers = await Promise.all(
    clusterKinds.map(async ({ group, plural }) => {
      const resourceAttributes = { group, resource: plural, verb: 'create' };
      return isAllowed(client, SUBJECT_ACCESS_REVIEW, { user, groups, resourceAttributes }, signal);
    }),
  );
  return clusterKinds.filter((_kind, index) => answers[index] !== true);
}

async function rulesOfRole({ client }: Deps, name: string): Promise<readonly PolicyRule[]> {
  const role = await client.find(CLUSTER_ROLE, { name });
  return role?.rules ?? [];
}
