import { z } from 'zod';
import type { AnyObject } from '../kube/object.ts';
import { AGE_COLUMN, anyObjectSchema, conditionsSchema, defineCrd } from './define-crd.ts';
import { podControls } from './pod-controls.ts';
import { countFields } from './quota-counts.ts';
import { REVISION } from './revision.ts';

const text = (description: string): z.ZodType => z.string().describe(description);
const texts = (of: string, description: string): z.ZodType =>
  z.array(z.string().describe(of)).describe(description);

const ruleSchema = z.object({
  apiGroups: texts('An API group; empty for the core group.', 'API groups.').optional(),
  resources: texts('A resource, e.g. pods or pods/log.', 'Resources.').optional(),
  resourceNames: texts('A name.', 'Names, if the rule is for named objects only.').optional(),
  verbs: texts('A verb, e.g. create.', 'What may be done.'),
});

const policiesSchema = z.object({
  quota: z
    .object({
      'requests.cpu': text('Sum of processor requests.'),
      'requests.memory': text('Sum of memory requests.'),
      'limits.cpu': text('Sum of processor limits.'),
      'limits.memory': text('Sum of memory limits.'),
    })
    .optional()
    .describe('ResourceQuota of every instance.'),
  isolation: z.literal('strict').optional().describe('Every control of the multi-tenancy benchmarks.'),
  podSecurity: z
    .enum(['privileged', 'baseline', 'restricted'])
    .describe('Pod Security level of the namespaces.'),
  fillResources: z.boolean().describe('Whether missing requests and limits are filled in.'),
  egress: z.enum(['default', 'closed', 'all']).describe('Which connections may leave an instance.'),
  podResources: z
    .object({
      requests: z.record(z.string(), z.string().describe('A quantity.')).optional().describe('Requests.'),
      limits: z.record(z.string(), z.string().describe('A quantity.')).optional().describe('Limits.'),
    })
    .optional()
    .describe('Requests and limits set on every container.'),
  monitored: z
    .literal(true)
    .optional()
    .describe('The operator asks the pods for metrics of their own, which it must be let in for.'),
  counts: z.object(countFields()).optional().describe('What else the ResourceQuota counts.'),
  ...podControls,
  allowedClusterKinds: texts(
    'Kind of the core group, else group/Kind.',
    'Cluster-scoped kinds that are allowed.',
  ),
});

const specSchema = z
  .object({
    composition: z
      .object({ name: text('Its name.'), uid: text('Its UID.') })
      .describe('The ResourceComposition that this is a state of.'),
    number: z.int().min(1).describe('Counts up from 1 within a composition.'),
    resource: z
      .object({
        group: text('API group.'),
        version: text('API version.'),
        kind: text('Kind.'),
        plural: text('Plural.'),
      })
      .describe('The API of the service.'),
    chart: z
      .object({
        name: text('Name of the chart.'),
        version: text('Version of the chart.'),
        appVersion: text('Version of the application.'),
        digest: text('SHA-256 of the archive; instances run exactly these bytes.'),
        size: z.int().describe('Bytes of the archive.'),
        chunks: texts(
          'Name of a Secret.',
          'Immutable Secrets in this namespace that hold the archive, in order.',
        ),
      })
      .describe('The chart.'),
    providerValues: anyObjectSchema.describe("Values over the chart's defaults and under the instance's."),
    valuesSchema: z
      .unknown()
      .meta({ nullable: true })
      .describe("JSON Schema that instances' values are checked with in admission; null if there is none."),
    policies: policiesSchema.describe('What every instance gets around its release.'),
    kinds: z
      .array(
        z.object({
          apiVersion: text('API group and version.'),
          kind: text('Kind.'),
          namespaced: z.boolean().describe('Whether its objects live in namespaces.'),
        }),
      )
      .describe('Kinds that the chart was seen to render.'),
    rules: z
      .array(ruleSchema)
      .describe("Rights that the service's account needs beyond ClusterRole tenantry-instance."),
    roles: z
      .array(text('Name of a ClusterRole.'))
      .optional()
      .describe('ClusterRoles that give these rights, bound in each namespace of an instance.'),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: 'self == oldSelf',
        message: 'A revision never changes; a change of the composition makes a new one.',
      },
    ],
  });

export const revisionCrd = (): AnyObject =>
  defineCrd({
    kind: REVISION,
    shortNames: ['rev'],
    description:
      'One state of a service: chart, values, schema and policies. Made by the operator; never changes.',
    spec: specSchema.describe('The state.'),
    status: z.object({ conditions: conditionsSchema.optional() }).describe('Nothing changes in a revision.'),
    specRequired: true,
    columns: [
      { name: 'Service', type: 'string', jsonPath: '.spec.composition.name', description: 'Composition.' },
      { name: 'Number', type: 'integer', jsonPath: '.spec.number', description: 'Counts up from 1.' },
      { name: 'Chart', type: 'string', jsonPath: '.spec.chart.name', description: 'Chart.' },
      {
        name: 'Version',
        type: 'string',
        jsonPath: '.spec.chart.version',
        description: 'Version of the chart.',
      },
      AGE_COLUMN,
    ],
  });
