import type { ControlPlane, ControlPlaneStatus } from '../../api/control-plane.ts';
import { NAMESPACE, type Deployment } from '../../kube/builtin-kinds.ts';
import type { NextCondition } from '../../kube/conditions.ts';
import type { Part } from '../../planes/object-of.ts';
import { API_SERVER, CERTIFICATES_SECRET, CONTROLLER_MANAGER } from '../../planes/plane-names.ts';
import { auditArgs, auditClaim } from '../../planes/audit.ts';
import { ENCRYPTION_SECRET } from '../../planes/encryption.ts';
import { planeParts } from '../../planes/parts.ts';
import { pkiDueAt } from '../../planes/plane-pki.ts';
import { DATASTORE_SECRET } from '../../planes/kine.ts';
import { postgresParts } from '../../planes/postgres.ts';
import { adminKubeconfig } from '../../planes/secrets.ts';
import type { Plan, ServiceAccountRef, Stage, Write } from '../../runtime/plan.ts';
import { encryptionSaid } from './current-encryption.ts';
import { databaseStage } from './database-stage.ts';
import { readyWhenAsked } from './hooks-gate.ts';
import { rotationConditions, rotationProblem } from './rotation-condition.ts';
import { restoringMs } from './restoring.ts';
import { upToDate } from './up-to-date.ts';
import { kubeconfigForm } from './kubeconfig-form.ts';
import { isAvailable } from './observe.ts';
import { rewriteStage } from './rewrite-secrets.ts';
import { HIBERNATES } from './resting-plane.ts';
import { keyOfPart, partWrites, surplus, type Present } from '../../planes/part-writes.ts';
import { bindingPart, namespaceWrite, ownerOf } from './plane-namespace.ts';
import { referenceTo } from './plane-reference.ts';
import { storeOf } from './plane-store.ts';
import { isOfStore } from './shared-store.ts';
import { eventsOf, PLANE_STATUS, statusOf, type Verdict } from './status.ts';
import { storeSaid, tendDueMs, tendStage } from './tend-store.ts';
import { virtualClusterOf } from './virtual-plane.ts';
import type { PlaneWorld, StoreWorld } from './world.ts';

/** Between two questions to an API server that has just started; its controllers take half a second. */
const ASK_AGAIN_MS = 250;
/** Longest time without a look: Secrets are not watched, and timers take no more than 24 days. */
const LOOK_AGAIN_MS = 60 * 60 * 1000;

/** What should be true of a plane of type k8s, and what to say about it. Pure. */
export function planPlane(
  plane: ControlPlane,
  world: PlaneWorld,
  account: ServiceAccountRef,
  now: number,
): Plan<ControlPlaneStatus> {
  const blocked = blockedBy(plane, world);
  if (blocked !== undefined)
    return { stages: [], ...said(plane, { problem: blocked, hasKubeconfig: false }, now) };
  const stages = stagesOf(plane, world, account).filter(
    ({ writes, actions = [] }) => writes.length + actions.length > 0,
  );
  const { versions } = world;
  const seen = verdictOf(plane, world);
  const { store, conditions } = storeSaid(world);
  const verdict: Verdict = {
    ...seen,
    store,
    more: [...(seen.more ?? []), ...conditions, ...encryptionSaid(plane, world.encryption)],
    version: versions.apiServer,
    problem: versions.problem ?? rotationProblem(plane) ?? world.auditProblem,
  };
  // Whose certificates are due while nobody runs is seen when they wake.
  if (world.spec.asleep === true) return { finalizer: 'present', stages, ...said(plane, verdict, now) };
  const isServing = isAvailable(world.present, API_SERVER);
  const dueMs = Math.max(0, pkiDueAt(world.pki, world.spec) - now);
  const tendMs = isServing && world.hasAnswered ? tendDueMs(world, now) : LOOK_AGAIN_MS;
  const rewriting = isServing ? rewriteStage(world) : [];
  return {
    finalizer: 'present',
    // What was written anew is noted at once.
    ...(rewriting.length === 0 ? {} : { again: true }),
    stages: [...stages, ...rewriting, ...(tendMs > 0 ? [] : [tendStage(world)])],
    ...said(plane, verdict, now),
    lookAgainMs:
      isServing && !world.hasAnswered
        ? ASK_AGAIN_MS
        : Math.min(LOOK_AGAIN_MS, dueMs, tendMs, restoringMs(plane, now) || LOOK_AGAIN_MS),
  };
}

/** Status and events of a verdict. */
export function said(
  plane: ControlPlane,
  verdict: Verdict,
  now: number,
): Pick<Plan<ControlPlaneStatus>, 'status' | 'statusPart' | 'events'> {
  return {
    status: statusOf(plane, verdict, now),
    statusPart: PLANE_STATUS,
    events: eventsOf(verdict),
  };
}

