import { sha256 } from '../../lib/hash.ts';
import { databaseName, dropDatabase, ensureDatabase, type DatabaseServer } from '../../planes/database.ts';
import { connectionLimit } from '../../planes/kine.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import type { Action } from '../../runtime/plan.ts';

/** Role and database of one plane, as they should be or away. */
export interface DatabaseAction extends Action {
  readonly name: 'ensure-database' | 'drop-database';
  readonly server: DatabaseServer;
  readonly uid: string;
  readonly password: string;
  readonly spec: Pick<PlaneSpec, 'replicas' | 'namespace'>;
}

/** Tells what was done for a plane apart from what should be. */
export function databaseDigest(
  uid: string,
  password: string,
  { replicas }: Pick<PlaneSpec, 'replicas'>,
): string {
  return sha256(JSON.stringify([uid, password, replicas]));
}

/** Does it. Throws KubeError. */
export async function performDatabaseAction(action: DatabaseAction): Promise<void> {
  const { server, uid, password, spec } = action;
  const name = databaseName(uid);
  if (action.name === 'drop-database') return dropDatabase(server, name);
  const limit = connectionLimit(spec.replicas);
  return ensureDatabase(server, { name, password, connectionLimit: limit });
}
