import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import {
  INSTANCE_UID_LABEL,
  MANAGED_BY_LABEL,
  MANAGED_BY_VALUE,
  TENANT_LABEL,
  TENANT_NAMESPACE_LABEL,
} from './names.ts';
import { DEFAULT_TENANT } from './tenant.ts';

/** Names a Tenant. */
export interface TenantRef extends ObjectRef {
  readonly namespace: string;
}

/** The tenant that a namespace names; where it names none, the one of the operator's namespace. */
export function tenantRefOf(namespace: KubeObject | undefined, operatorNamespace: string): TenantRef {
  const labels = namespace?.metadata.labels ?? {};
  const name = labels[TENANT_LABEL];
  const home = labels[TENANT_NAMESPACE_LABEL];
  // One without the other is refused by policy; where that was not there yet, it names a tenant that does not exist.
  if (name === undefined && home === undefined) return { namespace: operatorNamespace, name: DEFAULT_TENANT };
  return { namespace: home ?? '', name: name ?? '' };
}

/** Whether a namespace is a provider's. Those of instances carry KubePlus's label, too: who is let into one is no provider by that. */
export function isProviderNamespace(namespace: KubeObject | undefined): boolean {
  const labels = namespace?.metadata.labels ?? {};
  return labels[MANAGED_BY_LABEL] === MANAGED_BY_VALUE && labels[INSTANCE_UID_LABEL] === undefined;
}
