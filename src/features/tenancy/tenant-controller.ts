import { LEDGER } from '../../api/ledger.ts';
import { TENANT_PLAN } from '../../api/plan.ts';
import { REVISION } from '../../api/revision.ts';
import { TENANT, type Tenant, type TenantStatus } from '../../api/tenant.ts';
import { tenantRefOf } from '../../api/tenant-of-namespace.ts';
import type { Instance } from '../../api/instance.ts';
import { CRD, NAMESPACE } from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Controller, Stores } from '../../runtime/controller.ts';
import { keyOf } from '../../runtime/object-key.ts';
import { NOTHING, type StatusBase } from '../../runtime/plan.ts';
import { TENANT_INDEX } from '../../runtime/tenant-namespaces.ts';
import { watch } from '../../runtime/watch.ts';
import { observeTenant, PendingCreations, type TenantDeps } from './observe-tenant.ts';
import { planTenant } from './plan-tenant.ts';
import type { TenantWorld } from './tenant-world.ts';

/** Name of the controller, for whoever wakes it. */
export const TENANT_CONTROLLER = 'tenant';

/** Counts what tenants have, gives places back, and says when a plan ends. In the leader alone. */
export function tenantController(deps: TenantDeps): Controller<Tenant, TenantWorld, TenantStatus> {
  const pending = new PendingCreations();
  return {
    name: TENANT_CONTROLLER,
    kind: TENANT,
    watches: [
      watch({
        kind: TENANT_PLAN,
        wakes: ({ metadata: { namespace, name } }, stores) =>
          refs(stores.list(TENANT, namespace).filter(({ spec }) => spec?.plan === name)),
      }),
      watch({
        kind: NAMESPACE,
        indexes: TENANT_INDEX,
        heeds: areLabelsNew,
        wakes: (namespace) => [tenantRefOf(namespace, deps.operatorNamespace)],
      }),
      watch({ kind: LEDGER, wakes: ({ metadata }) => [metadata] }),
      // A new revision may have another quota; the kinds of services tell what a place is for.
      watch({ kind: REVISION, wakes: (_revision, stores) => refs(onPlans(stores)) }),
      watch({ kind: CRD, wakes: () => [] }),
    ],
    observe: (tenant, read) => observeTenant(tenant, read, deps, pending),
    plan: planTenant,
    forget: (_ref, uid) => {
      if (uid !== undefined) pending.note(uid, {}, deps.clock.monotonic());
    },
  };
}

/** Wakes the tenants whose instances come and go. A controller that plans nothing, one for each service. */
export function instanceCounter(
  kind: Kind<Instance>,
  deps: Pick<TenantDeps, 'operatorNamespace'> & {
    readonly stores: Stores;
    readonly wake: (controllerName: string, ref: ObjectRef) => void;
  },
): Controller<Instance, undefined, StatusBase> {
  const { stores, wake, operatorNamespace } = deps;
  /** UIDs by key: an instance counts when it comes and when it goes, not each time its status changes. */
  const counted = new Map<string, string | undefined>();
  const count = ({ namespace = '' }: ObjectRef): void => {
    const ref = tenantRefOf(stores.get(NAMESPACE, { name: namespace }), operatorNamespace);
    if (stores.get(TENANT, ref)?.spec?.plan !== undefined) wake(TENANT_CONTROLLER, ref);
  };
  return {
    name: `count ${groupKindOf(kind)}`,
    kind,
    watches: [],
    observe: (instance) => {
      const { metadata } = instance;
      if (counted.get(keyOf(metadata)) !== metadata.uid) count(metadata);
      counted.set(keyOf(metadata), metadata.uid);
      return Promise.resolve(undefined);
    },
    plan: () => NOTHING,
    forget: (ref) => {
      counted.delete(keyOf(ref));
      count(ref);
    },
  };
}

function onPlans(stores: Stores): readonly Tenant[] {
  return stores.list(TENANT).filter(({ spec }) => spec?.plan !== undefined);
}

function refs(objects: readonly KubeObject[]): readonly ObjectRef[] {
  return objects.map(({ metadata }) => metadata);
}

function areLabelsNew({ metadata: { labels } }: KubeObject, { metadata }: KubeObject): boolean {
  return JSON.stringify(labels) !== JSON.stringify(metadata.labels);
}
