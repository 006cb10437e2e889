import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { crdAction, stampCrd } from './stamp-crd.ts';

const crd = (spec: unknown): AnyObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'tenants.tenantry.dev' },
  spec,
});

describe('crdAction', () => {
  const ours = stampCrd(crd({ a: 1 }), '0.2.0');
  const cases: readonly [string, AnyObject | undefined, string][] = [
    ['creates what is not there', undefined, 'create'],
    ['keeps what is the same', stampCrd(crd({ a: 1 }), '0.2.0'), 'keep'],
    ['keeps what is the same although an older version wrote it', stampCrd(crd({ a: 1 }), '0.1.0'), 'keep'],
    ['applies over an older version', stampCrd(crd({ a: 0 }), '0.1.0'), 'apply'],
    ['applies over a change of the same version', stampCrd(crd({ a: 0 }), '0.2.0'), 'apply'],
    ['leaves a newer version alone', stampCrd(crd({ a: 2 }), '0.3.0'), 'keep'],
    ['applies over a CRD that nobody stamped', crd({ a: 0 }), 'apply'],
  ];
  it.each(cases)('%s', (_name, stored, action) => {
    expect(crdAction(stored, ours)).toBe(action);
  });
});
