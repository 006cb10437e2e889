import type { ControlPlane } from '../../api/control-plane.ts';
import { RESTORING_ANNOTATION } from '../../api/control-plane-names.ts';

/** No restore takes longer; an annotation that names a later time, by a wrong clock or on purpose, counts no longer than this. */
const LONGEST_MS = 10 * 60 * 1000;

/**
 * Milliseconds for which the controllers of a plane are to rest, because a snapshot is being restored into it: they see one kind before the other,
 * and would make anew what is not there yet. 0 where they are not. It ends by itself: who restores may be gone. Pure.
 */
export function restoringMs({ metadata }: Pick<ControlPlane, 'metadata'>, now: number): number {
  const until = Date.parse(metadata.annotations?.[RESTORING_ANNOTATION] ?? '');
  return Number.isNaN(until) || until - now > LONGEST_MS ? 0 : Math.max(0, until - now);
}
