import type { ClusterRole } from '../../kube/builtin-kinds.ts';

type Rule = NonNullable<ClusterRole['rules']>[number];

const READ = ['get', 'list', 'watch'];

/** The rights an agent needs, and no others: rules of a ClusterRole. */
export const agentRules: readonly Rule[] = [
  {
    apiGroups: [''],
    resources: ['pods', 'namespaces', 'services', 'persistentvolumeclaims', 'persistentvolumes'],
    verbs: READ,
  },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: READ },
  { apiGroups: [''], resources: ['persistentvolumes'], verbs: ['create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['services/status'], verbs: ['patch'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
];
