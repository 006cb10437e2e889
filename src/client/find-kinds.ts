import type { ServedResource } from './discovery-documents.ts';

/**
 * The served kinds that a word may mean, as kubectl takes it: kind, plural, `plural.group` or short name, in any case of letters.
 * One version of each, the server's preferred one; kinds whose name it is come before those whose plural or short name it is.
 */
export function findKinds(resources: readonly ServedResource[], word: string): readonly ServedResource[] {
  const wanted = word.toLowerCase();
  const served = preferred(resources);
  const byKind = served.filter(({ kind }) => kind.toLowerCase() === wanted);
  const byName = served.filter(
    ({ plural, group, shortNames }) =>
      plural === wanted || `${plural}.${group}` === wanted || shortNames.includes(wanted),
  );
  const exact = byKind.filter(({ kind }) => kind === word);
  return [...new Set([...exact, ...byKind, ...byName])];
}

/** One version of each resource: discovery names the preferred one first. */
export function preferred(resources: readonly ServedResource[]): readonly ServedResource[] {
  const first = new Map<string, ServedResource>();
  for (const resource of resources) {
    const key = `${resource.plural}.${resource.group}`;
    if (!first.has(key)) first.set(key, resource);
  }
  return [...first.values()];
}
