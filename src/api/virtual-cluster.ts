import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Condition, KubeObject } from '../kube/object.ts';
import { shortHash } from '../lib/hash.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd, READY_COLUMN, type CrdRule } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';

/** More API servers than this serve no tenant faster. */
const MAX_REPLICAS = 3;
/** What names a Service, and is a part of names on the host, which have 63 characters. */
const MAX_NAME = 40;
const NAME_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';
/** Of a namespace's 63 characters. */
const PLANE_SUFFIX = '-plane';
const MAX_NAMESPACE = 63;
const HASH_DIGITS = 10;

const quantities = (text: string) => z.record(z.string(), z.string().max(64)).describe(text);

const specSchema = z.object({
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
  resources: z
    .object({
      requests: quantities('What is kept free for it.').optional(),
      limits: quantities('What it may use at most.').optional(),
    })
    .optional()
    .describe('Resources of each API server. Default: requests of 50m processors and 192Mi memory.'),
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
  planeNamespace: z
    .string()
    .optional()
    .describe('Namespace where its API server runs. It counts for nobody’s quota.'),
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

/** The namespace of the API server of the one virtual cluster of a namespace: made by the operator, and never taken over. */
export function planeNamespaceOf(namespace: string): string {
  if (namespace.length + PLANE_SUFFIX.length <= MAX_NAMESPACE) return `${namespace}${PLANE_SUFFIX}`;
  const kept = namespace.slice(0, MAX_NAMESPACE - PLANE_SUFFIX.length - HASH_DIGITS - 1);
  return `${kept}-${shortHash(namespace, HASH_DIGITS)}${PLANE_SUFFIX}`;
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
