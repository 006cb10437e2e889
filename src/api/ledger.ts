import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd } from './define-crd.ts';
import { TENANTRY_GROUP } from './names.ts';

const specSchema = z.object({
  tenantUid: z.string().describe('UID of the tenant whose places these are.'),
  places: z
    .record(z.string(), z.array(z.string().describe('UID of an object.')))
    .describe(
      'Places that are taken, by group/Kind, namespace and name, with the UIDs of creations whose outcome is not known yet.',
    ),
  overSince: z
    .string()
    .optional()
    .describe('Since when the tenant uses more than its plan offers; its time of grace counts from here.'),
});

/** What is taken of a tenant's plan. Written in admission and by the leader, only by comparing and swapping. */
export interface Ledger extends KubeObject {
  readonly spec: Omit<z.infer<typeof specSchema>, 'places'> & {
    readonly places: Readonly<Record<string, readonly string[]>>;
  };
}

export const LEDGER: Kind<Ledger> = {
  group: TENANTRY_GROUP,
  version: 'v1alpha1',
  kind: 'Ledger',
  plural: 'ledgers',
  namespaced: true,
};

export const ledgerCrd = (): AnyObject =>
  defineCrd({
    kind: LEDGER,
    shortNames: ['tledger'],
    description:
      "The places that are taken of a tenant's plan, beside the tenant and under its name. Kept by the operator alone; it is made anew when it is deleted.",
    spec: specSchema.describe('What is taken.'),
    status: z.object({ conditions: conditionsSchema.optional() }).describe('Not used.'),
    specRequired: true,
    columns: [
      {
        name: 'Over Since',
        type: 'string',
        jsonPath: '.spec.overSince',
        description: 'More is used than offered.',
      },
      AGE_COLUMN,
    ],
  });
