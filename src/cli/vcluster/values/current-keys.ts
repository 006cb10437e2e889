import { always, field, moot, policy, refused, switches, type KeyRule } from './key-rule.ts';

const NOT_YET = 'not there yet';
const NO_PATCHES = 'objects are translated by rules, patches of them are not there yet';
const ALWAYS_SYNCED = 'these are always brought to the host';
const BY_REFERENCE =
  'only what a pod uses, or what says `vcluster.loft.sh/force-sync`, is brought to the host';
const OWN_PODS = 'the operator makes its pods, all alike';
const OPERATOR_IMAGES = "images are named by the operator's chart, for all virtual clusters";
const NO_PROXY = 'no proxy stands before the API server';
const NO_ACCOUNT = 'no program of it runs with rights on the host';
const NO_PRIVATE_NODES = 'pods run on nodes of the host; there are no private nodes';
const NO_PLATFORM = 'there is no platform to register at';
const DEFAULT_SIZE = "the volume's size and class are those of the operator's chart";
const NO_PLUGINS = 'there are no plug-ins';
const CREDENTIALS =
  'its password would stand in values; use `backend: shared`, one PostgreSQL for all, or a database of its own in etcd';

const TO_HOST_KINDS =
  'services endpoints endpointSlices persistentVolumeClaims configMaps secrets pods ingresses networkPolicies podDisruptionBudgets';
const TO_HOST_MISSING =
  'serviceAccounts storageClasses persistentVolumes priorityClasses namespaces resourceClaims resourceClaimTemplates customResources gatewayApi volumeSnapshots volumeSnapshotContents';
const FROM_HOST_MISSING =
  'configMaps secrets csiDrivers csiNodes csiStorageCapacities storageClasses ingressClasses gatewayClasses gateways runtimeClasses priorityClasses deviceClasses customResources volumeSnapshotClasses';

const SYNC: readonly KeyRule[] = [
  ...always(
    'sync.toHost',
    'services.enabled endpoints.enabled endpointSlices.enabled persistentVolumeClaims.enabled configMaps.enabled secrets.enabled pods.enabled',
    true,
    ALWAYS_SYNCED,
  ),
  field('sync.toHost.ingresses.enabled', 'sync.ingresses'),
  field('sync.toHost.networkPolicies.enabled', 'sync.networkPolicies'),
  field('sync.toHost.podDisruptionBudgets.enabled', 'sync.disruptionBudgets'),
  ...TO_HOST_KINDS.split(' ').flatMap((kind) => refused(`sync.toHost.${kind}`, 'patches', NO_PATCHES)),
  ...refused('sync.toHost', 'configMaps.all secrets.all', BY_REFERENCE),
  ...refused(
    'sync.toHost.pods',
    'translateImage enforceTolerations hybridScheduling runtimeClassName priorityClassName',
    NOT_YET,
  ),
  ...moot('sync.toHost.pods', 'useSecretsForSATokens', 'tokens are always in Secrets, and renewed'),
  ...moot(
    'sync.toHost.pods',
    'rewriteHosts',
    'no container is put beside those of a pod: `hostname -f` stays short',
  ),
  ...refused('sync.toHost', TO_HOST_MISSING, NOT_YET),
  ...always('sync.fromHost', 'events.enabled', true, 'events are always shown to the tenant'),
  ...refused('sync.fromHost', 'events.patches nodes.patches', NO_PATCHES),
  ...moot(
    'sync.fromHost.nodes',
    'enabled',
    'nodes are shown as the host has them, those that run pods of the tenant',
  ),
  ...moot('sync.fromHost.nodes', 'clearImageStatus', 'images of nodes are never shown'),
  ...refused('sync.fromHost.nodes', 'selector', 'nodes are shown that run pods of the tenant, no others'),
  ...refused('sync.fromHost.nodes', 'syncBackChanges', 'a tenant never changes a node of the host'),
  ...refused('sync.fromHost', FROM_HOST_MISSING, NOT_YET),
];

