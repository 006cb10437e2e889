import { namespaceOfPlane, type ControlPlane, type ControlPlaneStatus } from '../../api/control-plane.ts';
import {
  AUTHORITIES_CONDITION,
  ENCRYPTION_CONDITION,
  PLANE_REASONS,
  STORE_CONDITION,
  SYNCED_CONDITION,
  UP_TO_DATE_CONDITION,
} from '../../api/control-plane-names.ts';
import { setCondition, type NextCondition } from '../../kube/conditions.ts';
import type { Condition } from '../../kube/object.ts';
import { STATUS_FIELD_MANAGER } from '../../client/client.ts';
import type { PlannedEvent, StatusPart } from '../../runtime/plan.ts';
import { kubeconfigForm } from './kubeconfig-form.ts';

/** What the controller of planes says; the rest is said by that of hooks. */
export const PLANE_STATUS: StatusPart = {
  manager: STATUS_FIELD_MANAGER,
  fields: ['observedGeneration', 'secretRef', 'version', 'store'],
  conditions: [
    'Ready',
    SYNCED_CONDITION,
    UP_TO_DATE_CONDITION,
    AUTHORITIES_CONDITION,
    STORE_CONDITION,
    ENCRYPTION_CONDITION,
    'PodsOnHost',
  ],
};

/** What is said about a plane. */
export interface Verdict {
  /** Why its objects are not as they should be; undefined where they are. */
  readonly problem?: string | undefined;
  /** Left out: as before. */
  readonly ready?: {
    readonly is: boolean;
    readonly reason: keyof typeof PLANE_REASONS;
    readonly message: string;
  };
  /** Its kubeconfigs are there. */
  readonly hasKubeconfig: boolean;
  readonly more?: readonly NextCondition[];
  /** What its store holds; left out: as before. */
  readonly store?: NonNullable<ControlPlaneStatus['store']> | undefined;
  /** Of its API servers; left out: as before. */
  readonly version?: string;
}

/** The operator's part of the status, in KubeFlex's words. Pure. */
export function statusOf(plane: ControlPlane, verdict: Verdict, now: number): ControlPlaneStatus {
  const { generation } = plane.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const { problem, ready, hasKubeconfig, more = [] } = verdict;
  const version = verdict.version ?? plane.status?.version;
  const store = verdict.store ?? plane.status?.store;
  const conditions: readonly NextCondition[] = [
    ...(ready === undefined
      ? []
      : [
          {
            type: 'Ready',
            status: ready.is ? ('True' as const) : ('False' as const),
            reason: PLANE_REASONS[ready.reason],
            message: ready.message,
          },
        ]),
    {
      type: SYNCED_CONDITION,
      status: problem === undefined ? 'True' : 'False',
      reason: problem === undefined ? PLANE_REASONS.success : PLANE_REASONS.error,
      message: problem ?? '',
    },
    ...more,
  ];
  const { secret, key, inClusterKey } = kubeconfigForm(plane);
  const secretRef = { namespace: namespaceOfPlane(plane), name: secret, key, inClusterKey };
  return {
    conditions: conditions.reduce<readonly Condition[]>(
      (all, one) => setCondition(all, { ...one, ...observed }, now),
      (plane.status?.conditions ?? []).filter(({ type }) => PLANE_STATUS.conditions.includes(type)),
    ),
    ...observed,
    ...(version === undefined ? {} : { version }),
    ...(store === undefined ? {} : { store }),
    ...(hasKubeconfig ? { secretRef } : {}),
  };
}

/** KubeFlex's events. */
export function eventsOf({ problem, ready }: Verdict): readonly PlannedEvent[] {
  if (problem !== undefined) return [{ type: 'Warning', reason: 'SyncFail', message: problem }];
  if (ready?.is === true) return [{ type: 'Normal', reason: 'SyncSuccess', message: 'The plane answers' }];
  return [];
}
