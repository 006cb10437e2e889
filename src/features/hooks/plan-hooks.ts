import { CONTROL_PLANE, type ControlPlane, type ControlPlaneStatus } from '../../api/control-plane.ts';
import type { HookState } from '../../api/hook-state.ts';
import type { Plan, PlannedEvent, Stage, StatusBase, StatusPart } from '../../runtime/plan.ts';
import type { HooksWorld } from './work-hooks.ts';

/** The hooks' part of a plane's status. */
export type HooksStatus = StatusBase &
  Pick<ControlPlaneStatus, 'hooks' | 'postCreateHooks' | 'postCreateHookCompleted'>;

/** Who says it: the rest of the status is the plane's own controller's. */
export const HOOKS_STATUS: StatusPart = {
  manager: 'tenantry-hooks-status',
  fields: ['hooks', 'postCreateHooks', 'postCreateHookCompleted'],
  conditions: [],
};

/** Milliseconds between two looks while the plane waits for what its hooks made. */
const WAIT_MS = 2_000;
/** The same where nobody waits, or something is wrong that may be put right elsewhere: a right, a kind. */
const SLOW_MS = 20_000;

/** What to say about the hooks of a plane, and when to look again. Pure. */
export function planHooks(plane: ControlPlane, world: HooksWorld): Plan<HooksStatus> {
  if (!world.isServing) return { stages: [] };
  const { states } = world;
  const stages = labelStages(plane, world.labels);
  const status: HooksStatus = {
    ...(states.length === 0
      ? {}
      : {
          hooks: states,
          postCreateHooks: Object.fromEntries(states.map(({ name, applied }) => [name, applied])),
        }),
    // Also where there are none: whoever waits for hooks waits for nothing then.
    postCreateHookCompleted: states.every(({ applied, ready }) => applied && ready),
  };
  const unready = states.filter(({ applied, ready }) => !applied || !ready);
  const isAwaited =
    plane.spec.waitForPostCreateHooks === true || uses(plane).some(({ wait }) => wait === true);
  return {
    stages,
    status,
    statusPart: HOOKS_STATUS,
    events: eventsOf(plane.status?.hooks ?? [], states),
    again: world.again,
    ...(unready.length === 0 ? {} : { lookAgainMs: isAwaited && isOnTheWay(unready) ? WAIT_MS : SLOW_MS }),
  };
}

const uses = (plane: ControlPlane) => plane.spec.postCreateHooks ?? [];

/** Everything is written and only has to start. */
function isOnTheWay(states: readonly HookState[]): boolean {
  return states.some(({ applied }) => applied);
}

function labelStages(plane: ControlPlane, labels: Readonly<Record<string, string>>): readonly Stage[] {
  const { name, uid, labels: present = {} } = plane.metadata;
  const missing = Object.entries(labels).filter(([label, value]) => present[label] !== value);
  if (missing.length === 0) return [];
  const body = { metadata: { ...(uid === undefined ? {} : { uid }), labels: Object.fromEntries(missing) } };
  return [{ name: 'labels', writes: [{ verb: 'patch', kind: CONTROL_PLANE, ref: { name }, body }] }];
}

/** Told once for each thing that happens to a hook. */
function eventsOf(before: readonly HookState[], after: readonly HookState[]): readonly PlannedEvent[] {
  return after.flatMap((state): readonly PlannedEvent[] => {
    const last = before.find(({ name }) => name === state.name);
    if (state.applied && state.ready && !(last?.applied === true && last.ready)) {
      const message = `Hook ${state.name}: what it made works`;
      return [{ type: 'Normal', reason: 'PostCreateHookReady', message, always: true }];
    }
    if (state.message === undefined || state.message === last?.message || state.applied) return [];
    const message = `Hook ${state.name}: ${state.message}`;
    return [{ type: 'Warning', reason: 'PostCreateHookFailed', message, always: true }];
  });
}
