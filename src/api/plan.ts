import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';

const specSchema = z.object({
  displayName: z.string().max(200).optional().describe('Name of the tier for people, shown in listings.'),
  description: z.string().max(2000).optional().describe('What the tier offers, in words.'),
});

/** A tier that tenants are on. Not to be mixed up with the plan of a controller in `runtime/`. */
export interface TenantPlan extends KubeObject {
  readonly spec?: z.infer<typeof specSchema>;
}

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
      "A tier of a provider's offer, named by tenants in spec.plan. This version lists plans; limits that a plan enforces come with a later one.",
    spec: specSchema.describe('What the tier is called.'),
    status: z.object({ conditions: conditionsSchema.optional() }).describe('State of the plan.'),
    specRequired: false,
    columns: [
      {
        name: 'Display Name',
        type: 'string',
        jsonPath: '.spec.displayName',
        description: 'Name for people.',
      },
      AGE_COLUMN,
    ],
  });
