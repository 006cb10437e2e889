import { always, field, moot, policy, refused, type KeyRule } from './key-rule.ts';

const NOT_YET = 'not there yet';
const ALWAYS_SYNCED = 'these are always brought to the host';
const OWN_PODS = 'the operator makes its pods, all alike';
const OPERATOR_IMAGES = "images are named by the operator's chart, for all virtual clusters";
const REAL_NODES = 'nodes are shown as the host has them, those that run pods of the tenant';
const NO_ACCOUNT = 'no program of it runs with rights on the host';
const NO_SYNCER = 'the operator brings objects to the host; no syncer runs beside the API server';
const FIXED_FLAGS = 'its flags are fixed';

/** Every key of the values of vcluster's charts up to 0.19, whose form was another one. */
export const OLDER_KEYS: readonly KeyRule[] = [
  ...always(
    'sync',
    'services.enabled configmaps.enabled secrets.enabled endpoints.enabled pods.enabled persistentvolumeclaims.enabled events.enabled',
    true,
    ALWAYS_SYNCED,
  ),
  ...refused('sync', 'configmaps.all secrets.all', 'only what a pod uses is brought to the host'),
  ...moot('sync.pods', 'ephemeralContainers status', 'both always work'),
  field('sync.ingresses.enabled', 'sync.ingresses'),
  field('sync.networkpolicies.enabled', 'sync.networkPolicies'),
  field('sync.poddisruptionbudgets.enabled', 'sync.disruptionBudgets'),
  ...moot('sync', 'fake-nodes nodes.enabled', REAL_NODES),
  ...refused('sync.nodes', 'syncAllNodes nodeSelector', REAL_NODES),
  ...refused('sync.nodes', 'enableScheduler', 'pods are placed by the scheduler of the host'),
  ...refused('sync.nodes', 'syncNodeChanges', 'a tenant never changes a node of the host'),
  ...moot('sync', 'fake-persistentvolumes', 'volumes of the host are not shown'),
  ...refused(
    'sync',
    'ingressclasses persistentvolumes storageclasses legacy-storageclasses hoststorageclasses priorityclasses volumesnapshots serviceaccounts csinodes csidrivers csistoragecapacities generic',
    NOT_YET,
  ),
  ...refused('', 'mapServices multiNamespaceMode fallbackHostDns', NOT_YET),
  ...moot('vcluster', 'image', OPERATOR_IMAGES),
  ...moot('vcluster', 'command baseArgs volumeMounts', "it is always Kubernetes' own API server"),
  ...refused('vcluster', 'extraArgs env extraVolumeMounts', FIXED_FLAGS),
  ...moot('vcluster', 'resources', 'what its API server asks for is fixed'),
  ...moot('syncer', 'image livenessProbe readinessProbe volumeMounts resources', NO_SYNCER),
  ...refused('syncer', 'extraArgs env kubeConfigContextName', NO_SYNCER, 'my-vcluster'),
  ...moot(
    '',
    'storage',
    "its store keeps its data on a volume, whose size and class are those of the operator's chart",
  ),
  ...moot('', 'serviceAccount openshift', NO_ACCOUNT),
  ...moot('rbac', 'role clusterRole', NO_ACCOUNT),
  field('replicas', 'replicas'),
  field('service.type', 'exposure'),
  ...refused(
    'service',
    'externalIPs externalTrafficPolicy loadBalancerIP loadBalancerSourceRanges',
    'only the type of the Service can be chosen',
  ),
  ...refused(
    '',
    'nodeSelector affinity priorityClassName tolerations labels annotations podLabels podAnnotations volumes',
    OWN_PODS,
  ),
  ...moot('', 'securityContext podSecurityContext', OWN_PODS),
  ...refused('', 'ingress', 'make one yourself that passes TLS through'),
  ...always('coredns', 'enabled', true, 'names are always resolved'),
  ...moot('coredns', 'replicas image service resources', OWN_PODS),
  ...refused('coredns', 'config integrated', NOT_YET),
  ...policy('isolation', 'enabled', 'gates what is below it'),
  ...moot('isolation', 'namespace', 'it is the namespace of the virtual cluster'),
  {
    path: 'isolation.podSecurityStandard',
    is: 'always',
    why: 'what the baseline level forbids is always refused; label the namespace for `restricted`',
    values: ['baseline', ''],
  },
  ...policy(
    'isolation.resourceQuota',
    'enabled quota scopes scopeSelector',
    'ResourceQuota `vc-<name>` of the namespace',
  ),
  ...policy(
    'isolation.limitRange',
    'enabled default defaultRequest',
    'LimitRange `vc-<name>` of the namespace',
  ),
  ...refused('isolation', 'networkPolicy', 'write NetworkPolicies for the namespace yourself'),
  ...refused(
    '',
    'init',
    'apply them with kubectl once it is there',
    { manifests: '---' },
    { manifests: '---\n' },
  ),
  ...refused('', 'defaultImageRegistry', OPERATOR_IMAGES),
  ...refused('', 'proxy monitoring enableHA', NOT_YET),
];