/** Why nothing can be written: a namespace that somebody else has, or that still goes. */
function blockedBy(
  { metadata }: ControlPlane,
  { namespace, spec, shared, storeProblem }: PlaneWorld,
): string | undefined {
  if (namespace !== undefined && ownerOf(namespace) !== metadata.uid)
    return `Namespace ${spec.namespace} is there already and not this plane's: choose another name, or delete the namespace`;
  if (namespace?.metadata.deletionTimestamp !== undefined)
    return `Namespace ${spec.namespace} is being deleted; the plane is made when it is gone`;
  if (storeProblem !== undefined) return storeProblem;
  if (shared !== 'unknown' && shared?.namespace !== undefined && !isOfStore(shared.namespace, shared.spec))
    return `Namespace ${shared.spec.namespace} is there already and not the operator's: it is for the PostgreSQL that planes share`;
  return undefined;
}

function stagesOf(plane: ControlPlane, world: PlaneWorld, account: ServiceAccountRef): readonly Stage[] {
  const { spec, pki, outside, present, namespace } = world;
  const shared = world.shared === 'unknown' ? undefined : world.shared;
  const owner = spec.ownerUid;
  const { database } = world;
  const [base, servers, controllers] = planeParts(spec, pki, storeOf(world));
  const kubeconfig = adminKubeconfig(spec, pki, outside, kubeconfigForm(plane));
  // Kept before anything uses them: keys are random.
  const keys = (base?.parts ?? []).filter(({ object }) => KEPT_FIRST.has(object.metadata.name));
  const others = (base?.parts ?? []).filter((part) => !keys.includes(part));
  const write = (parts: readonly Part[]): readonly Write[] =>
    partWrites(parts, present, { owner, as: account });
  const hasController = isAwake(present) || spec.asleep === true || isAvailable(present, API_SERVER);
  return [
    ...(shared === undefined ? [] : storeStages(shared, account)),
    {
      name: 'namespace',
      writes: namespace === undefined ? [namespaceWrite(spec, [referenceTo(plane)])] : [],
    },
    { name: 'binding', writes: partWrites([bindingPart(spec, account)], present, { owner }) },
    { name: 'keys', writes: write(keys) },
    { name: 'base', writes: write([...others, kubeconfig]) },
    ...(database?.serving === true ? [databaseStage('ensure-database', world, database)] : []),
    { name: 'audit volume', writes: claimWrites(world, account) },
    { name: 'servers', writes: mayServe(world) ? write(servers?.parts ?? []) : [] },
    { name: 'controllers', writes: hasController ? write(controllers?.parts ?? []) : [] },
    {
      name: 'surplus',
      writes: surplus(
        present,
        spec.name,
        [...others, ...(servers?.parts ?? []), ...(controllers?.parts ?? [])],
        account,
      ),
    },
  ];
}

/** Whether the API server has what it needs; a certificate without its Service's address would be of no use to pods. */
function mayServe({ spec, database, auditProblem }: PlaneWorld): boolean {
  if (auditProblem !== undefined) return false;
  const hasAddress = spec.door === undefined || spec.ipAddresses !== undefined;
  return hasAddress && (database === undefined || database.serving);
}

const KEPT_FIRST = new Set([CERTIFICATES_SECRET, DATASTORE_SECRET, ENCRYPTION_SECRET]);

/** The claim of the audit log, where API servers are about to need it or can't start: claims are not watched. */
function claimWrites({ spec, present, auditProblem }: PlaneWorld, as: ServiceAccountRef): readonly Write[] {
  const claim = auditClaim(spec);
  if (claim === undefined || auditProblem !== undefined || spec.asleep === true) return [];
  const apiServer: Deployment | undefined = present.get(`apps/Deployment/${API_SERVER}`);
  const args = apiServer?.spec?.template.spec?.containers[0]?.args ?? [];
  const isUsed = auditArgs(spec).every((arg) => args.includes(arg)) && isAvailable(present, API_SERVER);
  return isUsed ? [] : [{ verb: 'own', ...claim, owner: spec.ownerUid, as }];
}

/** Whether the controllers were started before: those of a plane that wakes wait for their API server like new ones. */
function isAwake(present: Present): boolean {
  const deployment: Deployment | undefined = present.get(`apps/Deployment/${CONTROLLER_MANAGER}`);
  return (deployment?.spec?.replicas ?? 0) > 0;
}

