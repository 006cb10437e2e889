import { minorOf, NEWEST_PLANE_VERSION, PLANE_VERSIONS } from '../api/plane-versions.ts';
import type { Deployment } from '../kube/builtin-kinds.ts';
import { endingPods } from './ending-pods.ts';

/** A program of a plane as it is: the version that was last written, and whether all of its pods run it. */
export interface Rollout {
  readonly version: string;
  readonly isComplete: boolean;
}

/** What a plane's version depends on. */
export interface VersionFacts {
  /** `spec.version`. */
  readonly asked: string | undefined;
  /** `status.version`: what the API servers last were told to run. Lost, it is what they were seen to run. */
  readonly known: string | undefined;
  readonly apiServer: Rollout | undefined;
  readonly controllerManager: Rollout | undefined;
}

/** Versions that a plane's programs are to run now. */
export interface PlaneVersions {
  readonly apiServer: string;
  readonly controllerManager: string;
  /** Where it goes. */
  readonly goal: string;
  /** Why it doesn't go where the spec says. */
  readonly problem?: string;
}

/**
 * The next versions of a plane's programs. Kubernetes takes API servers one minor at a time and wants controllers that are not newer than
 * any of them and at most one minor older: so API servers go first, controllers when all of those are there, and only then the next minor.
 * What a plane runs is never changed but by its spec. Pure.
 */
export function nextVersions(facts: VersionFacts): PlaneVersions {
  const { asked, known, apiServer, controllerManager } = facts;
  const current = known ?? apiServer?.version;
  if (current === undefined) {
    const goal = releaseOf(asked) ?? NEWEST_PLANE_VERSION;
    return { apiServer: goal, controllerManager: goal, goal };
  }
  const { goal, problem } = goalOf(asked, current);
  const because = problem === undefined ? {} : { problem };
  const isServed = apiServer?.version === current && apiServer.isComplete;
  if (!isServed)
    return { apiServer: current, controllerManager: older(controllerManager, current), goal, ...because };
  const isRun = controllerManager?.version === current && controllerManager.isComplete;
  return {
    apiServer: isRun ? stepTowards(goal, current) : current,
    controllerManager: current,
    goal,
    ...because,
  };
}

/** Whether a plane is where it goes. */
export function isThere({ apiServer, controllerManager, goal }: PlaneVersions): boolean {
  return apiServer === goal && controllerManager === goal;
}

/** How far a Deployment of `replicas` pods is; undefined where its image names no version. */
export function rolloutOf(deployment: Deployment | undefined, replicas: number): Rollout | undefined {
  const image = deployment?.spec?.template.spec?.containers[0]?.image ?? '';
  const version = /:v(\d+\.\d+\.\d+)$/.exec(image)?.[1];
  if (deployment === undefined || version === undefined) return undefined;
  const { metadata, spec, status = {} } = deployment;
  const isComplete =
    spec?.replicas === replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    status.replicas === replicas &&
    endingPods(status) === 0 &&
    status.updatedReplicas === replicas &&
    status.availableReplicas === replicas;
  return { version, isComplete };
}

/** What the spec asks for, as a release; the reason where it can't be. */
function goalOf(asked: string | undefined, current: string): { goal: string; problem?: string } {
  // A minor alone is content with any release of it.
  const isContent = asked === undefined || asked === current || asked === minorOf(current);
  if (isContent) return { goal: current };
  const wanted = releaseOf(asked);
  if (wanted === undefined)
    return {
      goal: current,
      problem: `spec.version: this operator knows no ${asked}, only ${PLANE_VERSIONS.join(', ')}; the plane stays at ${current}`,
    };
  if (compareVersions(wanted, current) < 0)
    return {
      goal: current,
      problem: `spec.version: the plane runs ${current} and is not taken back to ${wanted}, which may not read what is stored; set spec.version to ${current}`,
    };
  return { goal: wanted };
}

function releaseOf(asked: string | undefined): string | undefined {
  return PLANE_VERSIONS.find((version) => version === asked || minorOf(version) === asked);
}

/** The goal where it is of this minor or the next; else the release of the next minor. */
function stepTowards(goal: string, current: string): string {
  const distance = minorNumber(goal) - minorNumber(current);
  if (distance <= 1) return goal;
  return PLANE_VERSIONS.find((version) => minorNumber(version) === minorNumber(current) + 1) ?? current;
}

/** What controllers run while API servers are on their way: as before, and never newer than those. */
function older(controllers: Rollout | undefined, current: string): string {
  if (controllers === undefined) return current;
  const isOlder = compareVersions(controllers.version, current) < 0;
  const isNear = minorNumber(current) - minorNumber(controllers.version) <= 1;
  return isOlder && isNear ? controllers.version : current;
}

const minorNumber = (version: string): number => Number(version.split('.')[1]);

function compareVersions(a: string, b: string): number {
  const [ofA, ofB] = [a, b].map((version) => version.split('.').map(Number));
  const difference = ofA?.map((part, index) => part - (ofB?.[index] ?? 0)).find((one) => one !== 0);
  return difference ?? 0;
}