const STORE = 'controlPlane.backingStore';
const BACKING_STORE: readonly KeyRule[] = [
  switches(`${STORE}.etcd.deploy.enabled`, 'backend', 'dedicated'),
  switches(`${STORE}.etcd.embedded.enabled`, 'backend', 'dedicated'),
  switches(`${STORE}.database.embedded.enabled`, 'backend', 'dedicated'),
  ...refused(`${STORE}.etcd.embedded`, 'migrateFromDeployedEtcd', 'the store is the same in both cases'),
  ...refused(`${STORE}.etcd.embedded`, 'snapshotCount extraArgs', 'its flags are fixed'),
  ...refused(`${STORE}.etcd.deploy.statefulSet`, 'highAvailability', 'its etcd has one member', {
    replicas: 1,
  }),
  ...refused(`${STORE}.etcd.deploy.statefulSet`, 'extraArgs env', 'its flags are fixed'),
  ...refused(`${STORE}.etcd.deploy.statefulSet`, 'scheduling security annotations labels pods', OWN_PODS, {
    podManagementPolicy: 'Parallel',
  }),
  ...moot(`${STORE}.etcd.deploy.statefulSet`, 'enabled enableServiceLinks', OWN_PODS),
  ...moot(`${STORE}.etcd.deploy.statefulSet`, 'image imagePullPolicy', OPERATOR_IMAGES),
  ...moot(`${STORE}.etcd.deploy.statefulSet`, 'resources', OWN_PODS),
  ...moot(
    `${STORE}.etcd.deploy.statefulSet.persistence`,
    'volumeClaim.enabled volumeClaim.accessModes',
    'its data is always on a volume',
  ),
  ...moot(
    `${STORE}.etcd.deploy.statefulSet.persistence`,
    'volumeClaim.retentionPolicy',
    'the volume goes with the virtual cluster',
  ),
  ...refused(`${STORE}.etcd.deploy.statefulSet.persistence`, 'volumeClaim.size', DEFAULT_SIZE, '5Gi'),
  ...refused(`${STORE}.etcd.deploy.statefulSet.persistence`, 'volumeClaim.storageClass', DEFAULT_SIZE),
  ...refused(
    `${STORE}.etcd.deploy.statefulSet.persistence`,
    'volumeClaimTemplates addVolumes addVolumeMounts',
    OWN_PODS,
  ),
  ...moot(`${STORE}.etcd.deploy`, 'service headlessService', OWN_PODS),
  ...refused(`${STORE}.etcd`, 'external', NOT_YET),
  ...refused(
    `${STORE}.database.embedded`,
    'dataSource identityProvider keyFile certFile caFile extraArgs',
    'its store is an etcd of its own, whose flags are fixed',
  ),
  ...refused(`${STORE}.database`, 'external', CREDENTIALS),
];

const DISTRO = 'controlPlane.distro';
const DISTRIBUTION: readonly KeyRule[] = [
  ...moot(`${DISTRO}.k8s`, 'enabled', "it is always Kubernetes' own API server"),
  ...refused(`${DISTRO}.k8s`, 'version', "the version is the operator's"),
  ...moot(`${DISTRO}.k8s`, 'image imagePullPolicy', OPERATOR_IMAGES),
  ...always(`${DISTRO}.k8s`, 'apiServer.enabled controllerManager.enabled', true, 'both always run'),
  ...refused(
    `${DISTRO}.k8s`,
    'apiServer.command apiServer.extraArgs controllerManager.command controllerManager.extraArgs env',
    'their flags are fixed',
  ),
  ...refused(`${DISTRO}.k8s`, 'scheduler', 'pods are placed by the scheduler of the host'),
  ...moot(`${DISTRO}.k8s`, 'resources securityContext', OWN_PODS),
  ...refused(DISTRO, 'k3s k0s eks', "it is always Kubernetes' own API server; vcluster dropped these, too"),
];

const SET = 'controlPlane.statefulSet';
const STATEFUL_SET: readonly KeyRule[] = [
  field(`${SET}.highAvailability.replicas`, 'replicas'),
  ...moot(SET, 'resources', 'what its API server asks for is fixed'),
  ...moot(
    SET,
    'highAvailability.leaseDuration highAvailability.renewDeadline highAvailability.retryPeriod',
    "leases are the operator's",
  ),
  ...moot(SET, 'image imagePullPolicy', OPERATOR_IMAGES),
  ...moot(SET, 'security probes enableServiceLinks workingDir', OWN_PODS),
  ...moot(
    SET,
    'persistence.volumeClaim persistence.dataVolume persistence.binariesVolume',
    'the pod itself keeps nothing; its store does',
  ),
  ...refused(
    SET,
    'persistence.volumeClaimTemplates persistence.addVolumes persistence.addVolumeMounts',
    OWN_PODS,
  ),
  ...refused(SET, 'scheduling', OWN_PODS, { podManagementPolicy: 'Parallel' }),
  ...refused(
    SET,
    'command args env annotations labels pods dnsPolicy dnsConfig initContainers sidecarContainers hostAliases runtimeClassName',
    OWN_PODS,
  ),
];

