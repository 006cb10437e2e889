import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Condition, KubeObject } from '../kube/object.ts';
import { shortHash } from '../lib/hash.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd, READY_COLUMN, type CrdRule } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';
import { minorOf, PLANE_VERSIONS } from './plane-versions.ts';

/** More API servers than this serve no tenant faster. */
const MAX_REPLICAS = 3;
/** What names a Service, and is a part of names on the host, which have 63 characters. */
const MAX_NAME = 40;
const NAME_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';
/** Of a plane's name, so that it fits into that of its namespace. */
const MAX_PLANE = 40;
const PLANE_PREFIX = 'vc-';
const HASH_DIGITS = 10;

/** On the ControlPlane of a virtual cluster, together: whose API server it is. */
export const VIRTUAL_CLUSTER_LABEL = 'tenantry.dev/virtual-cluster';
/** Beside it: the namespace of that virtual cluster. */
export const VIRTUAL_CLUSTER_NAMESPACE_LABEL = 'tenantry.dev/virtual-cluster-namespace';
/** ClusterRole of what is done in the namespace of a virtual cluster, and the binding there. */
export const VIRTUAL_CLUSTER_ROLE = 'tenantry-virtual-cluster';
/** Who asks about Services inside a plane: a name that the operator answers itself. It is in no name server, and reaches nobody else. */
export const REVIEW_HOST = 'sync.tenantry.internal';

/**
 * Older API servers take no webhook from a file, which is how Services get their addresses out of reach of the tenant's
 * administrator.
 */
const OLDEST_MINOR = 37;
const VERSIONS = PLANE_VERSIONS.filter((version) => Number(version.split('.')[1]) >= OLDEST_MINOR);

const specSchema = z.object({
  version: z
    .enum([...new Set(VERSIONS.map(minorOf)), ...VERSIONS])
    .optional()
    .describe(
      'Version of Kubernetes: a minor, or one of its releases. The cluster keeps the release that it was made with until another is named here. Default: the newest when it is made.',
    ),
  backend: z
    .enum(['dedicated', 'shared'])
    .optional()
    .describe(
      "Where the cluster's objects are kept. dedicated: in an etcd of its own. shared: in a database of its own on one PostgreSQL for all that choose it. It can't be changed. Default: dedicated.",
    ),
  replicas: z
    .int()
    .min(1)
    .max(MAX_REPLICAS)
    .optional()
    .describe('API servers and controller managers, on different nodes where there are several. Default: 1.'),
  exposure: z
    .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
    .optional()
    .describe(
      "Type of the API server's Service: reached inside the hosting cluster and by port-forward, by a port of every node, or by an address of its own. Default: ClusterIP.",
    ),
  sync: z
    .object({
      ingresses: z.boolean().optional().describe('Whether Ingresses are brought to the hosting cluster.'),
      networkPolicies: z
        .boolean()
        .optional()
        .describe('Whether NetworkPolicies are brought to the hosting cluster.'),
      disruptionBudgets: z
        .boolean()
        .optional()
        .describe('Whether PodDisruptionBudgets are brought to the hosting cluster.'),
    })
    .optional()
    .describe(
      'Kinds that are brought to the hosting cluster only if asked for. Pods, Services, claims and the ConfigMaps and Secrets they use always are. Default: none.',
    ),
  paused: z
    .boolean()
    .optional()
    .describe(
      'Whether the cluster rests: neither its API server nor any of its pods runs, and everything it holds is kept. Default: false.',
    ),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
  controlPlane: z
    .string()
    .optional()
    .describe('ControlPlane that is its API server, and the name of the Service of that.'),
  planeNamespace: z
    .string()
    .optional()
    .describe('Namespace where its API server runs. What runs there counts for no quota of the tenant.'),
  secretName: z
    .string()
    .optional()
    .describe('Secret with the kubeconfig, in the namespace of this object, once it is there.'),
});

/** A cluster for one tenant whose pods run in one namespace of the hosting cluster: that of this object. */
export interface VirtualCluster extends KubeObject {
  readonly spec?: VirtualClusterSpec;
  readonly status?: VirtualClusterStatus;
}

export type VirtualClusterSpec = z.infer<typeof specSchema>;

/** What the operator says of it; the form is `statusSchema`. */
export interface VirtualClusterStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly controlPlane?: string;
  readonly planeNamespace?: string;
  readonly secretName?: string;
}

export const VIRTUAL_CLUSTER: Kind<VirtualCluster> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'VirtualCluster',
  plural: 'virtualclusters',
  namespaced: true,
};

/** The ControlPlane of the one virtual cluster of a namespace. One of that name that is somebody else's is never taken over. */
export function planeNameOf(namespace: string): string {
  if (PLANE_PREFIX.length + namespace.length <= MAX_PLANE) return `${PLANE_PREFIX}${namespace}`;
  const kept = namespace.slice(0, MAX_PLANE - PLANE_PREFIX.length - HASH_DIGITS - 1);
  return `${PLANE_PREFIX}${kept}-${shortHash(namespace, HASH_DIGITS)}`;
}

/** The account that acts for a virtual cluster in its namespace, in the namespace of accounts. */
export function accountOf(uid: string): string {
  return `vc-${uid}`;
}

/**
 * The Secret with the kubeconfig of a virtual cluster, in its namespace, as vcluster names it. Its keys: `config` for use from outside,
 * `config-incluster`, `certificate-authority`, `client-certificate` and `client-key`.
 */
export function kubeconfigSecretOf(name: string): string {
  return `vc-${name}`;
}

const backendOf = (object: string): string =>
  `(has(${object}.spec) && has(${object}.spec.backend) ? ${object}.spec.backend : 'dedicated')`;
const RULES: readonly CrdRule[] = [
  {
    rule: `${backendOf('self')} == ${backendOf('oldSelf')}`,
    message: "spec.backend can't be changed; make another virtual cluster",
  },
  {
    rule: `self.metadata.name.size() <= ${MAX_NAME}`,
    message: `metadata.name: at most ${MAX_NAME} characters, for it is a part of names on the hosting cluster`,
  },
  {
    rule: `self.metadata.name.matches('${NAME_PATTERN}')`,
    message: "metadata.name: lower case letters, digits and '-', first a letter, for it names a Service",
  },
];

/** What is wrong with a name for a virtual cluster, as the API server would say it; undefined if nothing is. */
export function virtualClusterNameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME) return `at most ${MAX_NAME} characters, for it is a part of names on the host`;
  if (new RegExp(NAME_PATTERN).test(name)) return undefined;
  return "lower case letters, digits and '-', first a letter, for it names a Service";
}

export const virtualClusterCrd = (): AnyObject =>
  defineCrd({
    kind: VIRTUAL_CLUSTER,
    shortNames: ['vc', 'vcs'],
    description:
      'A cluster for one tenant. Its pods, Services and claims run in the namespace of this object, one virtual cluster a namespace; its API server runs in a namespace of its own (status.planeNamespace). The kubeconfig is in Secret vc-<name>.',
    spec: specSchema.describe('What the cluster should be.'),
    status: statusSchema.describe('State of the cluster; written by the operator only.'),
    specRequired: false,
    rules: RULES,
    columns: [
      READY_COLUMN,
      {
        name: 'Status',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
        description: 'What it is at, in one word.',
      },
      {
        name: 'Plane',
        type: 'string',
        jsonPath: '.status.planeNamespace',
        description: 'Namespace of its API server.',
        priority: 1,
      },
      AGE_COLUMN,
    ],
  });
