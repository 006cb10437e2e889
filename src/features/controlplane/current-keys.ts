import type { ControlPlane } from '../../api/control-plane.ts';
import { DEPLOYMENT, STATEFUL_SET, type Secret } from '../../kube/builtin-kinds.ts';
import { groupKindOf } from '../../kube/kind.ts';
import { duePki, readPki, renewPki, type PlanePki } from '../../planes/plane-pki.ts';
import {
  nextPhase,
  ROTATION_ANNOTATION,
  rotated,
  rotationGoal,
  rotationPhase,
  runsWith,
} from '../../planes/plane-rotation.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { Present } from '../../planes/part-writes.ts';
import type { Rotation } from './rotation-condition.ts';
import { filesOf } from './secret-files.ts';

/** What keys depend on beside the Secret that holds them. */
export interface KeysSurroundings {
  readonly spec: PlaneSpec;
  readonly present: Present;
  readonly now: number;
}

/** Kinds of a plane's programs. */
const PROGRAMS = [DEPLOYMENT, STATEFUL_SET].map((kind) => `${groupKindOf(kind)}/`);
/** API server and controllers; a store of its own is a third. */
const FEWEST = 2;

/** What the Secret holds, a step further where its authorities are exchanged, with everything that is due made anew. */
export async function currentKeys(
  plane: ControlPlane,
  secret: Secret | undefined,
  { spec, present, now }: KeysSurroundings,
): Promise<{ readonly pki: PlanePki; readonly rotation: Rotation }> {
  const kept = readPki(filesOf(secret));
  const programs = [...present.entries()]
    .filter(([key]) => PROGRAMS.some((prefix) => key.startsWith(prefix)))
    .map(([, object]) => object);
  const isRolledOut = programs.length >= FEWEST && runsWith(programs, kept);
  const goal = rotationGoal(plane.metadata.annotations?.[ROTATION_ANNOTATION] ?? '');
  const phase = rotationPhase(kept);
  const to = nextPhase(phase, goal, isRolledOut);
  const pki = to === phase ? kept : await rotated(kept, spec, now);
  const due = duePki(pki, spec, now);
  return {
    pki: due.length === 0 ? pki : await renewPki(pki, due, spec, now),
    rotation: { phase: to, isRolledOut: to === phase && isRolledOut },
  };
}
