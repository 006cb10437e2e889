import type { Instance } from '../../api/instance.ts';
import { SERVICE_UID_LABEL } from '../../api/names.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, revisionsOf, type Revision } from '../../api/revision.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { Stores } from '../../runtime/controller.ts';
import { instanceKind } from './service-objects.ts';

/** A service whose kind the API server serves. */
export interface RegisteredService {
  readonly composition: ResourceComposition;
  /** The newest: what new instances run. */
  readonly revision: Revision;
  /** All of them, the newest last. */
  readonly revisions: readonly Revision[];
  readonly kind: Kind<Instance>;
}

/** The newest revision of a service, of those up to the number where one is given. */
export function newestOf({ revisions }: RegisteredService, newest = Infinity): Revision | undefined {
  return revisions.findLast(({ spec }) => spec.number <= newest);
}

/** The services by the UID of their composition. */
export type RegisteredServices = ReadonlyMap<string, RegisteredService>;

/**
 * Answers with all services, also those that are being deleted, for their instances still need somebody who cleans up. Read
 * from CRDs and revisions by UID, never from a status; computed anew only when one of the stores has changed, because each
 * look at an instance asks.
 */
export function registeredServices(): (stores: Stores) => RegisteredServices {
  let last: { readonly from: readonly unknown[]; readonly found: RegisteredServices } | undefined;
  return (stores) => {
    // A store answers with the same list until something in it changes.
    const from = [stores.list(CRD), stores.list(REVISION), stores.list(RESOURCE_COMPOSITION)];
    if (last?.from.every((list, index) => list === from[index]) !== true) {
      last = { from, found: findServices(stores) };
    }
    return last.found;
  };
}

function findServices(stores: Stores): RegisteredServices {
  const served = new Map(
    stores
      .list(CRD)
      .filter(({ status }) =>
        status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True'),
      )
      .map((crd) => [crd.metadata.name, crd.metadata.labels?.[SERVICE_UID_LABEL]]),
  );
  const revisions = stores.list(REVISION);
  return new Map(
    stores.list(RESOURCE_COMPOSITION).flatMap((composition): [string, RegisteredService][] => {
      const { uid = '' } = composition.metadata;
      const own = revisionsOf(revisions, uid);
      const revision = own.at(-1);
      if (revision === undefined) return [];
      const { plural, group } = revision.spec.resource;
      if (served.get(`${plural}.${group}`) !== uid) return [];
      return [[uid, { composition, revision, revisions: own, kind: instanceKind(revision.spec.resource) }]];
    }),
  );
}