/** The PostgreSQL that planes share comes with the first of them. */
function storeStages(
  { spec, keys, namespace, present }: StoreWorld,
  as: ServiceAccountRef,
): readonly Stage[] {
  const owner = spec.ownerUid;
  const [secret, ...others] = postgresParts(spec, keys);
  return [
    { name: 'store namespace', writes: namespace === undefined ? [namespaceWrite(spec, [])] : [] },
    { name: 'store binding', writes: partWrites([bindingPart(spec, as)], present, { owner }) },
    { name: 'store keys', writes: secret === undefined ? [] : partWrites([secret], present, { owner, as }) },
    { name: 'store', writes: partWrites(others, present, { owner, as }) },
  ];
}

function verdictOf(plane: ControlPlane, world: PlaneWorld): Verdict {
  const { present, hasAnswered, shared } = world;
  const hasKubeconfig = present.has(
    keyOfPart(adminKubeconfig(world.spec, world.pki, undefined, kubeconfigForm(plane))),
  );
  const states = [upToDate(world.versions), ...rotationConditions(plane, world.rotation)];
  if (world.spec.asleep === true) {
    return {
      hasKubeconfig,
      ready: { is: false, reason: 'unavailable', message: HIBERNATES },
      more: states,
    };
  }
  const waiting = waitingFor(plane, world);
  const more = { more: plane.spec.type === 'vcluster' ? [...states, podsOnHost(plane)] : states };
  if (waiting !== undefined) {
    const wasReady = hasAnswered && shared !== 'unknown';
    const message = `${wasReady ? 'Interrupted' : 'Starting'}: ${waiting}`;
    return { hasKubeconfig, ready: { is: false, reason: 'unavailable', message }, ...more };
  }
  return { hasKubeconfig, ready: readyWhenAsked(plane, 'The API server answers'), ...more };
}

/** What a plane that is not ready waits for. */
function waitingFor({ spec }: ControlPlane, world: PlaneWorld): string | undefined {
  const { present, shared, hasAnswered } = world;
  if (shared !== undefined && shared !== 'unknown' && !shared.serving && !isAvailable(present, API_SERVER))
    return 'the PostgreSQL that planes share is not ready';
  if (!isAvailable(present, API_SERVER)) {
    const store = spec.backend === 'dedicated' ? 'its etcd' : 'its database';
    return `the API server, or ${store}, is not ready (kubectl get pods -n <name>-system)`;
  }
  if (!hasAnswered) return 'the API server has no ServiceAccount yet';
  if (world.spec.controllersRest === true) return 'a snapshot is being restored, its controllers rest';
  return isAvailable(present, CONTROLLER_MANAGER) ? undefined : 'the controllers are not ready';
}

/** Whether pods of such a plane run on the hosting cluster. */
function podsOnHost(plane: ControlPlane): NextCondition {
  const virtual = virtualClusterOf(plane);
  if (virtual === undefined) return NO_PODS;
  const message = `VirtualCluster ${virtual} runs the pods in its namespace, and says how it is`;
  return { type: 'PodsOnHost', status: 'True', reason: 'Synced', message };
}

const NO_PODS = {
  type: 'PodsOnHost',
  status: 'False',
  reason: 'NotSynced',
  message:
    'Pods of this plane do not run: it is an API server with controllers, as type k8s is; a VirtualCluster runs pods on the hosting cluster',
} as const;

/** A plane that is to go: its namespace, then its role and database, then the object itself. Pure. */
export function planRemoval(plane: ControlPlane, world: PlaneWorld, now: number): Plan<ControlPlaneStatus> {
  const { namespace, shared, spec, database, storeProblem } = world;
  const deleting = (message: string): Plan<ControlPlaneStatus> => ({
    stages: [],
    ...said(plane, { hasKubeconfig: false, ready: { is: false, reason: 'deleting', message } }, now),
  });
  if (namespace !== undefined && ownerOf(namespace) === spec.ownerUid) {
    const plan = deleting(`Namespace ${spec.namespace} is being deleted`);
    const { name, uid, deletionTimestamp } = namespace.metadata;
    if (deletionTimestamp !== undefined || uid === undefined) return plan;
    return {
      ...plan,
      stages: [{ name: 'namespace', writes: [{ verb: 'delete', kind: NAMESPACE, ref: { name }, uid }] }],
    };
  }
  if (storeProblem !== undefined)
    return deleting(`What it has in its store stays until that can be reached: ${storeProblem}`);
  // Without a server there was never a database.
  const isMade =
    shared === undefined ||
    (shared !== 'unknown' && shared.namespace !== undefined && isOfStore(shared.namespace, shared.spec));
  const stages = database !== undefined && isMade ? [databaseStage('drop-database', world, database)] : [];
  return { finalizer: 'absent', stages };
}
