import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, anyObjectSchema, conditionsSchema, defineCrd, READY_COLUMN } from './define-crd.ts';
import { WORKFLOWS_GROUP } from './names.ts';
import { podControls } from './pod-controls.ts';
import { resourceMonitorSpecSchema } from './resource-monitor.ts';
import { resourcePolicySpecSchema } from './resource-policy.ts';

/** Letters of the generated kind, as KubePlus limits them: release and namespace names are made of it. */
export const MAX_KIND_LENGTH = 28;
/** Example values rendered at registration; each costs one rendering. */
const MAX_EXAMPLES = 20;

const resourceSchema = z.object({
  kind: z.string().describe(`Kind to register: at most ${MAX_KIND_LENGTH} letters and digits, no period.`),
  group: z
    .string()
    .optional()
    .describe(
      "API group of the kind. Default: platformapi.kubeplus in the operator's namespace, <namespace>.platformapi.kubeplus elsewhere.",
    ),
  version: z.string().optional().describe('API version of the kind. Default: v1alpha1.'),
  plural: z.string().describe('Plural of the kind in small letters; names the CRD <plural>.<group>.'),
});

const chartSchema = z.object({
  version: z
    .string()
    .optional()
    .describe(
      'Version of the chart. With it chartURL is the address of a Helm repository, and chartName the chart in it; or an oci:// address without a tag.',
    ),
  cosignKey: z
    .string()
    .optional()
    .describe(
      'PEM public key that must have signed the chart: by cosign sign for oci://, by cosign sign-blob with the signature at <address of the archive>.sig for https://.',
    ),
  keyringRef: z
    .object({ name: z.string().describe('Name of the Secret.') })
    .optional()
    .describe(
      'Secret in this namespace whose key pubring.gpg holds OpenPGP keys (gpg --export). One of them must have signed the chart: helm package --sign, with the provenance file beside the archive.',
    ),
  digest: z
    .string()
    .optional()
    .describe(
      'SHA-256 of the archive, with or without the prefix sha256:. A download with another digest is refused; changing it fetches the chart again.',
    ),
  secretRef: z
    .object({ name: z.string().describe('Name of the Secret.') })
    .optional()
    .describe(
      'Secret in this namespace with what the chart server asks for: keys username and password, or token; and ca.crt, the certificates to trust for this server.',
    ),
  caBundle: z
    .string()
    .optional()
    .describe('PEM certificates to trust for this server, besides the usual ones.'),
  http: z
    .enum(['forbidden', 'allowed'])
    .optional()
    .describe('Whether http:// without encryption is accepted. Default: forbidden.'),
});

const newResourceSchema = z.object({
  resource: resourceSchema.describe('The API that consumers will see.'),
  chartURL: z
    .string()
    .describe(
      'Helm chart of an instance: https://….tgz, http://… if chart.http allows it, oci://<registry>/<path>:<version>, the address of a Helm repository (see chart.version), or file:///<name>.tgz for an uploaded one (kubectl upload chart).',
    ),
  chartName: z
    .string()
    .optional()
    .describe("Name of the chart, the archive's top folder. Refused if the archive holds another one."),
  chart: chartSchema.optional().describe('How the chart is fetched.'),
  providerValues: anyObjectSchema
    .optional()
    .describe("The provider's values: over the chart's defaults, under the instance's spec."),
  schema: anyObjectSchema
    .optional()
    .describe(
      "JSON Schema of the values that consumers may set, in place of the chart's values.schema.json.",
    ),
  examples: z
    .array(
      z.object({
        name: z.string().describe('Name of the example, for messages.'),
        values: anyObjectSchema.describe('Values of an instance.'),
      }),
    )
    .max(MAX_EXAMPLES)
    .optional()
    .describe(
      'Values the chart is rendered with at registration, besides its defaults: so that kinds behind conditions are found. If values are mandatory, at least one example is needed.',
    ),
});

const policiesSchema = z.object({
  isolation: z
    .enum(['default', 'strict'])
    .optional()
    .describe(
      'strict: every control of the multi-tenancy benchmarks (Pod Security restricted whatever podSecurity says, images always pulled, no node ports, no volumes on nodes, no network policies of the chart, counts in the quota). Default: default, which ordinary charts pass.',
    ),
  podSecurity: z
    .enum(['privileged', 'baseline', 'restricted'])
    .optional()
    .describe("Pod Security level of the instances' namespaces. Default: baseline."),
  fillResources: z
    .boolean()
    .optional()
    .describe(
      'Whether requests and limits that containers lack are filled in, so that pods pass the quota. Default: true.',
    ),
  egress: z
    .enum(['default', 'closed', 'all'])
    .optional()
    .describe(
      'Connections out of an instance: default (own namespace, DNS, public addresses), closed (own namespace and DNS), all.',
    ),
  ...podControls,
  allowedClusterKinds: z
    .array(z.string().describe('Kind of the core group, else group/Kind.'))
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe(
      'Cluster-scoped kinds that the chart may hold, e.g. rbac.authorization.k8s.io/ClusterRole. Default: none.',
    ),
});

