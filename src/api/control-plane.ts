import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Condition, KubeObject } from '../kube/object.ts';
import { CONTROL_PLANE_NAME_RULES, NAMESPACE_SUFFIX } from './control-plane-names.ts';
import { DURATION_PATTERN } from '../lib/duration.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd, READY_COLUMN, type Column } from './define-crd.ts';
import { hookStateSchema, type HookState } from './hook-state.ts';
import { KFLEX_GROUP } from './names.ts';
import { planeAuditSchema } from './plane-audit.ts';
import { planeEncryptionSchema } from './plane-encryption.ts';
import { planeResourcesSchema } from './plane-resources.ts';
import { planeVersionSchema, VERSION_SPEC_RULE, VERSION_STATUS_RULE } from './plane-versions.ts';

/** What an administrator's credential lives where nobody says: a year, as in KubeFlex. */
export const DEFAULT_TOKEN_SECONDS = 31_536_000;
/** Shorter ones would be renewed all the time. */
const MIN_TOKEN_SECONDS = 600;
/** Longer ones would outlive the authority that signs them. */
const MAX_TOKEN_SECONDS = 10 * DEFAULT_TOKEN_SECONDS;
/** More API servers than this serve no tenant faster. */
const MAX_REPLICAS = 3;
const MAX_HOOKS = 32;
const MAX_VARIABLES = 128;

const variables = (text: string) =>
  z.record(z.string(), z.string().max(4096)).meta({ maxProperties: MAX_VARIABLES }).describe(text);
const name = (text: string) => z.string().min(1).max(253).describe(text);

const hookUseSchema = z.object({
  hookName: name('Name of the PostCreateHook.'),
  vars: variables('Variables of this use; they win over those of the plane and of the hook.').optional(),
  wait: z
    .boolean()
    .meta({ default: false })
    .optional()
    .describe('Whether the hooks after this one wait until what it made works.'),
});

const specSchema = z.object({
  type: z
    .enum(['k8s', 'vcluster', 'host', 'external'])
    .describe(
      "k8s: an API server and controllers of the tenant's own. vcluster: for now the same with vcluster's Secret beside it, as condition PodsOnHost says. host: the hosting cluster itself. external: a cluster that exists already. It can't be changed.",
    ),
  backend: z
    .enum(['shared', 'dedicated', 'external'])
    .optional()
    .describe(
      "Where the plane's objects are kept. shared: in a database of its own on one PostgreSQL for all such planes. dedicated: in an etcd of its own. external: in a database of its own on the PostgreSQL, or under a prefix of its own in the etcd, that backendSecretRef names. It can't be changed. Default: shared.",
    ),
  backendSecretRef: z
    .object({ name: name('Name of the Secret.') })
    .optional()
    .describe(
      "Secret in the operator's namespace, labelled tenantry.dev/backend=true, that says how to reach the server of backend external. PostgreSQL: host, port, user, password, ca.crt; the user makes roles and databases. etcd: type=etcd, endpoints, ca.crt, client.crt, client.key, prefix.",
    ),
  version: planeVersionSchema.optional(),
  storeReplicas: z
    .int()
    .min(1)
    .max(MAX_REPLICAS)
    .optional()
    .describe(
      "Members of the plane's own etcd, on different nodes where there are several: 1, or 3, of which one may be lost at any time. For backend dedicated. It can't be changed. Default: 1.",
    ),
  replicas: z
    .int()
    .min(1)
    .max(MAX_REPLICAS)
    .optional()
    .describe('API servers and controller managers, on different nodes where there are several. Default: 1.'),
  resources: planeResourcesSchema.optional(),
  audit: planeAuditSchema.optional(),
  encryption: planeEncryptionSchema.optional(),
  exposure: z
    .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
    .optional()
    .describe(
      "Type of the API server's Service: reached inside the hosting cluster alone, by a port of every node, or by an address of its own. Default: NodePort.",
    ),
  hibernate: z
    .boolean()
    .optional()
    .describe(
      'Whether the plane rests: none of its pods run, and everything it holds is kept. Default: false.',
    ),
  ttl: z
    .string()
    .regex(new RegExp(DURATION_PATTERN))
    .optional()
    .describe(
      'How long the plane lives from its creation: 36h, 14d, 1h30m. Then it is deleted with everything it holds. Default: until somebody deletes it.',
    ),
  deletionProtection: z
    .boolean()
    .optional()
    .describe('While true, nobody can delete the plane. Default: false.'),
  bootstrapSecretRef: z
    .object({
      namespace: name('Namespace of the Secret.'),
      name: name('Name of the Secret.'),
      inClusterKey: name('Key of the kubeconfig.'),
    })
    .optional()
    .describe('Secret with a kubeconfig of the cluster that is taken over; for type external.'),
  clusterRole: name(
    'ClusterRole of the account whose token the kubeconfigs hold; for types host and external. Default: cluster-admin.',
  ).optional(),
  tokenExpirationSeconds: z
    .int()
    .min(MIN_TOKEN_SECONDS)
    .max(MAX_TOKEN_SECONDS)
    .meta({ default: DEFAULT_TOKEN_SECONDS })
    .optional()
    .describe('How long a credential in the kubeconfigs lives. It is renewed before it ends.'),
  postCreateHook: z
    .string()
    .max(253)
    .optional()
    .describe('Name of a PostCreateHook. The older form of postCreateHooks; it comes first.'),
  postCreateHookVars: variables('Variables of postCreateHook.').optional(),
  postCreateHooks: z
    .array(hookUseSchema)
    .max(MAX_HOOKS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('PostCreateHooks that are applied once the API server answers, in this order.'),
  globalVars: variables('Variables for all hooks; they win over those of the hook.').optional(),
  waitForPostCreateHooks: z
    .boolean()
    .meta({ default: false })
    .optional()
    .describe('Whether the plane is Ready only when what its hooks made is.'),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
  version: z
    .string()
    .optional()
    .describe('Version of Kubernetes of the API servers, or to which they are being raised.'),
  secretRef: z
    .object({
      namespace: z.string().describe('Namespace of the Secret.'),
      name: z.string().describe('Name of the Secret.'),
      key: z.string().optional().describe('Key of the kubeconfig for use from outside the cluster.'),
      inClusterKey: z.string().describe('Key of the kubeconfig for pods of the hosting cluster.'),
    })
    .optional()
    .describe('Where the kubeconfigs are.'),
  store: z
    .object({
      bytes: z.int().describe('Size on the disk.'),
      objects: z.int().describe('Objects that the plane holds.'),
    })
    .optional()
    .describe("What the plane's store holds; looked at once an hour."),
  postCreateHooks: z.record(z.string(), z.boolean()).optional().describe('Whether each hook was applied.'),
  postCreateHookCompleted: z.boolean().optional().describe('Whether what all hooks made is ready.'),
  hooks: z.array(hookStateSchema).optional().describe('What became of each hook.'),
});

/** An API server for one tenant. */
export interface ControlPlane extends KubeObject {
  readonly spec: ControlPlaneSpec;
  readonly status?: ControlPlaneStatus;
}

export type ControlPlaneSpec = z.infer<typeof specSchema>;

/** What the operator says of a plane; the form is `statusSchema`. The hooks' part is written by their controller alone. */
export interface ControlPlaneStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly version?: string;
  readonly secretRef?: z.infer<typeof statusSchema>['secretRef'];
  readonly store?: { readonly bytes: number; readonly objects: number };
  readonly postCreateHooks?: Readonly<Record<string, boolean>>;
  readonly postCreateHookCompleted?: boolean;
  readonly hooks?: readonly HookState[];
}

