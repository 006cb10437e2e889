import { NAMESPACE, ROLE_BINDING, SECRET, type Secret, type StatefulSet } from '../../kube/builtin-kinds.ts';
import { groupKindOf } from '../../kube/kind.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../lib/clock.ts';
import { POSTGRES } from '../../planes/plane-names.ts';
import { POSTGRES_SECRET, readPostgresKeys } from '../../planes/postgres.ts';
import { ensurePostgresKeys } from '../../planes/postgres-keys.ts';
import type { Read } from '../../runtime/controller.ts';
import type { PlaneMemories, PlaneMemory } from './memory.ts';
import { ownerOf, PLANE_ROLE } from './plane-namespace.ts';
import { filesOf } from './secret-files.ts';
import { planeAccount, type ControlPlaneSettings } from './settings.ts';
import { isServing, sharedStoreSpec } from './shared-store.ts';
import { partsIn } from './watches.ts';
import type { StoreWorld, Surveyed } from './world.ts';

/** What looking needs. */
export interface SurveyDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly settings: ControlPlaneSettings;
  /** A new password: random, of letters and digits. */
  readonly newPassword: () => string;
  readonly memories: PlaneMemories;
}

/** How long Secrets that were read are believed: a look follows the other while a plane starts. */
const FRESH_MS = 30_000;

/** A namespace and what of ours is in it; nothing is read of a namespace that somebody else made. */
export async function survey(
  {
    name,
    uid,
    secrets,
  }: { readonly name: string; readonly uid: string; readonly secrets: readonly string[] },
  read: Read,
  deps: SurveyDeps,
): Promise<Surveyed & { readonly secrets: ReadonlyMap<string, Secret> }> {
  const namespace = read.stores.get(NAMESPACE, { name });
  const memory = deps.memories.of(name, uid);
  if (namespace === undefined) memory.secrets.clear();
  if (namespace === undefined || ownerOf(namespace) !== uid)
    return { namespace, present: new Map(), secrets: new Map() };
  const parts = partsIn(name, read.stores);
  // One that ended between the two writes: nobody may read here before the binding is there, and nothing was written since.
  if (!parts.has(`${groupKindOf(ROLE_BINDING)}/${PLANE_ROLE}`))
    return { namespace, present: parts, secrets: new Map() };
  const isFresh = deps.clock.monotonic() - memory.readAt < FRESH_MS;
  if (!isFresh || !secrets.every((one) => memory.secrets.has(one)))
    await readSecrets(name, secrets, { memory, deps, read });
  const present = new Map(parts);
  for (const [one, secret] of memory.secrets) present.set(`${groupKindOf(SECRET)}/${one}`, secret);
  return { namespace, present, secrets: memory.secrets };
}

async function readSecrets(
  namespace: string,
  names: readonly string[],
  { memory, deps, read }: { memory: PlaneMemory; deps: SurveyDeps; read: Read },
): Promise<void> {
  const { signal } = read;
  const reader = deps.client.as(planeAccount(deps.settings));
  const at = deps.clock.monotonic();
  const found = await Promise.all(names.map((name) => reader.find(SECRET, { namespace, name }, { signal })));
  memory.secrets.clear();
  for (const secret of found) if (secret !== undefined) memory.secrets.set(secret.metadata.name, secret);
  memory.readAt = at;
}

/** The shared PostgreSQL; `unknown` while the operator's own namespace is not seen. */
export async function surveyStore(read: Read, deps: SurveyDeps): Promise<StoreWorld | 'unknown'> {
  const spec = sharedStoreSpec(deps.settings, read.stores);
  if (spec === undefined) return 'unknown';
  const wanted = { name: spec.namespace, uid: spec.ownerUid, secrets: [POSTGRES_SECRET] };
  const { namespace, present, secrets } = await survey(wanted, read, deps);
  const keys = await ensurePostgresKeys(readPostgresKeys(filesOf(secrets.get(POSTGRES_SECRET))), {
    namespace: spec.namespace,
    now: deps.clock.now(),
    newPassword: deps.newPassword,
  });
  const set: StatefulSet | undefined = present.get(`apps/StatefulSet/${POSTGRES}`);
  return { spec, namespace, present, keys, serving: isServing(set) };
}