const ADVANCED = 'controlPlane.advanced';
const CONTROL_PLANE: readonly KeyRule[] = [
  ...refused('controlPlane', 'endpoint', 'the address is that of its Service'),
  ...DISTRIBUTION,
  ...BACKING_STORE,
  ...STATEFUL_SET,
  field('controlPlane.service.spec.type', 'exposure'),
  ...always('controlPlane.service', 'enabled', true, 'its API server always has a Service'),
  ...refused(
    'controlPlane.service',
    'spec labels annotations httpsNodePort',
    'only the type of the Service can be chosen',
  ),
  ...moot('controlPlane.service', 'kubeletNodePort', 'nodes are reached by the API server alone'),
  ...moot('controlPlane.proxy', 'bindAddress port', NO_PROXY),
  ...refused('controlPlane.proxy', 'extraSANs', NOT_YET),
  ...always('controlPlane.coredns', 'enabled', true, 'names are always resolved'),
  ...refused(
    'controlPlane.coredns',
    'embedded overwriteConfig overwriteManifests priorityClassName',
    NOT_YET,
  ),
  ...moot('controlPlane.coredns', 'service security deployment', OWN_PODS),
  ...refused(
    'controlPlane',
    'ingress tlsRoute',
    "make one yourself that passes TLS through, or use the chart's router",
  ),
  ...refused('controlPlane', 'serviceMonitor hostPathMapper', NOT_YET),
  ...refused('controlPlane.standalone', 'enabled', 'it needs a host cluster'),
  ...moot('controlPlane', 'standalone', 'it needs a host cluster'),
  ...refused(ADVANCED, 'defaultImageRegistry', OPERATOR_IMAGES),
  ...refused(ADVANCED, 'virtualScheduler registry kubeVip', NOT_YET),
  ...moot(ADVANCED, 'serviceAccount workloadServiceAccount', NO_ACCOUNT),
  ...moot(ADVANCED, 'headlessService podDisruptionBudget', OWN_PODS),
  ...moot(ADVANCED, 'konnectivity cloudControllerManager', NO_PRIVATE_NODES),
  ...refused(ADVANCED, 'globalMetadata', OWN_PODS),
];

const QUOTA = 'ResourceQuota `vc-<name>` of the namespace';
const LIMITS = 'LimitRange `vc-<name>` of the namespace';
const POLICIES: readonly KeyRule[] = [
  ...policy('policies.resourceQuota', 'enabled quota scopes scopeSelector labels annotations', QUOTA),
  ...policy('policies.limitRange', 'enabled default defaultRequest min max labels annotations', LIMITS),
  ...refused('policies', 'networkPolicy', 'write NetworkPolicies for the namespace yourself'),
  {
    path: 'policies.podSecurityStandard',
    is: 'always',
    why: 'what the baseline level forbids is always refused; label the namespace for `restricted`',
    values: ['baseline', ''],
  },
  ...refused('policies', 'centralAdmission', NOT_YET),
];

/** Every key of `vcluster.yaml`, and of the values of vcluster's chart, as of release 0.36. */
export const CURRENT_KEYS: readonly KeyRule[] = [
  ...SYNC,
  ...CONTROL_PLANE,
  ...POLICIES,
  ...refused('exportKubeConfig', 'context server insecure serviceAccount secret additionalSecrets', NOT_YET),
  ...refused('networking', 'replicateServices resolveDNS', NOT_YET),
  ...always('networking.advanced', 'clusterDomain', 'cluster.local', "the tenant's domain is cluster.local"),
  ...refused('networking.advanced', 'fallbackHostCluster', NOT_YET),
  ...moot('networking.advanced', 'proxyKubelets', 'nodes are reached by the API server alone'),
  ...moot('networking', 'podCIDR serviceCIDR', "addresses are the host's"),
  ...moot('', 'serviceCIDR', "addresses are the host's"),
  ...moot('rbac', 'role clusterRole enableVolumeSnapshotRules', NO_ACCOUNT),
  ...refused('', 'plugins plugin', NO_PLUGINS),
  ...refused(
    'integrations',
    'metricsServer externalSecrets kubeVirt certManager istio netris argoCD',
    NOT_YET,
  ),
  ...refused('experimental.deploy', 'host vcluster', 'apply them with kubectl once it is there'),
  ...always('experimental.syncSettings', 'setOwner', true, 'what is on the host always goes with it'),
  ...refused('experimental.syncSettings', 'hostMetricsBindAddress virtualMetricsBindAddress', NOT_YET),
  ...refused('experimental', 'virtualClusterKubeConfig denyProxyRequests nodeMonitors', NOT_YET),
  ...moot('experimental', 'proxy', NO_PROXY),
  ...moot('experimental', 'docker', 'it needs a host cluster'),
  ...refused('privateNodes', 'enabled', NO_PRIVATE_NODES),
  ...moot('', 'privateNodes', NO_PRIVATE_NODES),
  ...moot('', 'deploy', NO_PRIVATE_NODES),
  ...refused('', 'sleep snapshots deletion', NOT_YET),
  ...refused('', 'platform external', NO_PLATFORM),
  ...moot('', 'pro', 'there is one edition, with everything'),
  ...moot('', 'telemetry', 'nothing is reported to anybody'),
  ...moot('', 'logging', "the operator's log is set in its chart"),
  ...moot('', 'global', 'it is there for charts that contain this one'),
];
