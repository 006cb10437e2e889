import { namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { SYNCED_CONDITION, UP_TO_DATE_CONDITION } from '../../api/control-plane-names.ts';
import type { Deployment, StatefulSet } from '../../kube/builtin-kinds.ts';
import { findCondition } from '../../kube/conditions.ts';
import type { Stores } from '../../runtime/controller.ts';
import { partsIn } from './watches.ts';

/** What is said of a plane that hibernates. */
export const HIBERNATES = 'The plane hibernates; set spec.hibernate to false to wake it';

/**
 * Whether a plane hibernates and all of it was done and said: then it is not looked at any further, for nothing of it is asked or read,
 * and hundreds of such planes cost the operator nothing. What watches show of it counts: a program that somebody started.
 */
export function isResting({ metadata, spec, status }: ControlPlane, stores: Stores): boolean {
  if (spec.hibernate !== true || metadata.deletionTimestamp !== undefined) return false;
  if (status?.observedGeneration !== metadata.generation) return false;
  const { conditions } = status ?? {};
  const isSaid =
    findCondition(conditions, 'Ready')?.message === HIBERNATES &&
    findCondition(conditions, SYNCED_CONDITION)?.status === 'True' &&
    findCondition(conditions, UP_TO_DATE_CONDITION) !== undefined;
  if (!isSaid) return false;
  const programs = [...partsIn(namespaceOfPlane({ metadata }), stores).values()]
    // True: the two kinds that have a number of pods have it in the same place.
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet') as (Deployment | StatefulSet)[];
  return programs.length > 0 && programs.every((program) => program.spec?.replicas === 0);
}
