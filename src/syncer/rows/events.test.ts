import { describe, expect, it } from 'vitest';
import { around } from '../../../test/builders/virtual.ts';
import type { CoreEvent } from '../../kube/builtin-kinds.ts';
import { decideEvent, tenantEvent } from './events.ts';

const HOST: CoreEvent = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'web-x-shop-x-vc1.17a', namespace: 'team-a', uid: 'e1', resourceVersion: '5' },
  involvedObject: {
    kind: 'Pod',
    namespace: 'team-a',
    name: 'web-x-shop-x-vc1',
    uid: 'host-1',
    resourceVersion: '4',
    fieldPath: 'spec.containers{main}',
  },
  reason: 'FailedMount',
  message: 'configmap "cm-x-shop-x-vc1" not found in team-a',
  type: 'Warning',
  count: 1,
};
const SUBJECT = { namespace: 'shop', name: 'web', uid: 'pod-1' };

describe('decideEvent', () => {
  it('tells the tenant in their own words', () => {
    expect(tenantEvent(HOST, SUBJECT, around())).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'web.17a', namespace: 'shop' },
      involvedObject: {
        kind: 'Pod',
        namespace: 'shop',
        name: 'web',
        uid: 'pod-1',
        fieldPath: 'spec.containers{main}',
      },
      reason: 'FailedMount',
      message: 'configmap "cm" not found in shop',
      type: 'Warning',
      count: 1,
    });
  });

  it('says nothing about what is not the tenant’s', () => {
    expect(decideEvent(HOST, undefined, undefined, around())).toEqual([]);
  });

  it('counts on, and writes nothing when nothing moved', () => {
    const tenant = tenantEvent(HOST, SUBJECT, around());

    expect(decideEvent(HOST, SUBJECT, tenant, around())).toEqual([]);
    expect(decideEvent({ ...HOST, count: 2 }, SUBJECT, tenant, around())).toMatchObject([
      { do: 'patch', on: 'tenant', body: { count: 2 } },
    ]);
  });
});
