import { formatTime } from '../../src/kube/conditions.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { isMap, listAt, mapAt, type Stored } from './json.ts';
import { customResources, type Resource } from './resources.ts';
import { namespaceOf, type Store } from './store.ts';
import { isDone } from './is-done.ts';

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
const CRD_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** What the lifecycle works on; `setCustom` replaces the set of custom resources that are served. */
export interface LifecycleDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly setCustom: (resources: readonly Resource[]) => void;
}

/**
 * The parts of the controller manager and of the API server's own controllers that others rely on: namespaces empty
 * themselves, dependents go with their owners, definitions become served. Runs shortly after every change, never
 * inside the request that made it: as on a real cluster nobody may count on it having happened.
 */
export function startLifecycle(deps: LifecycleDeps): () => void {
  let scheduled: NodeJS.Immediate | undefined;
  const run = (): void => {
    scheduled = undefined;
    settle(deps);
  };
  const stop = deps.store.onChange(() => {
    scheduled ??= setImmediate(run);
  });
  return () => {
    stop();
    if (scheduled !== undefined) clearImmediate(scheduled);
  };
}

function settle(deps: LifecycleDeps): void {
  for (const crd of deps.store.list(CRDS)) settleDefinition(crd, deps);
  deps.setCustom(deps.store.list(CRDS).filter(isEstablished).flatMap(customResources));
  for (const namespace of deps.store.list('namespaces.')) settleNamespace(namespace, deps);
  collectGarbage(deps);
}

function isEstablished(crd: Stored): boolean {
  return listAt(mapAt(crd, 'status'), 'conditions').some(
    (condition) => isMap(condition) && condition['type'] === 'Established' && condition['status'] === 'True',
  );
}

function settleDefinition(crd: Stored, { store, clock }: LifecycleDeps): void {
  if (crd.metadata['deletionTimestamp'] !== undefined) {
    if (!listAt(crd.metadata, 'finalizers').includes(CRD_CLEANUP)) return;
    const objects = store.list(crd.metadata.name);
    if (objects.length === 0) dropFinalizer(CRDS, crd, CRD_CLEANUP, store);
    else for (const object of objects) markDeleted(crd.metadata.name, object, store, clock);
    return;
  }
  if (isEstablished(crd)) return;
  const lastTransitionTime = formatTime(clock.now());
  const condition = (type: string, reason: string, message: string): object => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime,
  });
  const versions = listAt(mapAt(crd, 'spec'), 'versions').filter(isMap);
  store.put(CRDS, {
    ...crd,
    metadata: { ...crd.metadata },
    status: {
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      acceptedNames: mapAt(mapAt(crd, 'spec'), 'names'),
      storedVersions: versions
        .filter((version) => version['storage'] === true)
        .map((version) => version['name']),
    },
  });
}

function settleNamespace(namespace: Stored, { store, clock }: LifecycleDeps): void {
  if (namespace.metadata['deletionTimestamp'] === undefined) return;
  const content = store.all().filter(({ object }) => namespaceOf(object) === namespace.metadata.name);
  for (const { store: where, object } of content) markDeleted(where, object, store, clock);
  const left = store.all().some(({ object }) => namespaceOf(object) === namespace.metadata.name);
  if (left || listAt(mapAt(namespace, 'spec'), 'finalizers').length === 0) return;
  const emptied: Stored = {
    ...namespace,
    metadata: { ...namespace.metadata },
    spec: { ...mapAt(namespace, 'spec'), finalizers: [] },
  };
  const stored = store.put('namespaces.', emptied);
  if (isDone(stored)) store.remove('namespaces.', stored);
}

/** Deletes as a plain DELETE does: at once, or marked where finalizers hold it. */
function markDeleted(where: string, object: Stored, store: Store, clock: Clock): void {
  if (object.metadata['deletionTimestamp'] !== undefined) return;
  if (listAt(object.metadata, 'finalizers').length === 0) {
    store.remove(where, object);
    return;
  }
  store.put(where, {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: formatTime(clock.now()),
      deletionGracePeriodSeconds: 0,
    },
  });
}

function dropFinalizer(where: string, object: Stored, finalizer: string, store: Store): void {
  const finalizers = listAt(object.metadata, 'finalizers').filter((other) => other !== finalizer);
  const stored = store.put(where, { ...object, metadata: { ...object.metadata, finalizers } });
  if (isDone(stored)) store.remove(where, stored);
}

function collectGarbage({ store, clock }: LifecycleDeps): void {
  const all = store.all();
  const byUid = new Map(all.map((entry) => [entry.object.metadata.uid, entry.object]));
  for (const { store: where, object } of all) {
    const owners = listAt(object.metadata, 'ownerReferences').filter(isMap);
    const orphaning = (owner: Stored | undefined): boolean =>
      listAt(owner?.metadata, 'finalizers').includes('orphan');
    const released = owners.filter((owner) => orphaning(byUid.get(String(owner['uid']))));
    if (released.length > 0) {
      const ownerReferences = owners.filter((owner) => !released.includes(owner));
      store.put(where, { ...object, metadata: { ...object.metadata, ownerReferences } });
    } else if (owners.length > 0 && owners.every((owner) => isGoing(byUid.get(String(owner['uid']))))) {
      markDeleted(where, object, store, clock);
    }
  }
  for (const { store: where, object } of store.all()) settleOwner(where, object, store);
}

/** An owner that is gone, or that waits in the foreground for its dependents. */
const isGoing = (owner: Stored | undefined): boolean =>
  owner === undefined || listAt(owner.metadata, 'finalizers').includes('foregroundDeletion');

function settleOwner(where: string, owner: Stored, store: Store): void {
  const finalizers = listAt(owner.metadata, 'finalizers');
  if (owner.metadata['deletionTimestamp'] === undefined) return;
  if (finalizers.includes('orphan')) dropFinalizer(where, owner, 'orphan', store);
  if (!finalizers.includes('foregroundDeletion')) return;
  const blocked = store
    .all()
    .some(({ object }) =>
      listAt(object.metadata, 'ownerReferences').some((o) => isMap(o) && o['uid'] === owner.metadata.uid),
    );
  if (!blocked) dropFinalizer(where, owner, 'foregroundDeletion', store);
}
