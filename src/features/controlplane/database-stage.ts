import type { Stage } from '../../runtime/plan.ts';
import type { DatabaseAction } from './database-action.ts';
import { serverOf } from './shared-store.ts';
import type { PlaneWorld, StoreWorld } from './world.ts';

/** Role and database of a plane in the shared store; nothing where they are known to be as they should be. Pure. */
export function databaseStage(
  name: DatabaseAction['name'],
  { spec, password, hasDatabase }: PlaneWorld,
  shared: StoreWorld,
): Stage {
  const { replicas, namespace } = spec;
  const action: DatabaseAction = {
    name,
    server: serverOf(shared.spec.namespace, shared.keys),
    uid: spec.ownerUid,
    password,
    spec: { replicas, namespace },
  };
  return { name: 'database', writes: [], actions: hasDatabase && name === 'ensure-database' ? [] : [action] };
}
