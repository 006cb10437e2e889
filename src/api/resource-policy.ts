import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Condition, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd, READY_COLUMN } from './define-crd.ts';
import { WORKFLOWS_GROUP } from './names.ts';
import { countFields } from './quota-counts.ts';

/** The kind that a policy or a monitor speaks of. */
export const subjectSchema = z.object({
  kind: z.string().optional().describe('Kind of the service.'),
  group: z.string().optional().describe('API group of the service.'),
  version: z.string().optional().describe('API version of the service.'),
});

const resourcesSchema = z.object({
  cpu: z.string().optional().describe('Kubernetes quantity of processor time, e.g. 500m.'),
  memory: z.string().optional().describe('Kubernetes quantity of memory, e.g. 512Mi.'),
});

export const podConfigSchema = z.object({
  limits: resourcesSchema.optional().describe('Limits set on every container of an instance.'),
  requests: resourcesSchema.optional().describe('Requests set on every container of an instance.'),
  nodeSelector: z
    .string()
    .optional()
    .describe('Where pods run: `values.nodeName`, the node that an instance names in spec.nodeName.'),
});

export const quotaSchema = z.object({
  'requests.cpu': z.string().optional().describe('Sum of processor requests, a Kubernetes quantity.'),
  'requests.memory': z.string().optional().describe('Sum of memory requests, a Kubernetes quantity.'),
  'limits.cpu': z.string().optional().describe('Sum of processor limits, a Kubernetes quantity.'),
  'limits.memory': z.string().optional().describe('Sum of memory limits, a Kubernetes quantity.'),
  ...countFields(),
});

export const policySchema = z.object({
  podconfig: podConfigSchema.optional().describe('What holds for every pod of an instance.'),
  quota: quotaSchema
    .optional()
    .describe(
      'ResourceQuota of every instance. Of requests and limits of cpu and memory all four values, or none of them; the others each by itself.',
    ),
});

/** spec of a ResourcePolicy, also inside a composition. */
export const resourcePolicySpecSchema = z.object({
  resource: subjectSchema.optional().describe('The service that the policy is for.'),
  policy: policySchema.optional().describe('The policy.'),
});

export interface ResourcePolicy extends KubeObject {
  readonly spec?: z.infer<typeof resourcePolicySpecSchema>;
  readonly status?: CompanionStatus;
}

/** What becomes of a policy or a monitor. */
export const companionStatusSchema = z.object({
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
});

export interface CompanionStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
}

/**
 * The policy of a service: the record of its composition's, written by the operator as KubePlus writes it, or one that the provider lays
 * over that.
 */
export const RESOURCE_POLICY: Kind<ResourcePolicy> = {
  group: WORKFLOWS_GROUP,
  version: 'v1alpha1',
  kind: 'ResourcePolicy',
  plural: 'resourcepolicies',
  namespaced: true,
};

export const resourcePolicyCrd = (): AnyObject =>
  defineCrd({
    kind: RESOURCE_POLICY,
    shortNames: ['respol'],
    description:
      'A policy laid over that of the ResourceComposition which registers the kind, field by field, for instances that run as well. The operator keeps a record of the composition’s own beside it.',
    spec: resourcePolicySpecSchema.describe('The service and what is laid over its policy.'),
    status: companionStatusSchema.describe('Which service it is in force for, or why not.'),
    specRequired: false,
    columns: [
      {
        name: 'Service',
        type: 'string',
        jsonPath: '.spec.resource.kind',
        description: 'Kind of the service.',
      },
      READY_COLUMN,
      AGE_COLUMN,
    ],
  });
