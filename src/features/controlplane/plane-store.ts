import type { ControlPlane } from '../../api/control-plane.ts';
import { databaseName } from '../../planes/database.ts';
import { prefixOf } from '../../planes/store-server.ts';
import type { PlaneStore } from '../../planes/plane-spec.ts';
import type { Read } from '../../runtime/controller.ts';
import { readExternalStore } from './external-store.ts';
import { serverOf } from './shared-store.ts';
import { surveyStore, type SurveyDeps } from './survey.ts';
import { backendOf, ETCD_SIZE } from './wanted-plane.ts';
import type { PlaneWorld } from './world.ts';

/** What is to know of a plane's store. */
export type StoreFacts = Pick<PlaneWorld, 'shared' | 'database' | 'storeProblem'>;

/** Looks at the store of a plane: that of all, somebody else's, or none but its own. */
export async function observeStore(plane: ControlPlane, read: Read, deps: SurveyDeps): Promise<StoreFacts> {
  const none: StoreFacts = { shared: undefined, database: undefined, storeProblem: undefined };
  switch (backendOf(plane)) {
    case 'dedicated':
      return none;
    case 'external': {
      const found = await readExternalStore(plane, read.live, deps.settings.operatorNamespace);
      return 'problem' in found
        ? { ...none, storeProblem: found.problem }
        : { ...none, database: { server: found.server, serving: true } };
    }
    case 'shared': {
      const shared = await surveyStore(read, deps);
      if (shared === 'unknown')
        return { ...none, shared, storeProblem: 'The namespace of the operator is not seen yet' };
      const { spec, keys, serving } = shared;
      const { namespace } = spec;
      return { ...none, shared, database: { server: serverOf(namespace, keys), serving, namespace } };
    }
  }
}

/** Where the plane's objects are kept. Pure. */
export function storeOf({ spec, password, database }: PlaneWorld): PlaneStore {
  if (database === undefined) return { kind: 'etcd', size: ETCD_SIZE };
  const { server, namespace } = database;
  if (server.kind === 'etcd') {
    const { kind: _own, ...reached } = server;
    return { kind: 'etcd-prefix', ...reached, prefix: prefixOf(server, spec.ownerUid) };
  }
  const name = databaseName(spec.ownerUid);
  return {
    kind: 'postgres',
    host: server.host,
    port: server.port,
    database: name,
    role: name,
    password,
    ca: server.ca,
    ...(namespace === undefined ? {} : { namespace }),
  };
}
