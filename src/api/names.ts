/**
 * Every name that other programs, policies or people rely on, in one place.
 * Old ones (KubePlus) keep their spelling; ours carry the prefix `tenantry.dev/`.
 */

/** Category of every kind of ours and every generated one: `kubectl get tenantry` lists them all. */
export const CATEGORY = 'tenantry';
/** Group of the kinds that are ours alone. */
export const TENANTRY_GROUP = 'tenantry.dev';
/** KubePlus's group of ResourceComposition and its companions. */
export const WORKFLOWS_GROUP = 'workflows.kubeplus';
/** KubeFlex's group of ControlPlane and PostCreateHook. */
export const KFLEX_GROUP = 'tenancy.kflex.kubestellar.org';
/** Group of generated kinds when the composition names none. */
export const DEFAULT_SERVICE_GROUP = 'platformapi.kubeplus';

/** On every namespace of an instance and on provider namespaces, as in KubePlus. */
export const MANAGED_BY_LABEL = 'managedby';
export const MANAGED_BY_VALUE = 'kubeplus';
/** On generated CRDs, as in KubePlus. */
export const REGISTERED_BY_LABEL = 'registered-by';

/**
 * UID of the instance an object or namespace belongs to. Set on every namespace and every object we write for an
 * instance; a ValidatingAdmissionPolicy of our chart lets only the operator and the services' accounts set it.
 */
export const INSTANCE_UID_LABEL = 'tenantry.dev/instance-uid';
/** On an instance's namespace; `strict` is what the admission policies of the strict isolation select. */
export const ISOLATION_LABEL = 'tenantry.dev/isolation';
/** On namespaces of consumers, together: name and namespace of the Tenant that instances created there belong to. */
export const TENANT_LABEL = 'tenantry.dev/tenant';
export const TENANT_NAMESPACE_LABEL = 'tenantry.dev/tenant-namespace';
/** On an instance's namespace: storage classes that its claims may name, joined by `_`; an admission policy reads it. */
export const STORAGE_CLASSES_LABEL = 'tenantry.dev/storage-classes';
/** On instance namespaces: kind and name of the instance, for selection by people. */
export const INSTANCE_KIND_LABEL = 'tenantry.dev/instance-kind';
export const INSTANCE_NAME_LABEL = 'tenantry.dev/instance-name';
/** On instance namespaces: namespace of the instance object. */
export const INSTANCE_NAMESPACE_LABEL = 'tenantry.dev/instance-namespace';
/** On instance namespaces, revisions, chart chunks and CRDs: UID of the composition they belong to. */
export const SERVICE_UID_LABEL = 'tenantry.dev/service-uid';
/** On instance namespaces: the inventory of everything a release may touch (compressed JSON, see features/instance). */
export const INVENTORY_ANNOTATION = 'tenantry.dev/inventory';
/** On instance namespaces, as Helm and KubePlus write it: the release's name. */
export const RELEASE_NAME_ANNOTATION = 'meta.helm.sh/release-name';
/** On instances that KubePlus deployed, with its name as value: what it made is there, and is not installed a second time. */
export const CREATED_BY_LABEL = 'created-by';
/** On compositions and instances: the user who created the object, as in KubePlus. */
export const ACCOUNT_ANNOTATION = 'accountidentity';
/** Label with which KubePlus users force a deletion; any value. */
export const FORCE_DELETE_LABEL = 'delete';
/** Finalizer of compositions, instances and revisions. */
export const FINALIZER = 'tenantry.dev/cleanup';

/** KubePlus's policy names inside an instance's namespace. */
export const RESTRICT_POLICY = 'restrict-cross-ns-traffic';
export const EXTERNAL_POLICY = 'allow-external-traffic';

/** ClusterRole of what charts commonly need, bound per instance namespace to the service's account. */
export const INSTANCE_CLUSTER_ROLE = 'tenantry-instance';
/** ClusterRole of what an instance's creator and its provider may look at, bound per instance namespace to these two. */
export const READER_CLUSTER_ROLE = 'tenantry-instance-reader';
/** Prefix of the ClusterRole that a service's charts need beyond it: `tenantry-service-<group kind hash>`. */
export const SERVICE_CLUSTER_ROLE_PREFIX = 'tenantry-service-';
/** The operator's ServiceAccount, Deployment and Service names. */
export const OPERATOR_NAME = 'tenantry-operator';
/** On the operator's pods, as its chart labels them. */
export const OPERATOR_POD_LABELS = {
  'app.kubernetes.io/name': 'tenantry',
  'app.kubernetes.io/component': 'operator',
} as const;
/** Suffix that makes the namespace of the services' accounts out of the operator's namespace. */
export const SERVICE_ACCOUNTS_SUFFIX = '-services';

/** Suffix that makes the namespace in which charts are tried on the cluster's policies out of the operator's namespace. */
export const TRIAL_SUFFIX = '-trial';

/** Text in `status.status` of a composition whose service is registered; other programs wait for it. */
export const REGISTERED_STATUS = 'New CRD defined in ResourceComposition created successfully.';
