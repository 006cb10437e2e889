import { LEDGER } from '../../api/ledger.ts';
import type { Tenant } from '../../api/tenant.ts';
import { CRD } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import { mapLimit } from '../../lib/limit.ts';
import type { Read, Stores } from '../../runtime/controller.ts';
import { namespacesOf } from '../../runtime/tenant-namespaces.ts';
import { isLedgerOf } from './ledger-object.ts';
import { placeOf, readPlace, settledPlaces, type Places } from './places.ts';
import { quotasUnder, type Services } from './tenancy.ts';
import type { TenantWorld } from './tenant-world.ts';
import { termsOfTenant } from './terms.ts';
import { usageOf, type Usage } from './usage.ts';

/** Places that are looked up at the same time. */
const LOOKUPS = 10;

/** What looking at tenants needs. */
export interface TenantDeps {
  readonly clock: Clock;
  readonly services: Services;
  readonly operatorNamespace: string;
  /** Whether the store of a kind holds all of its objects. */
  readonly isWatched: (kind: Kind) => boolean;
  /** Milliseconds after which a creation that was let through can't succeed any more. */
  readonly pendingMs: number;
}

/** When this process first saw creations whose outcome is open, by UID. A cache: after a restart they only wait longer. */
export class PendingCreations {
  readonly #since = new Map<string, number>();

  /** Notes what is open now and forgets what is not. */
  note(tenant: string, places: Places, now: number): void {
    const open = new Set(Object.values(places).flatMap((uids) => uids.map((uid) => `${tenant}/${uid}`)));
    for (const key of this.#since.keys())
      if (key.startsWith(`${tenant}/`) && !open.has(key)) this.#since.delete(key);
    for (const key of open) if (!this.#since.has(key)) this.#since.set(key, now);
  }

  since(tenant: string, uid: string): number | undefined {
    return this.#since.get(`${tenant}/${uid}`);
  }
}

/** Looks at a tenant: what the stores have, and for places that seem to be free the API itself. */
export async function observeTenant(
  tenant: Tenant,
  { stores, live, signal }: Read,
  deps: TenantDeps,
  pending: PendingCreations,
): Promise<TenantWorld> {
  const { name, namespace = '', uid = '' } = tenant.metadata;
  const ref = { namespace, name };
  const terms = termsOfTenant(ref, stores, deps.operatorNamespace);
  const ledger = stores.get(LEDGER, ref);
  const homes = new Set(namespacesOf(ref, stores, deps.operatorNamespace));
  const present = presentIn(homes, stores, deps);
  const written = isLedgerOf(ledger, tenant) ? ledger.spec.places : {};
  const now = deps.clock.monotonic();
  pending.note(uid, written, now);
  const ageOf = (one: string): number => now - (pending.since(uid, one) ?? now);
  const isExpired = (one: string): boolean => ageOf(one) >= deps.pendingMs;

  // Kinds whose objects the store does not have yet; their places stay until it has.
  const isUnseen = (service: string): boolean => {
    const kind = servedKind(service, stores);
    return kind !== undefined && !deps.isWatched(kind);
  };
  const doubtful = Object.entries(written).flatMap(([place, uids]) =>
    present.has(place) || !uids.every(isExpired) || isUnseen(readPlace(place).service) ? [] : [place],
  );
  const found = await mapLimit(doubtful, LOOKUPS, async (place) => {
    const kind = servedKind(readPlace(place).service, stores);
    const object = kind && (await live.find(kind, readPlace(place).ref, { signal }));
    return { place, uid: homes.has(readPlace(place).ref.namespace ?? '') ? object?.metadata.uid : undefined };
  });
  const absent = new Set(found.flatMap((one) => (one.uid === undefined ? [one.place] : [])));
  for (const one of found) if (one.uid !== undefined) present.set(one.place, one.uid);

  const places = settledPlaces(written, { present, absent, isExpired });
  const ages = Object.values(places).flatMap((uids) => uids.map(ageOf));
  return {
    terms,
    ledger,
    places,
    usage: areAllStored(stores, deps) ? usageOf(present.keys()) : usageSaid(tenant),
    quotaOf: quotasUnder(terms.is === 'on-plan' ? terms.plan : {}, deps.services, stores),
    nextExpiryMs: ages.length === 0 ? undefined : Math.max(1, deps.pendingMs - Math.max(...ages)),
  };
}

function areAllStored(stores: Stores, { services, isWatched }: TenantDeps): boolean {
  return services.kinds(stores).every(isWatched);
}

/** What was counted last: a leader that has just begun does not have all instances in its stores yet. */
function usageSaid({ status }: Tenant): Usage {
  return new Map(Object.entries(status?.services ?? {}));
}

/** UIDs of all instances in these namespaces, by place. */
function presentIn(
  homes: ReadonlySet<string>,
  stores: Stores,
  { services, isWatched }: TenantDeps,
): Map<string, string> {
  return new Map(
    services
      .kinds(stores)
      .filter(isWatched)
      .flatMap((kind) =>
        [...homes].flatMap((home) =>
          stores
            .list(kind, home)
            .map(({ metadata }): [string, string] => [placeOf(kind, metadata), metadata.uid ?? '']),
        ),
      ),
  );
}

/** The kind of a service as its CRD has it, also while nothing works on it; without one there are no objects. */
function servedKind(service: string, stores: Stores): Kind | undefined {
  const crd = stores.list(CRD).find(({ spec }) => `${spec.group}/${spec.names.kind}` === service);
  const version = crd?.spec.versions.find(({ storage }) => storage)?.name;
  if (crd === undefined || version === undefined) return undefined;
  const { group, names } = crd.spec;
  return { group, version, kind: names.kind, plural: names.plural, namespaced: true };
}
