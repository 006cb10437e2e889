import type { Instance } from '../../api/instance.ts';
import type { PlanSpec } from '../../api/plan.ts';
import type { InstancePolicies, ServicePolicies } from '../../api/revision.ts';
import { TENANT, type Tenant } from '../../api/tenant.ts';
import type { TenantRef } from '../../api/tenant-of-namespace.ts';
import type { Client } from '../../client/client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AdmissionRequest, Finding } from '../../runtime/admission.ts';
import type { Stores } from '../../runtime/controller.ts';
import { namespacesOf } from '../../runtime/tenant-namespaces.ts';
import { mayUser } from '../../runtime/user-access.ts';

import { LedgerBook } from './ledger-book.ts';
import { memberFindings } from './members.ts';
import { placeOf } from './places.ts';
import { policiesUnder } from './plan-policies.ts';
import { endedText, endOf } from './term-of-tenant.ts';
import { termsOf } from './terms.ts';
import { isCounted, offerOf, type QuotaOf } from './usage.ts';

/** What the feature knows of services. */
export interface Services {
  /** Kinds of the registered services. */
  kinds(stores: Stores): readonly Kind<Instance>[];
  /** Policies of the newest revision of a service (group/Kind), of those up to the number where one is given. */
  policiesOf(service: string, stores: Stores, newest?: number): ServicePolicies | undefined;
}

/** What the feature needs. */
export interface TenancyDeps {
  /** Not fenced: admission takes places in every replica. */
  readonly client: Client;
  readonly clock: Clock;
  readonly services: Services;
  readonly operatorNamespace: string;
}

/** What the plan of a tenant makes of a service for the instances in one namespace. */
export type PlanTerms =
  | {
      readonly newestRevision?: number | undefined;
      policiesUnder(policies: ServicePolicies): InstancePolicies;
    }
  | { readonly problem: string };

const NO_PLAN: PlanTerms = { policiesUnder: (policies) => policies };

/** The terms of the instances of a kind in a namespace, from the stores alone. */
export function planTermsOf(
  namespace: string,
  kind: Pick<Kind, 'group' | 'kind'>,
  stores: Stores,
  operatorNamespace: string,
): PlanTerms {
  const object = stores.get(NAMESPACE, { name: namespace });
  // Whose it is can't be told yet; the store will have it in a moment, and that wakes whoever asks here.
  if (object === undefined) return { problem: `Namespace ${namespace} is not known yet` };
  const terms = termsOf(object, stores, operatorNamespace);
  if (terms.is === 'unknown') return { problem: terms.problem };
  if (terms.is === 'free') return NO_PLAN;
  const { plan } = terms;
  return {
    newestRevision: offerOf(plan, groupKindOf(kind))?.newestRevision,
    policiesUnder: (policies) => policiesUnder(plan, policies),
  };
}

/** The quota of each service's instances under a plan. */
export function quotasUnder(plan: PlanSpec, services: Services, stores: Stores): QuotaOf {
  return (service) => {
    const policies = services.policiesOf(service, stores, offerOf(plan, service)?.newestRevision);
    return policies === undefined ? undefined : policiesUnder(plan, policies).quota;
  };
}

/** Takes the places of new instances, or says why there is none. The last word of admission about a creation. */
export function placeTaker(
  deps: TenancyDeps & { readonly stores: Stores },
): (request: AdmissionRequest, signal: AbortSignal) => Promise<readonly Finding[]> {
  const book = new LedgerBook({ client: deps.client, allPlaces: (tenant) => allPlaces(deps, tenant) });
  return async (request, signal) => {
    const { stores, client, operatorNamespace, clock, services } = deps;
    // A namespace that was made a moment ago may have its first instance before the store has it.
    const home =
      stores.get(NAMESPACE, { name: request.namespace }) ??
      (await client.find(NAMESPACE, { name: request.namespace }, { signal }));
    const terms = termsOf(home, stores, operatorNamespace);
    if (terms.is === 'unknown') return [{ message: terms.problem }];
    const { tenant } = terms;
    if (tenant === undefined) return [];
    const mayUse = (): Promise<boolean> => mayUseTenant(client, request, terms.ref, signal);
    const foreign = await memberFindings(tenant, request.user, mayUse);
    if (foreign.length > 0) return foreign;
    const now = clock.now();
    const plan = terms.is === 'on-plan' ? terms.plan : {};
    const ended = endedText(tenant, endOf(tenant, plan), now);
    if (ended !== undefined) return [{ message: ended }];
    if (!isCounted(plan)) return [];
    const service = groupKindOf(request);
    const newest = offerOf(plan, service)?.newestRevision;
    if (newest !== undefined && services.policiesOf(service, stores, newest) === undefined) {
      const text = `${request.kind} has no revision up to number ${newest}, the newest that plan ${tenant.spec?.plan ?? ''} lets its instances run; ask the provider for a later newestRevision of the plan`;
      return [{ message: text }];
    }
    const { name = request.name, uid = request.uid } = request.object?.metadata ?? {};
    const place = placeOf(request, { namespace: request.namespace, name });
    const ask = { place, uid, tenant, plan, quotaOf: quotasUnder(plan, services, stores), now };
    return book.take(ask, request.dryRun, signal);
  };
}

function mayUseTenant(
  client: Client,
  { user }: AdmissionRequest,
  ref: TenantRef,
  signal: AbortSignal,
): Promise<boolean> {
  const resource = { verb: 'use', group: TENANT.group, resource: TENANT.plural, ...ref };
  return mayUser(client, user, resource, signal);
}

/** From the API itself: a ledger that begins must miss nothing that a store has not seen yet. */
async function allPlaces(
  { client, services, operatorNamespace, stores }: TenancyDeps & { readonly stores: Stores },
  { metadata: { name, namespace = '' } }: Tenant,
): Promise<readonly string[]> {
  const homes = new Set(namespacesOf({ namespace, name }, stores, operatorNamespace));
  const kinds = services.kinds(stores);
  const lists = await Promise.all(kinds.map((kind) => client.list(kind)));
  return kinds.flatMap((kind, n) =>
    (lists[n]?.items ?? [])
      .filter(({ metadata }) => homes.has(metadata.namespace ?? ''))
      .map(({ metadata }) => placeOf(kind, metadata)),
  );
}
