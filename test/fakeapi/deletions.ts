import { formatTime } from '../../src/kube/conditions.ts';
import { listAt, type Stored } from './json.ts';
import type { Resource } from './resources.ts';
import { checkPreconditions, current, type WriteContext, type WriteDeps } from './writes.ts';

/** What a delete asks for. */
export interface Deletion {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan';
}

/** Marks an object for deletion, or removes it if nothing holds it. */
export async function remove(context: WriteContext, deletion: Deletion, deps: WriteDeps): Promise<object> {
  const { resource } = context;
  const preconditions = { uid: deletion.uid, resourceVersion: deletion.resourceVersion };
  checkPreconditions(context, current(context, deps), preconditions);
  await deps.admission.validate({ operation: 'DELETE', context, before: current(context, deps) });
  // Again: somebody may have written while admission looked.
  const before = current(context, deps);
  checkPreconditions(context, before, preconditions);
  const finalizers = [
    ...listAt(before.metadata, 'finalizers'),
    ...(deletion.propagation === 'Foreground' ? ['foregroundDeletion'] : []),
    ...(deletion.propagation === 'Orphan' ? ['orphan'] : []),
    // Only now: until somebody deletes it a definition has no finalizer.
    ...(resource.kind === 'CustomResourceDefinition' ? ['customresourcecleanup.apiextensions.k8s.io'] : []),
  ];
  const held = finalizers.length > 0 || (resource.kind === 'Namespace' && resource.group === '');
  if (!held) {
    const gone = context.dryRun ? before : deps.store.remove(resource.store, before);
    return RETURNED.has(resource.kind) ? gone : success(resource, before);
  }
  if (context.dryRun) return before;
  if (before.metadata['deletionTimestamp'] !== undefined) return before;
  const { generation } = before.metadata;
  return deps.store.put(resource.store, {
    ...before,
    ...(resource.kind === 'Namespace' ? { status: { phase: 'Terminating' } } : {}),
    metadata: {
      ...before.metadata,
      finalizers: [...new Set(finalizers)],
      deletionTimestamp: formatTime(deps.clock.now()),
      deletionGracePeriodSeconds: 0,
      ...(typeof generation === 'number' ? { generation: generation + 1 } : {}),
    },
  });
}

/** Kinds whose deletion is answered with their last state; all others answer that it is done. */
const RETURNED = new Set([
  'Pod',
  'Service',
  'ServiceAccount',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'PodTemplate',
  'ResourceQuota',
  'StorageClass',
]);

const success = (resource: Resource, { metadata }: Stored): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: {
    name: metadata.name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    uid: metadata.uid,
  },
});
