import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/object.ts';
import { MARK_ANNOTATION, markOf } from './marks.ts';

function object(...managedFields: object[]): KubeObject {
  const metadata = { name: 'a', managedFields };
  return { apiVersion: 'v1', kind: 'Service', metadata };
}

const OURS = {
  manager: 'tenantry',
  operation: 'Apply',
  fieldsV1: { 'f:spec': { 'f:type': {}, 'f:ports': {} } },
};

describe('markOf', () => {
  it('does not move when others own other fields or we are listed in another order', () => {
    const reordered = { ...OURS, fieldsV1: { 'f:spec': { 'f:ports': {}, 'f:type': {} } }, time: 'later' };
    const other = {
      manager: 'autoscaler',
      operation: 'Update',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    };

    expect(markOf(object(reordered, other))).toBe(markOf(object(OURS)));
  });

  it('moves when somebody takes one of our fields', () => {
    const left = { ...OURS, fieldsV1: { 'f:spec': { 'f:ports': {} } } };
    const taken = { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:spec': { 'f:type': {} } } };

    expect(markOf(object(left, taken))).not.toBe(markOf(object(OURS)));
  });

  it('leaves out what we own in a subresource', () => {
    expect(markOf(object(OURS, { ...OURS, subresource: 'status' }))).toBe(markOf(object(OURS)));
  });

  it('moves when what isolates is changed, whoever the writer says he is', () => {
    const policy = (ingress: readonly object[]): KubeObject => {
      const metadata = { name: 'a', managedFields: [OURS] };
      return Object.assign(
        { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata },
        { spec: { ingress } },
      );
    };

    expect(markOf(policy([{}]))).not.toBe(markOf(policy([])));
  });

  it('is read from a slim object, and is nothing for an object we never wrote', () => {
    const slim: KubeObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a', annotations: { [MARK_ANNOTATION]: 'm' } },
    };

    expect(markOf(slim)).toBe('m');
    expect(markOf(object())).toBeUndefined();
  });
});
