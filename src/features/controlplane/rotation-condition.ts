import type { ControlPlane } from '../../api/control-plane.ts';
import { AUTHORITIES_CONDITION } from '../../api/control-plane-names.ts';
import { findCondition, type NextCondition } from '../../kube/conditions.ts';
import { ROTATION_ANNOTATION, rotationGoal, type RotationPhase } from '../../planes/plane-rotation.ts';

/** How far the exchange of a plane's authorities is. */
export interface Rotation {
  readonly phase: RotationPhase;
  /** All pods run with the keys of this phase. */
  readonly isRolledOut: boolean;
}

/** What is said of it; nothing of a plane whose authorities were never exchanged. Pure. */
export function rotationConditions(
  plane: ControlPlane,
  { phase, isRolledOut }: Rotation,
): readonly NextCondition[] {
  const of = (reason: string, message: string): readonly NextCondition[] => [
    {
      type: AUTHORITIES_CONDITION,
      status: phase === 'settled' && isRolledOut ? 'True' : 'False',
      reason,
      message,
    },
  ];
  const wasSaid = findCondition(plane.status?.conditions, AUTHORITIES_CONDITION) !== undefined;
  if (phase === 'settled') {
    if (!wasSaid) return [];
    return isRolledOut
      ? of('Settled', 'One set of authorities is trusted')
      : of('Settling', 'The old authorities are being forgotten: pods are replaced');
  }
  if (!isRolledOut)
    return phase === 'introduced'
      ? of('Introducing', 'New authorities come to be trusted beside the old ones: pods are replaced')
      : of('Renewing', 'The new authorities sign; the old ones are still trusted: pods are replaced');
  return phase === 'introduced'
    ? of(
        'Introduced',
        `New authorities are trusted, and nothing is signed by them yet; annotation ${ROTATION_ANNOTATION}=renew goes on`,
      )
    : of(
        'Renewed',
        `Everything is signed by the new authorities. Fetch the kubeconfigs again; then annotation ${ROTATION_ANNOTATION}=finish ends the trust in the old ones`,
      );
}

/** Why the annotation is not understood. */
export function rotationProblem({ metadata }: ControlPlane): string | undefined {
  const text = metadata.annotations?.[ROTATION_ANNOTATION];
  if (text === undefined || rotationGoal(text) !== undefined) return undefined;
  return `Annotation ${ROTATION_ANNOTATION} is "${text}"; it takes begin, renew or finish`;
}
