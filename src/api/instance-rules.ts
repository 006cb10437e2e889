import type { PolicyRule } from './revision.ts';

const WRITE = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;
const READ = ['get', 'list', 'watch'] as const;

/**
 * Rules of ClusterRole `tenantry-instance`: what charts commonly need inside the namespace of an instance, no wildcards.
 * The operator's chart holds the same list (a test compares them); what a chart needs beyond it is granted by a role of
 * the service's own.
 */
export const INSTANCE_RULES: readonly PolicyRule[] = [
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'secrets',
      'services',
      'serviceaccounts',
      'persistentvolumeclaims',
      'pods',
      'replicationcontrollers',
    ],
    verbs: WRITE,
  },
  // Whoever writes endpoints leads those who trust a Service to any address, past network policies (CVE-2021-25740).
  { apiGroups: [''], resources: ['pods/log', 'pods/status', 'events', 'endpoints'], verbs: READ },
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'statefulsets', 'daemonsets', 'replicasets'],
    verbs: WRITE,
  },
  { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: WRITE },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: WRITE },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: WRITE },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'], verbs: WRITE },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: WRITE },
];

/** True if one of the rules allows the verb on a resource; wildcards count, rules for single names do not. */
export function rulesAllow(
  rules: readonly PolicyRule[],
  what: { readonly group: string; readonly resource: string; readonly verb: string },
): boolean {
  const has = (list: readonly string[] | undefined, item: string): boolean =>
    list !== undefined && (list.includes(item) || list.includes('*'));
  return rules.some(
    (rule) =>
      (rule.resourceNames ?? []).length === 0 &&
      has(rule.apiGroups, what.group) &&
      has(rule.resources, what.resource) &&
      has(rule.verbs, what.verb),
  );
}
