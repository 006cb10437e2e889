import type {
  MutatingWebhookConfiguration as RawMutatingWebhookConfiguration,
  ValidatingAdmissionPolicy as RawValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding as RawValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration as RawValidatingWebhookConfiguration,
} from 'kubernetes-types/admissionregistration/v1.js';
import type { CustomResourceDefinition as RawCustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import type {
  ControllerRevision as RawControllerRevision,
  DaemonSet as RawDaemonSet,
  Deployment as RawDeployment,
  ReplicaSet as RawReplicaSet,
  StatefulSet as RawStatefulSet,
} from 'kubernetes-types/apps/v1.js';
import type { HorizontalPodAutoscaler as RawHorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import type { CronJob as RawCronJob, Job as RawJob } from 'kubernetes-types/batch/v1.js';
import type { CertificateSigningRequest as RawCertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import type { Lease as RawLease } from 'kubernetes-types/coordination/v1.js';
import type {
  ConfigMap as RawConfigMap,
  Endpoints as RawEndpoints,
  Event as RawCoreEvent,
  LimitRange as RawLimitRange,
  Namespace as RawNamespace,
  Node as RawNode,
  PersistentVolume as RawPersistentVolume,
  PersistentVolumeClaim as RawPersistentVolumeClaim,
  Pod as RawPod,
  ResourceQuota as RawResourceQuota,
  Secret as RawSecret,
  Service as RawService,
  ServiceAccount as RawServiceAccount,
} from 'kubernetes-types/core/v1.js';
import type { EndpointSlice as RawEndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Event as RawEvent } from 'kubernetes-types/events/v1.js';
import type {
  Ingress as RawIngress,
  IngressClass as RawIngressClass,
  NetworkPolicy as RawNetworkPolicy,
} from 'kubernetes-types/networking/v1.js';
import type { PodDisruptionBudget as RawPodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type {
  ClusterRole as RawClusterRole,
  ClusterRoleBinding as RawClusterRoleBinding,
  Role as RawRole,
  RoleBinding as RawRoleBinding,
} from 'kubernetes-types/rbac/v1.js';
import type { PriorityClass as RawPriorityClass } from 'kubernetes-types/scheduling/v1.js';
import type { RuntimeClass as RawRuntimeClass } from 'kubernetes-types/node/v1.js';
import type { StorageClass as RawStorageClass } from 'kubernetes-types/storage/v1.js';
import type { Kind } from './kind.ts';
import type { KubeObject } from './object.ts';

/** The same shape, read-only all the way down: what came from a cache is never changed in place. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Immutable<T[K]> }
    : T;

/** An upstream type with our metadata: there apiVersion, kind and metadata are optional, in an answer they never are. */
type Builtin<T> = Immutable<Omit<T, 'apiVersion' | 'kind' | 'metadata'>> & KubeObject;

export type Namespace = Builtin<RawNamespace>;
export type Pod = Builtin<RawPod>;
export type Secret = Builtin<RawSecret>;
export type ConfigMap = Builtin<RawConfigMap>;
export type Service = Builtin<RawService>;
export type ServiceAccount = Builtin<RawServiceAccount>;
export type ResourceQuota = Builtin<RawResourceQuota>;
export type LimitRange = Builtin<RawLimitRange>;
export type PersistentVolume = Builtin<RawPersistentVolume>;
export type PersistentVolumeClaim = Builtin<RawPersistentVolumeClaim>;
export type Node = Builtin<RawNode>;
export type Endpoints = Builtin<RawEndpoints>;
/** v1 Event, as the kubelet and most controllers still write it. */
export type CoreEvent = Builtin<RawCoreEvent>;
/** events.k8s.io/v1 Event: what we write. The same objects as CoreEvent, in the newer form. */
export type KubeEvent = Builtin<RawEvent>;
export type Deployment = Builtin<RawDeployment>;
export type StatefulSet = Builtin<RawStatefulSet>;
export type DaemonSet = Builtin<RawDaemonSet>;
export type ReplicaSet = Builtin<RawReplicaSet>;
export type ControllerRevision = Builtin<RawControllerRevision>;
export type Job = Builtin<RawJob>;
export type CronJob = Builtin<RawCronJob>;
export type HorizontalPodAutoscaler = Builtin<RawHorizontalPodAutoscaler>;
export type PodDisruptionBudget = Builtin<RawPodDisruptionBudget>;
export type NetworkPolicy = Builtin<RawNetworkPolicy>;
export type Ingress = Builtin<RawIngress>;
export type IngressClass = Builtin<RawIngressClass>;
export type EndpointSlice = Builtin<RawEndpointSlice>;
export type Role = Builtin<RawRole>;
export type RoleBinding = Builtin<RawRoleBinding>;
export type ClusterRole = Builtin<RawClusterRole>;
export type ClusterRoleBinding = Builtin<RawClusterRoleBinding>;
export type StorageClass = Builtin<RawStorageClass>;
export type RuntimeClass = Builtin<RawRuntimeClass>;
export type PriorityClass = Builtin<RawPriorityClass>;
export type Lease = Builtin<RawLease>;
export type CertificateSigningRequest = Builtin<RawCertificateSigningRequest>;
export type CustomResourceDefinition = Builtin<RawCustomResourceDefinition>;
export type ValidatingWebhookConfiguration = Builtin<RawValidatingWebhookConfiguration>;
export type MutatingWebhookConfiguration = Builtin<RawMutatingWebhookConfiguration>;
export type ValidatingAdmissionPolicy = Builtin<RawValidatingAdmissionPolicy>;
export type ValidatingAdmissionPolicyBinding = Builtin<RawValidatingAdmissionPolicyBinding>;

/** A kind that lives in namespaces. */
function namespaced<T extends KubeObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
): Kind<T> {
  return { group, version, kind, plural, namespaced: true };
}

function clusterScoped<T extends KubeObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
): Kind<T> {
  return { group, version, kind, plural, namespaced: false };
}

export const NAMESPACE = clusterScoped<Namespace>('', 'v1', 'Namespace', 'namespaces');
export const POD = namespaced<Pod>('', 'v1', 'Pod', 'pods');
export const SECRET = namespaced<Secret>('', 'v1', 'Secret', 'secrets');
export const CONFIG_MAP = namespaced<ConfigMap>('', 'v1', 'ConfigMap', 'configmaps');
export const SERVICE = namespaced<Service>('', 'v1', 'Service', 'services');
export const SERVICE_ACCOUNT = namespaced<ServiceAccount>('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const RESOURCE_QUOTA = namespaced<ResourceQuota>('', 'v1', 'ResourceQuota', 'resourcequotas');
export const LIMIT_RANGE = namespaced<LimitRange>('', 'v1', 'LimitRange', 'limitranges');
export const PVC = namespaced<PersistentVolumeClaim>(
  '',
  'v1',
  'PersistentVolumeClaim',
  'persistentvolumeclaims',
);
export const PV = clusterScoped<PersistentVolume>('', 'v1', 'PersistentVolume', 'persistentvolumes');
export const NODE = clusterScoped<Node>('', 'v1', 'Node', 'nodes');
export const ENDPOINTS = namespaced<Endpoints>('', 'v1', 'Endpoints', 'endpoints');
export const CORE_EVENT = namespaced<CoreEvent>('', 'v1', 'Event', 'events');
export const EVENT = namespaced<KubeEvent>('events.k8s.io', 'v1', 'Event', 'events');
export const DEPLOYMENT = namespaced<Deployment>('apps', 'v1', 'Deployment', 'deployments');
export const STATEFUL_SET = namespaced<StatefulSet>('apps', 'v1', 'StatefulSet', 'statefulsets');
export const DAEMON_SET = namespaced<DaemonSet>('apps', 'v1', 'DaemonSet', 'daemonsets');
export const REPLICA_SET = namespaced<ReplicaSet>('apps', 'v1', 'ReplicaSet', 'replicasets');
export const CONTROLLER_REVISION = namespaced<ControllerRevision>(
  'apps',
  'v1',
  'ControllerRevision',
  'controllerrevisions',
);
export const JOB = namespaced<Job>('batch', 'v1', 'Job', 'jobs');
export const CRON_JOB = namespaced<CronJob>('batch', 'v1', 'CronJob', 'cronjobs');
export const HORIZONTAL_POD_AUTOSCALER = namespaced<HorizontalPodAutoscaler>(
  'autoscaling',
  'v2',
  'HorizontalPodAutoscaler',
  'horizontalpodautoscalers',
);
export const POD_DISRUPTION_BUDGET = namespaced<PodDisruptionBudget>(
  'policy',
  'v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
);
export const NETWORK_POLICY = namespaced<NetworkPolicy>(
  'networking.k8s.io',
  'v1',
  'NetworkPolicy',
  'networkpolicies',
);
export const INGRESS = namespaced<Ingress>('networking.k8s.io', 'v1', 'Ingress', 'ingresses');
export const INGRESS_CLASS = clusterScoped<IngressClass>(
  'networking.k8s.io',
  'v1',
  'IngressClass',
  'ingressclasses',
);
export const ENDPOINT_SLICE = namespaced<EndpointSlice>(
  'discovery.k8s.io',
  'v1',
  'EndpointSlice',
  'endpointslices',
);
export const ROLE = namespaced<Role>('rbac.authorization.k8s.io', 'v1', 'Role', 'roles');
export const ROLE_BINDING = namespaced<RoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'RoleBinding',
  'rolebindings',
);
export const CLUSTER_ROLE = clusterScoped<ClusterRole>(
  'rbac.authorization.k8s.io',
  'v1',
  'ClusterRole',
  'clusterroles',
);
export const CLUSTER_ROLE_BINDING = clusterScoped<ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'v1',
  'ClusterRoleBinding',
  'clusterrolebindings',
);
export const STORAGE_CLASS = clusterScoped<StorageClass>(
  'storage.k8s.io',
  'v1',
  'StorageClass',
  'storageclasses',
);
export const RUNTIME_CLASS = clusterScoped<RuntimeClass>(
  'node.k8s.io',
  'v1',
  'RuntimeClass',
  'runtimeclasses',
);
export const PRIORITY_CLASS = clusterScoped<PriorityClass>(
  'scheduling.k8s.io',
  'v1',
  'PriorityClass',
  'priorityclasses',
);
export const LEASE = namespaced<Lease>('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const CERTIFICATE_SIGNING_REQUEST = clusterScoped<CertificateSigningRequest>(
  'certificates.k8s.io',
  'v1',
  'CertificateSigningRequest',
  'certificatesigningrequests',
);
export const CRD = clusterScoped<CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
);
export const VALIDATING_WEBHOOK_CONFIGURATION = clusterScoped<ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
export const MUTATING_WEBHOOK_CONFIGURATION = clusterScoped<MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io',
  'v1',
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
);
export const VALIDATING_ADMISSION_POLICY = clusterScoped<ValidatingAdmissionPolicy>(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
);
export const VALIDATING_ADMISSION_POLICY_BINDING = clusterScoped<ValidatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io',
  'v1',
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
);
