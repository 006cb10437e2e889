import { splitApiVersion, type Kind } from '../kube/kind.ts';
import { isMap, textsIn } from '../lib/narrow.ts';

/** A resource as the server serves it, without subresources. */
export interface ServedResource extends Kind {
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  /** Words that stand for several resources: `all`, `tenantry`. */
  readonly categories: readonly string[];
  /** Names of its subresources: `status`, `scale`, … */
  readonly subresources: readonly string[];
}

type JsonMap = Readonly<Record<string, unknown>>;

/** Reads an aggregated discovery document (apidiscovery.k8s.io/v2); undefined if it is none. */
export function readAggregated(document: unknown): readonly ServedResource[] | undefined {
  if (!isMap(document) || document['kind'] !== 'APIGroupDiscoveryList') return undefined;
  return maps(document['items']).flatMap((group) => {
    const name = isMap(group['metadata']) ? text(group['metadata']['name']) : '';
    return maps(group['versions']).flatMap((version) =>
      maps(version['resources']).flatMap((resource) =>
        readResource(name, text(version['version']), resource),
      ),
    );
  });
}

function readResource(group: string, version: string, resource: JsonMap): ServedResource[] {
  const kind = isMap(resource['responseKind']) ? text(resource['responseKind']['kind']) : '';
  const plural = text(resource['resource']);
  if (kind === '' || plural === '') return [];
  return [
    {
      group,
      version,
      kind,
      plural,
      namespaced: resource['scope'] === 'Namespaced',
      verbs: textsIn(resource['verbs']),
      shortNames: textsIn(resource['shortNames']),
      categories: textsIn(resource['categories']),
      subresources: maps(resource['subresources']).map((sub) => text(sub['subresource'])),
    },
  ];
}

/** The `group/version`s of an APIGroupList. */
export function readGroupList(document: unknown): readonly string[] {
  return maps(isMap(document) ? document['groups'] : undefined).flatMap((group) =>
    maps(group['versions']).map((version) => text(version['groupVersion'])),
  );
}

/** Reads an APIResourceList; subresources are found by the slash in their names. */
export function readResourceList(document: unknown): readonly ServedResource[] {
  if (!isMap(document)) return [];
  const { group, version } = splitApiVersion(text(document['groupVersion']));
  const entries = maps(document['resources']);
  return entries
    .filter((entry) => !text(entry['name']).includes('/'))
    .map((entry) => ({
      group,
      version,
      kind: text(entry['kind']),
      plural: text(entry['name']),
      namespaced: entry['namespaced'] === true,
      verbs: textsIn(entry['verbs']),
      shortNames: textsIn(entry['shortNames']),
      categories: textsIn(entry['categories']),
      subresources: entries
        .map((other) => text(other['name']).split('/', 2))
        .filter(([plural, sub]) => plural === entry['name'] && sub !== undefined)
        .map(([, sub]) => sub ?? ''),
    }));
}

const maps = (value: unknown): JsonMap[] => (Array.isArray(value) ? value.filter(isMap) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
