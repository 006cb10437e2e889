import type { Stage } from '../../runtime/plan.ts';
import type { DatabaseAction } from './database-action.ts';
import type { DatabaseWorld, PlaneWorld } from './world.ts';

/** Role and database of a plane; nothing where they are known to be as they should be. Pure. */
export function databaseStage(
  name: DatabaseAction['name'],
  { spec, password, hasDatabase }: PlaneWorld,
  { server }: DatabaseWorld,
): Stage {
  const { replicas, namespace } = spec;
  const action: DatabaseAction = {
    name,
    server,
    uid: spec.ownerUid,
    password,
    spec: { replicas, namespace },
  };
  return { name: 'database', writes: [], actions: hasDatabase && name === 'ensure-database' ? [] : [action] };
}
