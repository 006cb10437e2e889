import type { PolicyRule } from '../../api/revision.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { isJsonObject } from '../../api/json-schema.ts';
import { kindKey, type ChartObject } from './chart-objects.ts';
import { OBJECT_VERBS, rightsOf, type PathRight, type Right } from './rights.ts';
import { textsIn } from '../../lib/narrow.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** What an account needs to write the objects of a chart. */
export interface ChartRights {
  readonly rights: readonly Right[];
  readonly paths: readonly PathRight[];
}

/**
 * The rights a chart's objects take: the verbs on their kinds and, as Kubernetes lets nobody grant what they don't hold,
 * whatever the chart's own Roles grant and the ClusterRoles its bindings name.
 */
export function chartRights(
  objects: readonly ChartObject[],
  kinds: ReadonlyMap<string, Kind | undefined>,
): ChartRights {
  const rights: Right[] = [];
  const paths: PathRight[] = [];
  for (const { object } of objects) {
    const kind = kinds.get(kindKey(object));
    if (kind === undefined) continue; // told as a problem of its own
    rights.push(...OBJECT_VERBS.map((verb) => ({ group: kind.group, resource: kind.plural, verb })));
    if (kind.group !== RBAC) continue;
    for (const rule of rulesOf(object)) {
      rights.push(...rightsOf(rule));
      for (const path of rule.nonResourceURLs ?? [])
        paths.push(...rule.verbs.map((verb) => ({ path, verb })));
    }
    const bound = boundClusterRole(object);
    if (bound !== undefined)
      rights.push({ group: RBAC, resource: 'clusterroles', verb: 'bind', name: bound });
  }
  return { rights, paths };
}

interface RoleRule extends PolicyRule {
  readonly nonResourceURLs?: readonly string[];
}

function rulesOf(object: AnyObject): RoleRule[] {
  if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return [];
  const rules = Array.isArray(object['rules']) ? (object['rules'] as readonly unknown[]) : [];
  return rules.filter(isJsonObject).map((rule) => ({
    apiGroups: textsIn(rule['apiGroups']),
    resources: textsIn(rule['resources']),
    resourceNames: textsIn(rule['resourceNames']),
    nonResourceURLs: textsIn(rule['nonResourceURLs']),
    verbs: textsIn(rule['verbs']),
  }));
}

function boundClusterRole(object: AnyObject): string | undefined {
  const role = object['roleRef'];
  const isBinding = object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding';
  if (!isBinding || !isJsonObject(role) || role['kind'] !== 'ClusterRole') return undefined;
  return typeof role['name'] === 'string' ? role['name'] : undefined;
}

/** CRDs of a chart's `crds/` as kinds, so that its own objects are known before the CRDs are written. */
export function kindsOfCrds(crds: readonly AnyObject[]): Kind[] {
  return crds.flatMap((crd) => {
    const spec = crd['spec'];
    if (crd.kind !== 'CustomResourceDefinition' || !isJsonObject(spec) || !isJsonObject(spec['names']))
      return [];
    const { group, scope, versions } = spec;
    const { kind, plural } = spec['names'];
    if (
      typeof group !== 'string' ||
      typeof kind !== 'string' ||
      typeof plural !== 'string' ||
      !Array.isArray(versions)
    )
      return [];
    return (versions as readonly unknown[])
      .filter(isJsonObject)
      .flatMap((version) =>
        typeof version['name'] === 'string'
          ? [{ group, version: version['name'], kind, plural, namespaced: scope === 'Namespaced' }]
          : [],
      );
  });
}
