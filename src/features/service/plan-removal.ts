import type { Instance } from '../../api/instance.ts';
import { FINALIZER, FORCE_DELETE_LABEL } from '../../api/names.ts';
import type { ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, type Revision } from '../../api/revision.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { ObjectMeta } from '../../kube/object.ts';
import { NOTHING, type Plan, type Stage, type Write } from '../../runtime/plan.ts';
import { instanceKind, uidOf } from './service-objects.ts';
import { deletingStatus, type ServiceStatus } from './service-status.ts';
import type { Removal, ServiceWorld } from './world.ts';

/** Between two looks at instances that are going: their kinds come and go, so no watch of ours wakes us. */
const LOOK_AGAIN_MS = 1000;
/** Between two looks at instances that stay: somebody has to do something about them. */
const LOOK_AGAIN_LATER_MS = 15_000;
/** Instances deleted at once; the rest follow on the next look. */
const MAX_DELETES = 50;
/** Instances named in a message. */
const MAX_NAMED = 10;

/** `ns/a, ns/b and 3 more`. */
export function namesOf(instances: readonly Instance[]): string {
  const names = instances.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).sort();
  const more = names.length - MAX_NAMED;
  return more > 0 ? `${names.slice(0, MAX_NAMED).join(', ')} and ${more} more` : names.join(', ');
}

/**
 * Takes a service away: its instances if that was forced, then the kind, then what only it used, then the finalizer.
 * Every step is by UID and looked at again, so that a crash between any two ends the same.
 */
export function planRemoval(
  composition: ResourceComposition,
  world: ServiceWorld,
  removal: Removal,
  now: number,
): Plan<ServiceStatus> {
  if (!(composition.metadata.finalizers ?? []).includes(FINALIZER)) return NOTHING;
  const { instances } = removal;
  if (composition.spec.deletionProtection === true) {
    return hold(
      composition,
      'DeletionProtected',
      'spec.deletionProtection is set; the service stays until it is taken away.',
      now,
    );
  }
  const isForced = composition.metadata.labels?.[FORCE_DELETE_LABEL] !== undefined;
  const kept = instances.filter((instance) => instance.tenantry?.deletionProtection === true || !isForced);
  if (kept.length > 0) {
    const message = `The service has instances: ${namesOf(kept)}. Delete them, or force it with the label ${FORCE_DELETE_LABEL} (not those with deletionProtection).`;
    return hold(composition, 'InstancesExist', message, now);
  }
  if (instances.length > 0) return deleteInstances(composition, world, instances, now);
  if (world.crd !== undefined) {
    const { metadata } = world.crd;
    return {
      stages: [
        { name: 'kind', writes: [{ verb: 'delete', kind: CRD, ref: metadata, uid: uidOf(world.crd) }] },
      ],
      status: deletingStatus(
        composition,
        { state: 'working', reason: 'Deleting', message: 'Removing the kind from the API.' },
        now,
      ),
      lookAgainMs: LOOK_AGAIN_MS,
    };
  }
  const gone = (kind: Kind, object: { readonly metadata: ObjectMeta }): Write => ({
    verb: 'delete',
    kind,
    ref: object.metadata,
    uid: uidOf(object),
  });
  const stages: Stage[] = [
    { name: 'leftovers', writes: removal.leftovers.map(({ kind, object }) => gone(kind, object)) },
    // Last: what the charts brought is known by them alone, also what comes late.
    ...(removal.lateMs > 0
      ? []
      : [
          { name: 'revisions', writes: removal.revisions.map((revision) => gone(REVISION, revision)) },
          { name: 'revisions-go', writes: removal.revisions.flatMap(letGo) },
        ]),
  ];
  return { stages: stages.filter(({ writes }) => writes.length > 0), finalizer: 'absent' };
}

/** Takes our finalizer off a revision, which goes with it. */
function letGo(revision: Revision): Write[] {
  const { finalizers = [] } = revision.metadata;
  if (!finalizers.includes(FINALIZER)) return [];
  const metadata = { uid: uidOf(revision), finalizers: finalizers.filter((one) => one !== FINALIZER) };
  return [{ verb: 'patch', kind: REVISION, ref: revision.metadata, body: { metadata } }];
}

function hold(
  composition: ResourceComposition,
  reason: string,
  message: string,
  now: number,
): Plan<ServiceStatus> {
  return {
    stages: [],
    status: deletingStatus(composition, { state: 'stalled', reason, message }, now),
    events: [{ type: 'Warning', reason, message }],
    lookAgainMs: LOOK_AGAIN_LATER_MS,
  };
}

function deleteInstances(
  composition: ResourceComposition,
  world: ServiceWorld,
  instances: readonly Instance[],
  now: number,
): Plan<ServiceStatus> {
  const kind = instanceKind(world.resource);
  const writes = instances
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .slice(0, MAX_DELETES)
    .map((instance): Write => ({ verb: 'delete', kind, ref: instance.metadata, uid: uidOf(instance) }));
  const message = 'Deleting the instances of the service first.';
  return {
    stages: writes.length === 0 ? [] : [{ name: 'instances', writes }],
    status: deletingStatus(composition, { state: 'working', reason: 'DeletingInstances', message }, now),
    lookAgainMs: LOOK_AGAIN_MS,
  };
}
