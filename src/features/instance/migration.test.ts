import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import { INSTANCE_UID_LABEL, INVENTORY_ANNOTATION } from '../../api/names.ts';
import type { KubeObject } from '../../kube/object.ts';
import { encodeInventory, type ReleasePhase } from './inventory.ts';
import { isGiving, MIGRATE_ANNOTATION } from './migration.ts';

const source = (metadata: Partial<Instance['metadata']> = {}): Instance => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'Old',
  metadata: { name: 'shop1', namespace: 'team', uid: 'old', ...metadata },
});

function holder(
  uid: string,
  phase: ReleasePhase = 'done',
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  const release = { number: 1, inputs: 'i', revision: 'r', version: '1', phase };
  const inventory = encodeInventory({ release, objects: [], policies: [], exposed: [], usesApi: false });
  const annotations = { [INVENTORY_ANNOTATION]: inventory };
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop1', labels: { [INSTANCE_UID_LABEL]: uid }, annotations, ...metadata },
  };
}

const GONE = '2026-11-21T00:00:00Z';

describe('an instance that is migrated from', () => {
  it('gives its namespace where it is at rest', () => {
    expect(isGiving(source(), holder('old'), 'New')).toBe(true);
  });

  it.each([
    ['it has none', source(), undefined],
    ['another instance has the namespace', source(), holder('other')],
    ['it is being deleted', source({ deletionTimestamp: GONE }), holder('old')],
    ['the namespace is being deleted', source(), holder('old', 'done', { deletionTimestamp: GONE })],
    ['a release is under way', source(), holder('old', 'objects')],
    ['it wants to take over itself', source({ annotations: { [MIGRATE_ANNOTATION]: 'New' } }), holder('old')],
  ])('gives nothing: %s', (_why, instance, namespace) => {
    expect(isGiving(instance, namespace, 'New')).toBe(false);
  });
});