export const CONTROL_PLANE: Kind<ControlPlane> = {
  group: KFLEX_GROUP,
  version: 'v1alpha1',
  kind: 'ControlPlane',
  plural: 'controlplanes',
  namespaced: false,
};

/** The namespace on the hosting cluster where everything of a plane is. */
export function namespaceOfPlane({ metadata }: Pick<ControlPlane, 'metadata'>): string {
  return `${metadata.name}${NAMESPACE_SUFFIX}`;
}

const SYNCED_COLUMN: Column = {
  name: 'Synced',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Synced")].status',
  description: "Whether the plane's objects are as its spec says.",
};

export const controlPlaneCrd = (): AnyObject =>
  defineCrd({
    kind: CONTROL_PLANE,
    shortNames: ['cp', 'cps'],
    description:
      'An API server for one tenant. Everything it consists of is in namespace <name>-system of the hosting cluster, its kubeconfigs too (status.secretRef).',
    spec: specSchema
      .meta({
        'x-kubernetes-validations': [
          { rule: 'self.type == oldSelf.type', message: "type can't be changed; make another plane" },
          VERSION_SPEC_RULE,
          {
            rule: '!has(self.ttl) || !has(self.deletionProtection) || !self.deletionProtection',
            message: 'ttl: a plane with deletionProtection has no end; take one of the two away',
          },
          {
            rule: "!has(self.version) || !(self.type in ['host', 'external'])",
            message: 'version: a plane of type host or external is a cluster that has its version already',
          },
          {
            rule: "!has(self.audit) && !has(self.encryption) || !(self.type in ['host', 'external'])",
            message:
              'audit, encryption: a plane of type host or external is a cluster that has its own settings',
          },
          {
            rule: "!has(self.audit) || !has(self.audit.output) || self.audit.output != 'volume' || !has(self.replicas) || self.replicas == 1",
            message: 'audit.output: a volume is for one API server; with several replicas take stdout',
          },
          {
            rule: "(has(self.backend) ? self.backend : 'shared') == (has(oldSelf.backend) ? oldSelf.backend : 'shared')",
            message: "backend can't be changed; make another plane",
          },
          {
            rule: "!has(self.storeReplicas) || self.storeReplicas == 1 || self.storeReplicas == 3 && has(self.backend) && self.backend == 'dedicated'",
            message: 'storeReplicas: an etcd has 1 or 3 members, and only backend dedicated has an etcd',
          },
          {
            rule: '(has(self.storeReplicas) ? self.storeReplicas : 1) == (has(oldSelf.storeReplicas) ? oldSelf.storeReplicas : 1)',
            message: "storeReplicas can't be changed; make another plane, and restore a snapshot into it",
          },
          {
            rule: "!has(self.backend) || self.backend != 'external' || has(self.backendSecretRef)",
            message: 'backendSecretRef: backend external needs the Secret that says how to reach the server',
          },
          {
            rule: "self.type != 'external' || has(self.bootstrapSecretRef)",
            message: 'bootstrapSecretRef: type external needs the Secret with the kubeconfig of the cluster',
          },
        ],
      })
      .describe('What the plane should be.'),
    status: statusSchema.describe('State of the plane; written by the operator only.'),
    specRequired: true,
    rules: [...CONTROL_PLANE_NAME_RULES, VERSION_STATUS_RULE],
    columns: [
      SYNCED_COLUMN,
      READY_COLUMN,
      { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Type of the plane.' },
      {
        name: 'Version',
        type: 'string',
        jsonPath: '.status.version',
        description: 'Kubernetes of the API servers.',
        priority: 1,
      },
      AGE_COLUMN,
    ],
  });
