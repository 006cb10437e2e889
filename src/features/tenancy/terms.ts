import { TENANT_PLAN, type PlanSpec } from '../../api/plan.ts';
import { DEFAULT_TENANT, TENANT, type Tenant } from '../../api/tenant.ts';
import { isProviderNamespace, tenantRefOf, type TenantRef } from '../../api/tenant-of-namespace.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Stores } from '../../runtime/controller.ts';

/** What counts for whatever is created in a namespace. */
export type Terms =
  /** The tenant is on no plan. */
  | { readonly is: 'free'; readonly ref: TenantRef; readonly tenant: Tenant | undefined }
  | { readonly is: 'on-plan'; readonly ref: TenantRef; readonly tenant: Tenant; readonly plan: PlanSpec }
  /** What the namespace or the tenant names is not there: nobody can tell what is allowed. */
  | { readonly is: 'unknown'; readonly ref: TenantRef; readonly problem: string };

/** The terms of a namespace. Pure over the stores. */
export function termsOf(namespace: KubeObject | undefined, stores: Stores, operatorNamespace: string): Terms {
  return termsOfTenant(tenantRefOf(namespace, operatorNamespace), stores, operatorNamespace);
}

/** The terms of a tenant by its name. */
export function termsOfTenant(ref: TenantRef, stores: Stores, operatorNamespace: string): Terms {
  const tenant = stores.get(TENANT, ref);
  const said = `Tenant ${ref.name} of namespace ${ref.namespace}`;
  if (tenant === undefined) {
    const isDefault = ref.namespace === operatorNamespace && ref.name === DEFAULT_TENANT;
    if (isDefault) return { is: 'free', ref, tenant };
    return {
      is: 'unknown',
      ref,
      problem: `${said} does not exist; create it, or label the namespace with another one`,
    };
  }
  if (!isProviders(ref.namespace, stores, operatorNamespace)) {
    const problem = `${said} counts for nothing, for ${ref.namespace} is no provider's namespace; label it managedby=kubeplus, or name a provider's tenant`;
    return { is: 'unknown', ref, problem };
  }
  const name = tenant.spec?.plan;
  if (name === undefined) return { is: 'free', ref, tenant };
  const plan = stores.get(TENANT_PLAN, { namespace: ref.namespace, name });
  if (plan === undefined)
    return {
      is: 'unknown',
      ref,
      problem: `${said} is on plan ${name}, which does not exist there; create it, or set another plan`,
    };
  return { is: 'on-plan', ref, tenant, plan: plan.spec ?? {} };
}

/** Tenants are a provider's to give; whoever administers any other namespace can't make one for himself. */
function isProviders(name: string, stores: Stores, operatorNamespace: string): boolean {
  if (name === operatorNamespace) return true;
  return isProviderNamespace(stores.get(NAMESPACE, { name }));
}
