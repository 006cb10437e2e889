import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Condition, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, anyObjectSchema, conditionsSchema, defineCrd, READY_COLUMN } from './define-crd.ts';
import { KFLEX_GROUP } from './names.ts';

/** Objects of one hook: what a plane needs is a handful; a chart is the place for more. */
const MAX_TEMPLATES = 64;
const MAX_VARIABLES = 128;

const specSchema = z.object({
  templates: z
    .array(
      anyObjectSchema.meta({
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        required: ['apiVersion', 'kind', 'metadata'],
        properties: {
          apiVersion: { type: 'string', description: 'API group and version of the object.' },
          kind: { type: 'string', description: 'Kind of the object.' },
          metadata: {
            type: 'object',
            description: 'Its name, and what else an object has there.',
            'x-kubernetes-preserve-unknown-fields': true,
          },
        },
      }),
    )
    .max(MAX_TEMPLATES)
    .optional()
    .describe(
      "Objects to make, in this order. Their texts are templates with Helm's functions: {{.HookName}}, {{.VAR | quote}}. A text that is one action ending in `| toJson` becomes a number, list or map. A template whose metadata.name comes out empty is left out.",
    ),
  defaultVars: z
    .array(
      z.object({
        name: z.string().describe('Name of the variable.'),
        value: z.string().describe('Its value where nobody sets another.'),
      }),
    )
    .max(MAX_VARIABLES)
    .optional()
    .describe('Variables that the control plane may set otherwise.'),
  target: z
    .enum(['hosting', 'controlPlane'])
    .meta({ default: 'hosting' })
    .optional()
    .describe(
      "Where the objects are made. hosting: in the plane's namespace on the hosting cluster; kinds of no namespace as the operator's settings allow. controlPlane: on the tenant's own API server.",
    ),
  reapply: z
    .boolean()
    .meta({ default: true })
    .optional()
    .describe(
      'Whether a change of the hook or of its variables is applied where the hook was applied before.',
    ),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
  planes: z.int().optional().describe('Control planes that use the hook.'),
  applied: z.int().optional().describe('Control planes where it was applied.'),
});

/** What is made beside a control plane or on it, once it answers. */
export interface PostCreateHook extends KubeObject {
  readonly spec?: z.infer<typeof specSchema>;
  readonly status?: HookStatus;
}

/** What the operator says of a hook; the form is `statusSchema`. */
export interface HookStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly planes?: number;
  readonly applied?: number;
}

export const POST_CREATE_HOOK: Kind<PostCreateHook> = {
  group: KFLEX_GROUP,
  version: 'v1alpha1',
  kind: 'PostCreateHook',
  plural: 'postcreatehooks',
  namespaced: false,
};

export const postCreateHookCrd = (): AnyObject =>
  defineCrd({
    kind: POST_CREATE_HOOK,
    shortNames: ['pch', 'pchs'],
    description:
      'Objects that are made for each control plane which names the hook, once its API server answers. What became of it stands in the status of the plane.',
    spec: specSchema.describe('What is made.'),
    status: statusSchema.describe('What became of it; written by the operator only.'),
    specRequired: false,
    columns: [
      READY_COLUMN,
      {
        name: 'Planes',
        type: 'integer',
        jsonPath: '.status.planes',
        description: 'Control planes that use it.',
      },
      {
        name: 'Applied',
        type: 'integer',
        jsonPath: '.status.applied',
        description: 'Control planes where it was applied.',
      },
      AGE_COLUMN,
    ],
  });
