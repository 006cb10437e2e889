import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { AGE_COLUMN, conditionsSchema, defineCrd } from './define-crd.ts';
import { WORKFLOWS_GROUP } from './names.ts';

const specSchema = z.object({ eventName: z.string().optional().describe('Name of the event.') });

export interface ResourceEvent extends KubeObject {
  readonly spec?: z.infer<typeof specSchema>;
}

/** KubePlus's kind without an effect, served so that manifests which hold one still apply. */
export const RESOURCE_EVENT: Kind<ResourceEvent> = {
  group: WORKFLOWS_GROUP,
  version: 'v1alpha1',
  kind: 'ResourceEvent',
  plural: 'resourceevents',
  namespaced: true,
};

export const resourceEventCrd = (): AnyObject =>
  defineCrd({
    kind: RESOURCE_EVENT,
    shortNames: ['resev'],
    description: 'Kept so that manifests written for KubePlus apply; it has no effect, as in KubePlus.',
    spec: specSchema.describe('The event.'),
    status: z
      .object({ conditions: conditionsSchema.optional() })
      .describe('Nothing: the kind has no effect.'),
    warning:
      'ResourceEvent has no effect, nor had it in KubePlus; it is accepted so that manifests which hold one apply. Take it out of them.',
    specRequired: false,
    columns: [{ name: 'Event', type: 'string', jsonPath: '.spec.eventName' }, AGE_COLUMN],
  });
