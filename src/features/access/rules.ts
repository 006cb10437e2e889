import type { ClusterRole } from '../../kube/builtin-kinds.ts';

/** A rule of RBAC, also one about paths. */
export type Rule = NonNullable<ClusterRole['rules']>[number];

/** What one rule says of one thing: the unit in which rights are added and taken away. */
export interface Grant {
  /** A resource of a group, perhaps one object only; or a path that is no resource. */
  readonly on:
    { readonly group: string; readonly resource: string; readonly name?: string } | { readonly path: string };
  readonly verbs: readonly string[];
}

/** A rule as grants, one for each thing it names. */
export function grantsOf(rule: Rule): Grant[] {
  const { verbs } = rule;
  const paths = (rule.nonResourceURLs ?? []).map((path): Grant => ({ on: { path }, verbs }));
  const names: readonly (string | undefined)[] =
    (rule.resourceNames ?? []).length === 0 ? [undefined] : (rule.resourceNames ?? []);
  const objects = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      names.map((name): Grant => ({
        on: name === undefined ? { group, resource } : { group, resource, name },
        verbs,
      })),
    ),
  );
  return [...paths, ...objects];
}

/** Grants as rules: one for each thing, verbs joined and sorted, so that equal grants give equal rules. */
export function rulesOf(grants: readonly Grant[]): Rule[] {
  const byThing = new Map<string, { readonly on: Grant['on']; readonly verbs: Set<string> }>();
  for (const { on, verbs } of grants) {
    const key = keyOf(on);
    const entry = byThing.get(key) ?? { on, verbs: new Set<string>() };
    for (const verb of verbs) entry.verbs.add(verb);
    byThing.set(key, entry);
  }
  return [...byThing.entries()]
    .filter(([, { verbs }]) => verbs.size > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { on, verbs }]) => ruleOf(on, [...verbs].sort()));
}

/** Rights of both, each once. */
export function joinRules(...lists: readonly (readonly Rule[])[]): Rule[] {
  return rulesOf(lists.flat().flatMap(grantsOf));
}

function keyOf(on: Grant['on']): string {
  return 'path' in on
    ? JSON.stringify(['path', on.path])
    : JSON.stringify(['resource', on.group, on.resource, on.name ?? null]);
}

function ruleOf(on: Grant['on'], verbs: readonly string[]): Rule {
  if ('path' in on) return { nonResourceURLs: [on.path], verbs };
  const names = on.name === undefined ? {} : { resourceNames: [on.name] };
  return { apiGroups: [on.group], resources: [on.resource], ...names, verbs };
}

/**
 * Takes verbs away from every grant that reaches what is revoked. A grant of all verbs, or of all resources, or of all objects where one is
 * named, can't be made smaller by exactly that much, for RBAC only adds: it loses the verbs as a whole. Pure.
 */
export function revokeRules(held: readonly Rule[], revoked: readonly Rule[]): Rule[] {
  const away = revoked.flatMap(grantsOf);
  return rulesOf(
    held.flatMap(grantsOf).map((grant) => {
      const verbs = away.filter(({ on }) => overlaps(grant.on, on)).flatMap(({ verbs: list }) => list);
      if (verbs.length === 0) return grant;
      const isAll = grant.verbs.includes('*') || verbs.includes('*');
      return { ...grant, verbs: isAll ? [] : grant.verbs.filter((verb) => !verbs.includes(verb)) };
    }),
  );
}

/** Whether two grants reach a thing in common. */
function overlaps(held: Grant['on'], revoked: Grant['on']): boolean {
  if ('path' in held || 'path' in revoked)
    return 'path' in held && 'path' in revoked && pathsOverlap(held.path, revoked.path);
  return (
    isSame(held.group, revoked.group) &&
    resourcesOverlap(held.resource, revoked.resource) &&
    (held.name === undefined || revoked.name === undefined || held.name === revoked.name)
  );
}

const isSame = (a: string, b: string): boolean => a === b || a === '*' || b === '*';

/** Subresources are resources of their own, but for the wildcards: `*` and `*` + `/log`. */
function resourcesOverlap(a: string, b: string): boolean {
  if (isSame(a, b)) return true;
  const [stemA = '', subA] = a.split('/');
  const [stemB = '', subB] = b.split('/');
  return subA === subB && isSame(stemA, stemB);
}

function pathsOverlap(a: string, b: string): boolean {
  const covers = (pattern: string, path: string): boolean =>
    pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1));
  return a === b || covers(a, b) || covers(b, a);
}

/** True for a rule about objects; the others are about paths and must be bound in the whole cluster. */
export function isAboutObjects({ nonResourceURLs }: Rule): boolean {
  return (nonResourceURLs ?? []).length === 0;
}
