import { DEFAULT_SERVICE_GROUP, OPERATOR_NAME, TENANTRY_GROUP, WORKFLOWS_GROUP } from '../../api/names.ts';
import type { Rule } from './rules.ts';

const READ = ['get', 'list', 'watch'] as const;
const WRITE = [...READ, 'create', 'update', 'patch', 'delete'] as const;

/** `host`: the operator runs in the provider's namespace, and is the provider's to install. `guest`: it runs elsewhere. */
export type ProviderPlace = 'host' | 'guest';

function rule(group: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources, verbs };
}

/** The group of services whose composition names none, as the operator decides it. */
export function serviceGroupOf(namespace: string, place: ProviderPlace): string {
  return place === 'host' ? DEFAULT_SERVICE_GROUP : `${namespace}.${DEFAULT_SERVICE_GROUP}`;
}

/**
 * What a provider may do in the namespace and nowhere else: offer services, keep charts and releases, have consumers. In the operator's
 * namespace also what Helm needs for installing it, and what must be held to grant the operator its own Role.
 */
export function providerRules(namespace: string, place: ProviderPlace): readonly Rule[] {
  return [
    rule('', ['namespaces'], ['get']),
    rule('', ['pods', 'pods/log', 'endpoints', 'events'], READ),
    rule('', ['secrets', 'configmaps', 'serviceaccounts'], WRITE),
    rule('', ['serviceaccounts/token'], ['create']),
    rule('events.k8s.io', ['events'], READ),
    rule('rbac.authorization.k8s.io', ['roles', 'rolebindings'], WRITE),
    rule(
      WORKFLOWS_GROUP,
      ['resourcecompositions', 'resourcepolicies', 'resourcemonitors', 'resourceevents'],
      [...WRITE, 'deletecollection'],
    ),
    rule(WORKFLOWS_GROUP, ['resourcecompositions'], ['register']),
    rule(TENANTRY_GROUP, ['tenants', 'plans'], [...WRITE, 'deletecollection', 'use']),
    rule(TENANTRY_GROUP, ['revisions'], READ),
    rule(serviceGroupOf(namespace, place), ['*'], [...WRITE, 'deletecollection']),
    ...(place === 'host' ? HOST_RULES : []),
  ];
}

/** The operator's Deployment, Services, hook and leases. */
const HOST_RULES: readonly Rule[] = [
  rule('', ['services'], WRITE),
  rule('', ['pods'], ['delete']),
  rule('', ['pods/portforward'], ['get', 'create']),
  rule('apps', ['deployments'], WRITE),
  rule('apps', ['deployments/scale'], ['get', 'update', 'patch']),
  rule('apps', ['replicasets'], READ),
  rule('batch', ['jobs'], WRITE),
  rule('policy', ['poddisruptionbudgets'], WRITE),
  rule('coordination.k8s.io', ['leases'], WRITE),
  rule('discovery.k8s.io', ['endpointslices'], READ),
];

/**
 * What a provider may do in the whole cluster: see which kinds there are, and install a chart with CRDs that are there already. Helm creates
 * or patches them whether they are or not; policy `tenantry-provider-crds` lets that change nothing.
 */
export function providerClusterRules(crds: readonly string[]): readonly Rule[] {
  const [group, resources] = ['apiextensions.k8s.io', ['customresourcedefinitions']];
  return [
    rule(group, resources, [...READ, 'create']),
    { apiGroups: [group], resources, resourceNames: [...crds].sort(), verbs: ['patch'] },
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles', 'clusterrolebindings'],
      resourceNames: [OPERATOR_NAME],
      verbs: ['get'],
    },
  ];
}

/** What the operator needs in a namespace of another provider than the one that it runs with. */
export const OPERATOR_IN_NAMESPACE: readonly Rule[] = [rule('', ['secrets', 'configmaps'], WRITE)];

/** What the operator needs to serve a provider's group, and to pass on what `update` grants to the provider's services. */
export function operatorClusterRules(
  namespace: string,
  place: ProviderPlace,
  grantedRole: string,
): readonly Rule[] {
  return [
    ...(place === 'guest'
      ? [{ apiGroups: [serviceGroupOf(namespace, place)], resources: ['*'], verbs: ['*'] }]
      : []),
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      resourceNames: [grantedRole],
      verbs: ['bind'],
    },
  ];
}

/** What a consumer may do before anything was granted: see what happens to the own instances. */
export const CONSUMER_RULES: readonly Rule[] = [
  rule('', ['events'], READ),
  rule('events.k8s.io', ['events'], READ),
];

/** What a consumer may do with a kind: exactly this one, its status not. */
export function kindRules(group: string, plural: string): readonly Rule[] {
  return [rule(group, [plural], WRITE)];
}
