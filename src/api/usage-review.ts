import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, anyObjectSchema, defineCrd } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';

const statusSchema = z.object({
  at: z.int().optional().describe('When the figures were taken, in milliseconds since 1970.'),
  counted: z
    .enum(['all', 'owner'])
    .optional()
    .describe("Which pods count: all of the namespace, or those of the chart's own objects."),
  pods: z.array(anyObjectSchema).optional().describe('What each pod uses, as its kubelet told.'),
  history: z.array(anyObjectSchema).optional().describe('Sums of the last minutes, the oldest first.'),
  application: z
    .array(
      z.object({
        name: z.string().describe('Name of the metric.'),
        help: z.string().describe('What the application says it is.'),
        value: z.number().describe('Sum over the pods.'),
      }),
    )
    .optional()
    .describe('What the application tells of itself, by resmonitor.appEndpoints of the service.'),
  gaps: z
    .array(z.string().describe('One sentence.'))
    .optional()
    .describe('What could not be asked, and why.'),
});

/**
 * A question, like SubjectAccessReview: what do the pods of this namespace use? Asked by a create with dry run, which the operator
 * answers in `status`; nothing is ever stored. So whoever asks is known to the API server, and RBAC says who may.
 */
export interface UsageReview extends KubeObject {
  readonly status?: z.infer<typeof statusSchema>;
}

export const USAGE_REVIEW: Kind<UsageReview> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'UsageReview',
  plural: 'usagereviews',
  namespaced: true,
};

export const usageReviewCrd = (): AnyObject =>
  defineCrd({
    kind: USAGE_REVIEW,
    shortNames: ['usagerev'],
    description:
      'Asks what the pods of a namespace use. Created with dry run only: the answer is in the status, and nothing is kept.',
    spec: z.object({}).describe('Nothing: the namespace is the question.'),
    status: statusSchema.describe('The answer.'),
    specRequired: false,
    columns: [AGE_COLUMN],
    isAnswer: true,
  });
