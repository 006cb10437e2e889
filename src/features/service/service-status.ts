import { REGISTERED_STATUS } from '../../api/names.ts';
import type { CompositionStatus, ResourceComposition } from '../../api/resource-composition.ts';
import type { Revision } from '../../api/revision.ts';
import { setCondition } from '../../kube/conditions.ts';
import type { Condition, KubeObject } from '../../kube/object.ts';
import type { StatusBase } from '../../runtime/plan.ts';
import type { ChartProblem } from './chart-problem.ts';
import type { PreparedChart } from './world.ts';

/** Status of a composition as a plan states it. */
export type ServiceStatus = CompositionStatus & StatusBase;

/** Characters of a message; conditions allow 32 KiB, people read less. */
const MAX_MESSAGE = 4000;

type State = 'ready' | 'working' | 'waiting' | 'stalled';

/** Ready, Reconciling and Stalled, as kstatus reads them. */
export function conditionsFor(
  object: Pick<KubeObject, 'metadata'> & {
    readonly status?: { readonly conditions?: readonly Condition[] | undefined };
  },
  what: { readonly state: State; readonly reason: string; readonly message: string },
  now: number,
): Condition[] {
  const message =
    what.message.length > MAX_MESSAGE ? `${what.message.slice(0, MAX_MESSAGE - 1)}…` : what.message;
  const set = (
    before: readonly Condition[] | undefined,
    type: string,
    holds: boolean,
  ): readonly Condition[] =>
    setCondition(
      before,
      {
        type,
        status: holds ? 'True' : 'False',
        reason: what.reason,
        message,
        observedGeneration: object.metadata.generation ?? 0,
      },
      now,
    );
  const ready = set(object.status?.conditions, 'Ready', what.state === 'ready');
  const reconciling = set(ready, 'Reconciling', what.state === 'working' || what.state === 'waiting');
  return [...set(reconciling, 'Stalled', what.state === 'stalled')];
}

export function registeredStatus(
  composition: ResourceComposition,
  revision: Revision,
  chart: PreparedChart,
  now: number,
): ServiceStatus {
  return {
    ...chartStatus(composition, revision, chart),
    status: REGISTERED_STATUS,
    conditions: conditionsFor(
      composition,
      {
        state: 'ready',
        reason: 'Registered',
        message: `${revision.spec.resource.kind} can be created; new instances run revision ${revision.metadata.name}.`,
      },
      now,
    ),
  };
}

/** While the API server makes the kind available. */
export function pendingStatus(
  composition: ResourceComposition,
  revision: Revision,
  chart: PreparedChart,
  now: number,
): ServiceStatus {
  const before = composition.status?.status;
  return {
    ...chartStatus(composition, revision, chart),
    // Whoever waits for the text sees it once and for all; a chart that follows does not take it back.
    ...(before === REGISTERED_STATUS ? { status: before } : {}),
    conditions: conditionsFor(
      composition,
      {
        state: 'working',
        reason: 'Registering',
        message: `Waiting for the API server to serve ${revision.spec.resource.kind}.`,
      },
      now,
    ),
  };
}

function chartStatus(
  composition: ResourceComposition,
  revision: Revision,
  chart: PreparedChart,
): ServiceStatus {
  const { name, version, appVersion, digest } = revision.spec.chart;
  const { notEnforced } = chart.values;
  return {
    observedGeneration: composition.metadata.generation ?? 0,
    revision: revision.metadata.name,
    chart: { name, version, ...(appVersion === '' ? {} : { appVersion }), digest },
    ...(notEnforced.length === 0 ? {} : { notEnforced: [...notEnforced] }),
  };
}

/** Why the service is not as the composition says. What was registered before goes on. */
export function failedStatus(
  composition: ResourceComposition,
  problems: readonly ChartProblem[],
  current: Revision | undefined,
  now: number,
): ServiceStatus {
  const text = problems.map(({ message }) => message.trim()).join('\n');
  const message = current === undefined ? text : `${text}\nRevision ${current.metadata.name} stays in use.`;
  const [first] = problems;
  const state = problems.every(({ retryMs }) => retryMs !== undefined) ? 'waiting' : 'stalled';
  return {
    ...composition.status,
    observedGeneration: composition.metadata.generation ?? 0,
    status: `Error:${text}`,
    conditions: conditionsFor(composition, { state, reason: first?.reason ?? 'Failed', message }, now),
  };
}

/** While a composition is being deleted. */
export function deletingStatus(
  composition: ResourceComposition,
  what: { readonly state: 'working' | 'stalled'; readonly reason: string; readonly message: string },
  now: number,
): ServiceStatus {
  return {
    ...composition.status,
    observedGeneration: composition.metadata.generation ?? 0,
    conditions: conditionsFor(composition, what, now),
  };
}