const metadataSchema = z.object({ name: z.string().optional().describe('Name of the object to create.') });

const respolicySchema = z.object({
  apiVersion: z.string().optional().describe('workflows.kubeplus/v1alpha1.'),
  kind: z.string().optional().describe('ResourcePolicy.'),
  metadata: metadataSchema.optional().describe('Metadata of the ResourcePolicy.'),
  spec: resourcePolicySpecSchema.optional().describe('Quota and pod settings of every instance.'),
});

const resmonitorSchema = z.object({
  apiVersion: z.string().optional().describe('workflows.kubeplus/v1alpha1.'),
  kind: z.string().optional().describe('ResourceMonitor.'),
  metadata: metadataSchema.optional().describe('Metadata of the ResourceMonitor.'),
  spec: resourceMonitorSpecSchema.optional().describe('What is measured of every instance.'),
});

export const compositionSpecSchema = z.object({
  newResource: newResourceSchema.describe('The service: its API and its chart.'),
  respolicy: respolicySchema.optional().describe('The ResourcePolicy of the service.'),
  resmonitor: resmonitorSchema.optional().describe('The ResourceMonitor of the service.'),
  policies: policiesSchema.optional().describe('What every instance gets around its release.'),
  deletionProtection: z
    .boolean()
    .optional()
    .describe('While true, the service can not be deleted, not even by force. Default: false.'),
});

const statusSchema = z.object({
  status: z
    .string()
    .optional()
    .describe(
      'As in KubePlus: "New CRD defined in ResourceComposition created successfully." or Error:<text>.',
    ),
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
  revision: z.string().optional().describe('Name of the Revision that new instances run.'),
  chart: z
    .object({
      name: z.string().describe('Name of the chart.'),
      version: z.string().describe('Version of the chart.'),
      appVersion: z.string().optional().describe('Version of the application.'),
      digest: z.string().describe('SHA-256 of the archive.'),
    })
    .optional()
    .describe('The chart that is registered.'),
  notEnforced: z
    .array(
      z.object({
        path: z.string().describe('Path of the field.'),
        keyword: z.string().describe('Keyword of JSON Schema.'),
      }),
    )
    .optional()
    .describe(
      "Rules of the values' schema that the generated CRD can not state. Admission and Helm check them when an instance is written.",
    ),
});

export type CompositionSpec = z.infer<typeof compositionSpecSchema>;
export type CompositionStatus = z.infer<typeof statusSchema>;

/** Registers a service: a kind backed by a chart. */
export interface ResourceComposition extends KubeObject {
  readonly spec: CompositionSpec;
  readonly status?: CompositionStatus;
}

export const RESOURCE_COMPOSITION: Kind<ResourceComposition> = {
  group: WORKFLOWS_GROUP,
  version: 'v1alpha1',
  kind: 'ResourceComposition',
  plural: 'resourcecompositions',
  namespaced: true,
};

export const resourceCompositionCrd = (): AnyObject =>
  defineCrd({
    kind: RESOURCE_COMPOSITION,
    shortNames: ['rescomp'],
    description:
      'A service: registers a kind whose objects are instances of a Helm chart, each in a namespace of its own.',
    spec: compositionSpecSchema.describe('What is offered and how its instances are kept apart.'),
    status: statusSchema.describe('What became of it; written by the operator only.'),
    specRequired: true,
    columns: [
      {
        name: 'Kind',
        type: 'string',
        jsonPath: '.spec.newResource.resource.kind',
        description: 'Kind of the service.',
      },
      {
        name: 'Chart',
        type: 'string',
        jsonPath: '.status.chart.name',
        description: 'Chart that is registered.',
      },
      {
        name: 'Version',
        type: 'string',
        jsonPath: '.status.chart.version',
        description: 'Version of the chart.',
      },
      READY_COLUMN,
      { name: 'Revision', type: 'string', jsonPath: '.status.revision', priority: 1 },
      AGE_COLUMN,
    ],
  });
