import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { DURATION_PATTERN } from '../lib/duration.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';
import { podControls } from './pod-controls.ts';
import { countFields } from './quota-counts.ts';

/** Instances that a plan may count at most: their places stand in one object, which etcd keeps under 1.5 MB. */
export const MAX_COUNTED_INSTANCES = 5000;
const MAX_SERVICES = 64;
const MAX_STORAGE_CLASSES = 16;
const MAX_PRICES = 64;
/** Names of the allowed classes share one label of the instance's namespace. */
const MAX_STORAGE_CLASS_TEXT = 63;
const QUANTITY = z
  .string()
  .max(64)
  .regex(/^[0-9]+(\.[0-9]+)?([EPTGMk]i?|[munK]|[eE][0-9]+)?$/);

const count = (text: string) => z.int().min(0).max(MAX_COUNTED_INSTANCES).describe(text);
const amounts = (what: string) => ({
  'requests.cpu': QUANTITY.describe(`Processors requested ${what}.`),
  'requests.memory': QUANTITY.describe(`Memory requested ${what}.`),
  'limits.cpu': QUANTITY.describe(`Processors at most ${what}.`),
  'limits.memory': QUANTITY.describe(`Memory at most ${what}.`),
});

const serviceSchema = z.object({
  kind: z.string().min(1).max(63).describe('Kind of the service.'),
  group: z.string().max(253).optional().describe('Group of the kind. Default: whichever group has the kind.'),
  instances: count('Instances of this service at most. Default: no limit of its own.').optional(),
  newestRevision: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Number of the newest revision that instances run; they stay on it when the service goes on. Default: the newest there is.',
    ),
});

const specSchema = z.object({
  displayName: z.string().max(200).optional().describe('Name of the tier for people, shown in listings.'),
  description: z.string().max(2000).optional().describe('What the tier offers, in words.'),
  instances: count('Instances of all services together at most. Default: no limit.').optional(),
  services: z
    .array(serviceSchema)
    .max(MAX_SERVICES)
    .optional()
    .describe('Services that the plan offers. Default: all, without limits of their own.'),
  quota: z
    .object({
      instance: z
        .object(amounts('by one instance'))
        .optional()
        .describe(
          'Quota of each instance: what its service asks for counts up to this; a service that names no quota gets this one. All four keys or none.',
        ),
      total: z
        .object(amounts('by all instances together'))
        .partial()
        .optional()
        .describe('Sum of the quotas of all instances at most.'),
      counts: z
        .object(countFields(QUANTITY))
        .optional()
        .describe('What else is counted of each instance, up to these; each key by itself.'),
    })
    .optional()
    .describe('What instances may use.'),
  isolation: z
    .enum(['strict'])
    .optional()
    .describe('strict: instances are isolated strictly, whatever their service says.'),
  egress: z
    .enum(['default', 'closed'])
    .optional()
    .describe(
      'Connections out of instances at most: default (own namespace, DNS, public addresses) or closed (own namespace and DNS). What a service closes stays closed.',
    ),
  ...podControls,
  storageClasses: z
    .array(z.string().max(MAX_STORAGE_CLASS_TEXT))
    .min(1)
    .max(MAX_STORAGE_CLASSES)
    .meta({
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-validations': [
        {
          rule: `self.join('_').size() <= ${MAX_STORAGE_CLASS_TEXT}`,
          message: `the names together, with one character between them, must have at most ${MAX_STORAGE_CLASS_TEXT} characters`,
        },
      ],
    })
    .optional()
    .describe('Storage classes that claims of instances may name. Default: all.'),
  trialPeriod: z
    .string()
    .regex(new RegExp(DURATION_PATTERN))
    .optional()
    .describe(
      "How long a tenant may be on this plan, from the tenant's `since`: 14d, 36h, 1h30m. Then nothing new is created; what runs goes on.",
    ),
  gracePeriod: z
    .string()
    .regex(new RegExp(DURATION_PATTERN))
    .optional()
    .describe(
      'How long a tenant that uses more than this plan offers may go on creating what still fits. Then nothing new is created until it fits again; what runs goes on. Default: no time.',
    ),
  prices: z
    .record(z.string(), z.string().max(200))
    .meta({ maxProperties: MAX_PRICES })
    .optional()
    .describe('Prices of usage as the provider writes them. Kept and shown; nothing is computed from them.'),
});

/** A tier that tenants are on. Not to be mixed up with the plan of a controller in `runtime/`. */
export interface TenantPlan extends KubeObject {
  readonly spec?: z.infer<typeof specSchema>;
}

/** What a plan says. */
export type PlanSpec = NonNullable<TenantPlan['spec']>;

export const TENANT_PLAN: Kind<TenantPlan> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'Plan',
  plural: 'plans',
  namespaced: true,
};

export const tenantPlanCrd = (): AnyObject =>
  defineCrd({
    kind: TENANT_PLAN,
    shortNames: ['tplan'],
    description:
      "A tier of a provider's offer, named by tenants in spec.plan. A change counts at once, for instances that run as well.",
    spec: specSchema.describe('What the tier offers.'),
    status: z.object({ conditions: conditionsSchema.optional() }).describe('State of the plan.'),
    specRequired: false,
    columns: [
      {
        name: 'Display Name',
        type: 'string',
        jsonPath: '.spec.displayName',
        description: 'Name for people.',
      },
      { name: 'Instances', type: 'integer', jsonPath: '.spec.instances', description: 'Instances at most.' },
      {
        name: 'Trial',
        type: 'string',
        jsonPath: '.spec.trialPeriod',
        description: 'How long it may be used.',
      },
      AGE_COLUMN,
    ],
  });
