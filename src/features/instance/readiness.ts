import type {
  DaemonSet,
  Deployment,
  Job,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import { failureOf, podTrouble, type Trouble } from './pod-trouble.ts';

/** One object of a release with what the store knows of it. */
export interface SeenObject {
  readonly kind: Kind;
  readonly name: string;
  /** Undefined while it is not there. */
  readonly live: AnyObject | undefined;
}

/** What the namespace shows of a release. */
export interface ReleaseView {
  readonly objects: readonly SeenObject[];
  readonly pods: readonly Pod[];
  /** Refusals of pods that stand in events only (StatefulSets, DaemonSets, Jobs), by `Kind/name`. */
  readonly refusals: Readonly<Record<string, string>>;
}

/** Whether a release works, in words that do not change while the state stays. */
export type Readiness =
  | { readonly ready: true }
  | {
      readonly ready: false;
      readonly reason: string;
      readonly message: string;
      /** It will not get further by itself. */
      readonly stalled: boolean;
    };

type Health =
  | { readonly state: 'ready' | 'waiting' }
  | ({ readonly state: 'failed'; readonly stalled: boolean } & Trouble);

const READY: Health = { state: 'ready' };
const WAITING: Health = { state: 'waiting' };

/** Reasons of Kubernetes' own words for a pod that a quota refused. */
const QUOTA = /exceeded quota/;
const QUOTA_REMEDY =
  'ask for less in the values, or let the provider raise the quota in the ResourceComposition (respolicy)';

/** The health of a release by the rules of kstatus, explained by its pods. Pure. */
export function readinessOf(view: ReleaseView): Readiness {
  const unready: string[] = [];
  const failures: (Trouble & { readonly stalled: boolean })[] = [];
  for (const one of [...view.objects].sort(byName)) {
    const health = healthOf(one, view);
    if (health.state === 'failed') failures.push(health);
    if (health.state !== 'ready') unready.push(`${one.kind.kind} ${one.name}`);
  }
  if (unready.length === 0) return { ready: true };
  const stalled = failures.some((failure) => failure.stalled);
  const trouble =
    failures.find((failure) => failure.reason === 'QuotaExceeded') ?? firstTrouble(view) ?? failures[0];
  if (trouble !== undefined)
    return { ready: false, reason: trouble.reason, message: trouble.message, stalled };
  return { ready: false, reason: 'Waiting', message: `Waiting for ${unready.join(', ')}`, stalled: false };
}

function byName(a: SeenObject, b: SeenObject): number {
  return `${a.kind.kind} ${a.name}` < `${b.kind.kind} ${b.name}` ? -1 : 1;
}

function firstTrouble({ pods, objects }: ReleaseView): Trouble | undefined {
  const troubles = pods
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .flatMap((pod) => podTrouble(pod) ?? []);
  // What can't be scheduled is often a claim that can't be bound; the claim knows more than the scheduler.
  const claim = objects.find((one) => one.kind.kind === 'PersistentVolumeClaim' && phaseOf(one) === 'Lost');
  if (claim !== undefined) {
    return { reason: 'VolumeLost', message: `PersistentVolumeClaim ${claim.name} has lost its volume` };
  }
  return troubles.sort((a, b) => (a.message < b.message ? -1 : 1))[0];
}

function phaseOf({ live }: SeenObject): string | undefined {
  // The status of claims and pods; read for its phase only.
  return (live as PersistentVolumeClaim | undefined)?.status?.phase;
}

function healthOf(one: SeenObject, view: ReleaseView): Health {
  const { live } = one;
  const kind = groupKindOf(one.kind);
  if (!isWorkload(kind)) return READY;
  if (live === undefined) return WAITING;
  if (observesOlder(live)) return WAITING;
  // The kind says which of the built-in types it is.
  switch (kind) {
    case 'apps/Deployment':
      return deploymentHealth(live);
    case 'apps/StatefulSet':
      return refused(one, view) ?? statefulSetHealth(live);
    case 'apps/DaemonSet':
      return refused(one, view) ?? daemonSetHealth(live);
    case 'batch/Job':
      return refused(one, view) ?? jobHealth(live, view.pods);
    case 'Pod':
      return podHealth(live);
    case 'PersistentVolumeClaim':
      // An unbound claim is no reason of its own: what uses it waits, and what nobody uses may never be bound.
      return phaseOf(one) === 'Lost' ? WAITING : READY;
  }
}

const WORKLOADS = [
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'batch/Job',
  'Pod',
  'PersistentVolumeClaim',
] as const;
type WorkloadKind = (typeof WORKLOADS)[number];

function isWorkload(kind: string): kind is WorkloadKind {
  return WORKLOADS.some((known) => known === kind);
}

/** True while the controller of the object has not seen its last change: its status speaks of an older one. */
function observesOlder(live: KubeObject): boolean {
  const { status } = live as KubeObject & { readonly status?: { readonly observedGeneration?: number } };
  if (live.metadata.generation === undefined || live.kind === 'Job' || live.kind === 'Pod') return false;
  if (live.kind === 'PersistentVolumeClaim') return false;
  return (status?.observedGeneration ?? 0) < live.metadata.generation;
}

function deploymentHealth({ metadata, spec, status }: Deployment): Health {
  const failure = status?.conditions?.find(
    ({ type, status: is }) => type === 'ReplicaFailure' && is === 'True',
  );
  if (failure !== undefined) return refusal(`Deployment ${metadata.name}`, failure.message ?? '');
  const progress = status?.conditions?.find(({ type }) => type === 'Progressing');
  if (progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded') {
    return {
      state: 'failed',
      reason: 'ProgressDeadlineExceeded',
      message: `Deployment ${metadata.name} did not become ready in its time`,
      stalled: true,
    };
  }
  const wanted = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  return updatedReplicas >= wanted && replicas <= updatedReplicas && availableReplicas >= updatedReplicas
    ? READY
    : WAITING;
}

function statefulSetHealth({ spec, status }: StatefulSet): Health {
  const wanted = spec?.replicas ?? 1;
  const { readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status ?? {};
  if (readyReplicas < wanted) return WAITING;
  // With OnDelete the pods are renewed by people; with a partition only some are.
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (spec?.updateStrategy?.type === 'OnDelete' || partition > 0) return READY;
  return currentRevision === updateRevision || updatedReplicas >= wanted ? READY : WAITING;
}

function daemonSetHealth({ status }: DaemonSet): Health {
  if (status === undefined) return WAITING;
  const { desiredNumberScheduled, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
  return updatedNumberScheduled >= desiredNumberScheduled && numberAvailable >= desiredNumberScheduled
    ? READY
    : WAITING;
}

function jobHealth(job: Job, pods: readonly Pod[]): Health {
  const { metadata, status } = job;
  const is = (type: string): { readonly message?: string } | undefined =>
    status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
  if (is('Complete') !== undefined) return READY;
  const failed = is('Failed');
  if (failed !== undefined) {
    const own = podsOf(metadata.uid, pods).flatMap((pod) => failureOf(pod) ?? [])[0];
    const message = `Job ${metadata.name} failed: ${own ?? failed.message ?? 'no reason given'}`;
    return { state: 'failed', reason: 'JobFailed', message, stalled: true };
  }
  if (lacksItsPods(job)) return WAITING;
  // Kstatus: a Job that runs is as it should be.
  return (status?.active ?? 0) > 0 || status?.startTime !== undefined ? READY : WAITING;
}

function podHealth(pod: Pod): Health {
  const { status } = pod;
  if (status?.phase === 'Succeeded') return READY;
  if (status?.phase === 'Failed') {
    const trouble = podTrouble(pod) ?? { reason: 'PodFailed', message: `Pod ${pod.metadata.name} failed` };
    return { state: 'failed', stalled: true, ...trouble };
  }
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    ? READY
    : WAITING;
}

/** Pods that an object controls. */
export function podsOf(uid: string | undefined, pods: readonly Pod[]): readonly Pod[] {
  return pods.filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

/**
 * True of an object whose controller should have made pods and made none: if that is because they were refused, the
 * controller says so in an event only, and nothing of the object changes any more.
 */
export function lacksPods({ kind, live }: SeenObject): boolean {
  if (live === undefined) return false;
  // The kind says which of the built-in types it is.
  switch (groupKindOf(kind)) {
    case 'apps/StatefulSet': {
      const { spec, status } = live as unknown as StatefulSet;
      return (status?.replicas ?? 0) < (spec?.replicas ?? 1);
    }
    case 'apps/DaemonSet': {
      const { status } = live as unknown as DaemonSet;
      return (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0);
    }
    case 'batch/Job':
      return lacksItsPods(live);
    default:
      return false;
  }
}

function lacksItsPods({ spec, status }: Job): boolean {
  if (spec?.suspend === true || status?.startTime === undefined) return false;
  const { active = 0, succeeded = 0, failed = 0 } = status;
  return active + succeeded + failed === 0;
}

function refused(one: SeenObject, { refusals }: ReleaseView): Health | undefined {
  const { kind, name } = one;
  // Events stay for an hour: what they tell is over once the pods are there.
  if (!lacksPods(one)) return undefined;
  const message = refusals[`${kind.kind}/${name}`];
  return message === undefined ? undefined : refusal(`${kind.kind} ${name}`, message);
}

/** A pod that the API server did not let in: by quota, pod security or another rule. */
function refusal(what: string, message: string): Health {
  // The pod's random name would make every attempt another message.
  const words = message.replace(/^.*?\bpods? "[^"]*" is forbidden: /i, '').trim();
  const [reason, remedy] = QUOTA.test(message) ? ['QuotaExceeded', `; ${QUOTA_REMEDY}`] : ['PodsRefused', ''];
  return { state: 'failed', reason, message: `${what} can't create pods: ${words}${remedy}`, stalled: false };
}
