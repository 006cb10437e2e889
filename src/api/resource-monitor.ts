import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, defineCrd, READY_COLUMN } from './define-crd.ts';
import { WORKFLOWS_GROUP } from './names.ts';
import { companionStatusSchema, subjectSchema, type CompanionStatus } from './resource-policy.ts';

const appEndpointsSchema = z.object({
  label: z.string().optional().describe('Label (key=value) of the pods that answer.'),
  endpoint: z
    .string()
    .optional()
    .describe('Port and path, e.g. :8080/metrics; without a port the first one that the pod declares.'),
  metrics: z
    .array(z.string().describe('Name of a metric.'))
    .optional()
    .describe('Metrics to show, at most 20; each the sum over the pods.'),
});

/** spec of a ResourceMonitor, also inside a composition. */
export const resourceMonitorSpecSchema = z.object({
  resource: subjectSchema.optional().describe('The service that is measured.'),
  monitorRelationships: z
    .enum(['all', 'owner'])
    .optional()
    .describe(
      "Which pods count: all of the instance's namespace, or those of the chart's own objects. Default: all.",
    ),
  appEndpoints: appEndpointsSchema.optional().describe("The application's own metrics."),
});

export interface ResourceMonitor extends KubeObject {
  readonly spec?: z.infer<typeof resourceMonitorSpecSchema>;
  readonly status?: CompanionStatus;
}

/**
 * What is measured of a service's instances: the record of its composition's monitor, written by the operator as KubePlus writes it, or one
 * that the provider lays over that.
 */
export const RESOURCE_MONITOR: Kind<ResourceMonitor> = {
  group: WORKFLOWS_GROUP,
  version: 'v1alpha1',
  kind: 'ResourceMonitor',
  plural: 'resourcemonitors',
  namespaced: true,
};

export const resourceMonitorCrd = (): AnyObject =>
  defineCrd({
    kind: RESOURCE_MONITOR,
    shortNames: ['resmon'],
    description:
      'What is measured of the instances of a service, laid over what the ResourceComposition which registers the kind says, field by field. The operator keeps a record of the composition’s own beside it.',
    spec: resourceMonitorSpecSchema.describe('The service and what is measured.'),
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
