import { CONTROL_PLANE, type ControlPlane, type ControlPlaneStatus } from '../../api/control-plane.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { Plan } from '../../runtime/plan.ts';

/** Longest time without a look: timers take no more than 24 days. */
const LONGEST_MS = 20 * 86_400_000;

/** The plan of a plane that may have an end: looked at when that has come, and then deleted like by anybody. Pure. */
export function withEnd(
  plane: ControlPlane,
  plan: Plan<ControlPlaneStatus>,
  now: number,
): Plan<ControlPlaneStatus> {
  const { name, uid, deletionTimestamp } = plane.metadata;
  const end = endOf(plane);
  if (end === undefined || uid === undefined || deletionTimestamp !== undefined) return plan;
  if (now < end)
    return { ...plan, lookAgainMs: Math.min(plan.lookAgainMs ?? LONGEST_MS, end - now, LONGEST_MS) };
  return {
    stages: [{ name: 'end', writes: [{ verb: 'delete', kind: CONTROL_PLANE, ref: { name }, uid }] }],
    events: [
      {
        type: 'Normal',
        reason: 'Expired',
        message: `It was made for ${plane.spec.ttl ?? ''}, which are over`,
      },
    ],
  };
}

/** When a plane is to go, in milliseconds since the epoch. */
function endOf({ metadata, spec }: ControlPlane): number | undefined {
  const life = spec.ttl === undefined ? undefined : parseDuration(spec.ttl);
  const begin = Date.parse(metadata.creationTimestamp ?? '');
  return life === undefined || Number.isNaN(begin) ? undefined : begin + life;
}
