import type { JsonObject } from '../../src/api/json-schema.ts';

/** Kinds that `objectsOfPlane` makes, for kubectl: 20 of them, and what controllers make of some. */
export const KINDS = [
  'configmaps',
  'secrets',
  'serviceaccounts',
  'services',
  'persistentvolumeclaims',
  'limitranges',
  'resourcequotas',
  'podtemplates',
  'deployments',
  'replicasets',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'roles',
  'rolebindings',
  'clusterroles',
  'networkpolicies',
  'ingresses',
  'poddisruptionbudgets',
  'priorityclasses',
  'customresourcedefinitions',
  'namespaces',
] as const;

const labels = { made: 'here' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nowhere/none:1' }] } };
const workload = { replicas: 0, selector: { matchLabels: labels }, template };
const job = { suspend: true, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } };

/** What an object of each kind has beside its name. None of them starts a pod. */
const FORMS: readonly (readonly [apiVersion: string, kind: string, content: JsonObject])[] = [
  ['v1', 'ConfigMap', { data: { text: 'ä\n' }, binaryData: { bytes: 'AAH/' } }],
  ['v1', 'Secret', { stringData: { password: 'x' } }],
  ['v1', 'ServiceAccount', {}],
  ['v1', 'Service', { spec: { ports: [{ port: 80 }], selector: labels } }],
  [
    'v1',
    'PersistentVolumeClaim',
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  ],
  ['v1', 'LimitRange', { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } }],
  ['v1', 'ResourceQuota', { spec: { hard: { 'count/pods': '7' } } }],
  ['v1', 'PodTemplate', { template }],
  ['apps/v1', 'Deployment', { spec: workload }],
  ['apps/v1', 'ReplicaSet', { spec: workload }],
  ['apps/v1', 'StatefulSet', { spec: { ...workload, serviceName: 's' } }],
  ['apps/v1', 'DaemonSet', { spec: { selector: { matchLabels: labels }, template } }],
  ['batch/v1', 'Job', { spec: job }],
  ['batch/v1', 'CronJob', { spec: { suspend: true, schedule: '0 0 1 1 *', jobTemplate: { spec: job } } }],
  [
    'rbac.authorization.k8s.io/v1',
    'Role',
    { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  ],
  [
    'rbac.authorization.k8s.io/v1',
    'RoleBinding',
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', name: 'somebody', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  ],
  ['networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {}, policyTypes: ['Ingress'] } }],
  [
    'networking.k8s.io/v1',
    'Ingress',
    { spec: { defaultBackend: { service: { name: 'tenant-0', port: { number: 80 } } } } },
  ],
  ['policy/v1', 'PodDisruptionBudget', { spec: { maxUnavailable: 1, selector: { matchLabels: labels } } }],
  ['scheduling.k8s.io/v1', 'PriorityClass', { value: 7 }],
];

/** A list with so many objects of each of 20 kinds, in namespace `default` or in none. */
export function objectsOfPlane(ofEach: number): JsonObject {
  const items = FORMS.flatMap(([apiVersion, kind, content]) =>
    Array.from({ length: ofEach }, (_one, n) => ({
      apiVersion,
      kind,
      ...content,
      metadata: {
        name: `tenant-${n}`,
        ...(kind === 'PriorityClass' ? {} : { namespace: 'default' }),
        labels,
      },
    })),
  );
  return { apiVersion: 'v1', kind: 'List', items };
}
