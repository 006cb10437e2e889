import type { PolicyRule } from '../../api/revision.ts';

/** What an account does with objects of a chart: written by create and apply, read back, found again, deleted. */
export const OBJECT_VERBS = ['create', 'delete', 'get', 'list', 'patch'] as const;

/** One right: a verb on a resource of a group, perhaps on one object only. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly name?: string;
}

/** A right to a path that is no resource, e.g. /metrics. */
export interface PathRight {
  readonly path: string;
  readonly verb: string;
}

/** The single rights that a rule gives. */
export function rightsOf(rule: PolicyRule): Right[] {
  const names: readonly (string | undefined)[] =
    (rule.resourceNames ?? []).length === 0 ? [undefined] : (rule.resourceNames ?? []);
  return (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((name) =>
          name === undefined ? { group, resource, verb } : { group, resource, verb, name },
        ),
      ),
    ),
  );
}

/** Whether rules give a right, as the RBAC authorizer judges. */
export function isCovered(right: Right, rules: readonly PolicyRule[]): boolean {
  return rules.some(
    (rule) =>
      includes(rule.verbs, right.verb) &&
      includes(rule.apiGroups ?? [], right.group) &&
      coversResource(rule.resources ?? [], right.resource) &&
      ((rule.resourceNames ?? []).length === 0 ||
        (right.name !== undefined && (rule.resourceNames ?? []).includes(right.name))),
  );
}

function includes(list: readonly string[], wanted: string): boolean {
  return list.includes('*') || list.includes(wanted);
}

function coversResource(resources: readonly string[], wanted: string): boolean {
  const [, subresource] = wanted.split('/');
  return includes(resources, wanted) || (subresource !== undefined && resources.includes(`*/${subresource}`));
}

/** Rights as few rules: one for each set of verbs on a resource; sorted, so that equal rights give equal rules. */
export function toRules(rights: readonly Right[]): PolicyRule[] {
  const verbs = new Map<string, { readonly right: Right; readonly verbs: Set<string> }>();
  for (const right of rights) {
    const key = JSON.stringify([right.group, right.resource, right.name ?? null]);
    const entry = verbs.get(key) ?? { right, verbs: new Set<string>() };
    entry.verbs.add(right.verb);
    verbs.set(key, entry);
  }
  return [...verbs.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { right, verbs: set }]) => ({
      apiGroups: [right.group],
      resources: [right.resource],
      ...(right.name === undefined ? {} : { resourceNames: [right.name] }),
      verbs: [...set].sort(),
    }));
}

/** KubePlus's permission file, which `provider-kubeconfig update -p` takes. */
export function permissionFile(rules: readonly PolicyRule[], paths: readonly PathRight[] = []): string {
  const perms: Record<string, Record<string, readonly string[]>[]> = {};
  for (const rule of rules) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const names = (rule.resourceNames ?? []).map((name) => `${resource}/resourceName::${name}`);
        for (const key of names.length === 0 ? [resource] : names)
          (perms[group] ??= []).push({ [key]: rule.verbs });
      }
    }
  }
  for (const { path, verb } of paths)
    (perms['non-apigroup'] ??= []).push({ [`nonResourceURL::${path}`]: [verb] });
  return JSON.stringify({ perms });
}

/** KubePlus's text with the file. */
export function missingPermissions(rules: readonly PolicyRule[], paths: readonly PathRight[] = []): string {
  return `KubePlus does not have the following permissions required by the Chart. Use provider-kubeconfig.py to add the missing permissions.\n${permissionFile(rules, paths)}`;
}
