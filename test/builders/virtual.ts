import type { Namespace, Pod, Service } from '../../src/kube/builtin-kinds.ts';
import { hostNames } from '../../src/syncer/names.ts';
import { STRICT_RULES, type Tenant, type TenantRules } from '../../src/syncer/tenant.ts';
import type { Surroundings } from '../../src/syncer/translation.ts';

/** The virtual cluster that tests of the syncer are about. */
export const TENANT: Tenant = {
  name: 'vc1',
  hostNamespace: 'team-a',
  workloadServiceAccount: 'vc-workload-vc1',
  clusterDomain: 'cluster.local',
  rules: STRICT_RULES,
};

/** A tenant with other rules. */
export const tenantWith = (rules: Partial<TenantRules>): Tenant => ({
  ...TENANT,
  rules: { ...STRICT_RULES, ...rules },
});

/** What a translation sees, of which a test states what matters. */
export function around(
  given: {
    readonly tenant?: Tenant;
    readonly namespaces?: readonly Namespace[];
    readonly services?: readonly Service[];
    readonly dnsAddress?: string | undefined;
  } = {},
): Surroundings {
  const { tenant = TENANT, namespaces = [], services = [] } = given;
  return {
    tenant,
    dnsAddress: 'dnsAddress' in given ? given.dnsAddress : '10.96.0.10',
    hostName: (_kind, { name, namespace = '' }) => hostNames(name, namespace, tenant.name)[0],
    tenantName: (hostName) => {
      const match = new RegExp(`^(.+)-x-(.+)-x-${tenant.name}$`).exec(hostName);
      return match === null ? undefined : { name: match[1] ?? '', namespace: match[2] ?? '' };
    },
    namespaces: () => namespaces.map(({ metadata }) => metadata.name),
    namespaceLabels: (name) =>
      namespaces.find(({ metadata }) => metadata.name === name)?.metadata.labels ?? {},
    services: (namespace) => services.filter(({ metadata }) => metadata.namespace === namespace),
  };
}

/** A pod of the tenant in the namespace `shop`. */
export function pod(
  spec: Partial<NonNullable<Pod['spec']>> = {},
  metadata: Partial<Pod['metadata']> = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', uid: 'pod-1', ...metadata },
    spec: { containers: [{ name: 'main', image: 'nginx' }], ...spec },
  };
}

/** A Service of the tenant in the namespace `shop`, or in another one. */
export function service(
  name: string,
  spec: NonNullable<Service['spec']>,
  metadata: Partial<Service['metadata']> = {},
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', uid: 'service-1', ...metadata },
    spec,
  };
}

/** A namespace with labels. */
export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
