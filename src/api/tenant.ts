import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Condition, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd, READY_COLUMN } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';

/** Members are compared one by one with whoever creates an instance. */
const MAX_MEMBERS = 256;

const memberSchema = z.object({
  kind: z.enum(['User', 'Group', 'ServiceAccount']).describe('What the name is of.'),
  name: z.string().min(1).max(253).describe('Name of the user, group or account.'),
  namespace: z.string().max(63).optional().describe('Namespace of the account; for kind ServiceAccount.'),
});

const time = () => z.string().meta({ format: 'date-time' });

const specSchema = z.object({
  displayName: z
    .string()
    .max(200)
    .optional()
    .describe('Name of the customer for people. It takes effect in listings; nothing else depends on it.'),
  plan: z
    .string()
    .max(253)
    .optional()
    .describe('Name of the Plan in this namespace that the customer is on. Default: none, and no limits.'),
  members: z
    .array(memberSchema)
    .max(MAX_MEMBERS)
    .optional()
    .describe(
      'Who may create instances for the tenant, besides those with verb `use` on it. They need rights on the kinds all the same. Default: whoever has these rights.',
    ),
  since: time()
    .optional()
    .describe(
      'When the customer began, with the time zone; trial periods count from here. Default: when the tenant was created.',
    ),
  until: time()
    .optional()
    .describe(
      'When the customer ends, with the time zone: then nothing new is created, and what runs goes on.',
    ),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
  instances: z.int().optional().describe('Instances that there are.'),
  services: z
    .record(z.string(), z.int())
    .optional()
    .describe('Instances that there are by service, as group/Kind.'),
  until: z.string().optional().describe('When creating ends, by the plan or by spec.until.'),
});

/** A customer: every instance belongs to exactly one, that of its namespace. */
export interface Tenant extends KubeObject {
  readonly spec?: z.infer<typeof specSchema>;
  readonly status?: TenantStatus;
}

/** What the operator says of a tenant; the form is `statusSchema`. */
export interface TenantStatus {
  readonly conditions?: readonly Condition[];
  readonly observedGeneration?: number;
  readonly instances?: number;
  readonly services?: Readonly<Record<string, number>>;
  readonly until?: string;
}

export const TENANT: Kind<Tenant> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'Tenant',
  plural: 'tenants',
  namespaced: true,
};

/** The tenant, in the operator's namespace, of namespaces that name none. */
export const DEFAULT_TENANT = 'default';

export const tenantCrd = (): AnyObject =>
  defineCrd({
    kind: TENANT,
    shortNames: ['tnt'],
    description:
      "A customer, in the provider's namespace. Namespaces name their tenant by the labels tenantry.dev/tenant and tenantry.dev/tenant-namespace; those that name none belong to `default` in the operator's namespace.",
    spec: specSchema.describe('Who the customer is and what he is entitled to.'),
    status: statusSchema.describe('State of the tenant; written by the operator only.'),
    specRequired: false,
    columns: [
      {
        name: 'Display Name',
        type: 'string',
        jsonPath: '.spec.displayName',
        description: 'Name for people.',
      },
      { name: 'Plan', type: 'string', jsonPath: '.spec.plan', description: 'Plan the customer is on.' },
      {
        name: 'Instances',
        type: 'integer',
        jsonPath: '.status.instances',
        description: 'Instances that there are.',
      },
      READY_COLUMN,
      { name: 'Until', type: 'string', jsonPath: '.status.until', priority: 1 },
      AGE_COLUMN,
    ],
  });
