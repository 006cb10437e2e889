import type { Resource } from './resources.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
export const KUBERNETES_VERSION = { major: '1', minor: '37', gitVersion: 'v1.37.1', platform: 'linux/amd64' };

/** The aggregated form (v2) of `/api` or `/apis`. */
export function aggregatedDiscovery(resources: readonly Resource[], core: boolean): object {
  const groups = groupsOf(resources).filter(([group]) => (group === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: [...versions].map(([version, served]) => ({
        version,
        freshness: 'Current',
        resources: served.map((resource) => ({
          resource: resource.plural,
          responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
          scope: resource.namespaced ? 'Namespaced' : 'Cluster',
          singularResource: resource.kind.toLowerCase(),
          verbs: VERBS,
          shortNames: resource.shortNames,
          ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
          ...(resource.hasStatus
            ? {
                subresources: [
                  {
                    subresource: 'status',
                    responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
                    verbs: ['get', 'patch', 'update'],
                  },
                ],
              }
            : {}),
        })),
      })),
    })),
  };
}

/** The old form of `/apis`. */
export function groupList(resources: readonly Resource[]): object {
  const groups = groupsOf(resources).filter(([group]) => group !== '');
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map(([name, versions]) => {
      const list = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }));
      return { name, versions: list, preferredVersion: list[0] };
    }),
  };
}

/** The old form of one group and version: `/api/v1`, `/apis/apps/v1`. */
export function resourceList(resources: readonly Resource[], group: string, version: string): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: resources
      .filter((resource) => resource.group === group && resource.version === version)
      .flatMap((resource) => {
        const entry = {
          name: resource.plural,
          singularName: resource.kind.toLowerCase(),
          namespaced: resource.namespaced,
          kind: resource.kind,
          verbs: VERBS,
          shortNames: resource.shortNames,
          ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
        };
        return resource.hasStatus
          ? [entry, { ...entry, name: `${resource.plural}/status`, verbs: ['get', 'patch', 'update'] }]
          : [entry];
      }),
  };
}

function groupsOf(resources: readonly Resource[]): [string, Map<string, Resource[]>][] {
  const groups = new Map<string, Map<string, Resource[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, Resource[]>();
    groups.set(resource.group, versions);
    versions.set(resource.version, [...(versions.get(resource.version) ?? []), resource]);
  }
  return [...groups];
}

/** The OpenAPI v3 document of a group: its custom resources' schemas, each with whose it is. */
export function openApiOf(
  resources: readonly Resource[],
  { group, version }: { readonly group: string; readonly version: string },
): object {
  const schemas = resources
    .filter((resource) => resource.group === group && resource.version === version)
    .flatMap(({ kind, schema }) => {
      const names = [{ group, version, kind }];
      return schema === undefined ? [] : [[kind, { ...schema, 'x-kubernetes-group-version-kind': names }]];
    });
  return { openapi: '3.0.0', components: { schemas: Object.fromEntries(schemas) as object } };
}
