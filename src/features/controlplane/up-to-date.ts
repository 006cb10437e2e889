import { UP_TO_DATE_CONDITION } from '../../api/control-plane-names.ts';
import type { NextCondition } from '../../kube/conditions.ts';
import { isThere, type PlaneVersions } from '../../planes/plane-version.ts';

/** Says whether a plane runs the version that it is to run, and how far it is. Pure. */
export function upToDate(versions: PlaneVersions): NextCondition {
  const { apiServer, controllerManager, goal } = versions;
  if (isThere(versions))
    return { type: UP_TO_DATE_CONDITION, status: 'True', reason: 'VersionReached', message: `Runs ${goal}` };
  return {
    type: UP_TO_DATE_CONDITION,
    status: 'False',
    reason: 'Upgrading',
    message: `On the way to ${goal}: API servers ${apiServer}, controllers ${controllerManager}`,
  };
}
