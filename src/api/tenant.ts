import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';

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
    .describe(
      'Name of the Plan in this namespace that the customer is on. Recorded and listed; this version enforces nothing by it.',
    ),
});

/** A customer: every instance belongs to exactly one, by default the one its namespace is labelled with. */
export interface Tenant extends KubeObject {
  readonly spec?: z.infer<typeof specSchema>;
}

export const TENANT: Kind<Tenant> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'Tenant',
  plural: 'tenants',
  namespaced: true,
};

/** The tenant whose all instances are, until instances can name another one. */
export const DEFAULT_TENANT = 'default';

export const tenantCrd = (): AnyObject =>
  defineCrd({
    kind: TENANT,
    shortNames: ['tnt'],
    description:
      "A customer, in the provider's namespace. This version keeps customers and what plan they are on; every instance is the tenant `default`'s.",
    spec: specSchema.describe('Who the customer is.'),
    status: z.object({ conditions: conditionsSchema.optional() }).describe('State of the tenant.'),
    specRequired: false,
    columns: [
      {
        name: 'Display Name',
        type: 'string',
        jsonPath: '.spec.displayName',
        description: 'Name for people.',
      },
      { name: 'Plan', type: 'string', jsonPath: '.spec.plan', description: 'Plan the customer is on.' },
      AGE_COLUMN,
    ],
  });
