import { INSTANCE_UID_LABEL } from '../api/names.ts';
import { DEFAULT_TENANT } from '../api/tenant.ts';
import { tenantRefOf, type TenantRef } from '../api/tenant-of-namespace.ts';
import { NAMESPACE, type Namespace } from '../kube/builtin-kinds.ts';
import type { Stores } from './controller.ts';
import { keyOf } from './object-key.ts';

const INDEX = 'tenant';
/** Key of the namespaces that name no tenant: no object has it. */
const NOBODY = '';

/** Index of a watch of namespaces that `namespacesOf` needs. Namespaces of instances are nobody's to create instances in. */
export const TENANT_INDEX: Readonly<Record<string, (namespace: Namespace) => readonly string[]>> = {
  [INDEX]: (namespace) => {
    if (namespace.metadata.labels?.[INSTANCE_UID_LABEL] !== undefined) return [];
    const ref = tenantRefOf(namespace, NOBODY);
    return [ref.namespace === NOBODY && ref.name === DEFAULT_TENANT ? NOBODY : keyOf(ref)];
  },
};

/** Names of the namespaces whose instances are a tenant's. */
export function namespacesOf(ref: TenantRef, stores: Stores, operatorNamespace: string): readonly string[] {
  const named = stores.byIndex(NAMESPACE, INDEX, keyOf(ref));
  const isDefault = ref.namespace === operatorNamespace && ref.name === DEFAULT_TENANT;
  const others = isDefault ? stores.byIndex(NAMESPACE, INDEX, NOBODY) : [];
  return [...named, ...others].map(({ metadata }) => metadata.name);
}
