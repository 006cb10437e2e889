import type { JsonMap, Stored } from './json.ts';
import type { Resource } from './resources.ts';

/** Names of the same fields in v1 Event and in events.k8s.io/v1 Event; stored in the second form. */
const RENAMED: readonly (readonly [core: string, stored: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

function rename<T extends JsonMap>(object: T, from: 0 | 1): T {
  const names = new Map(RENAMED.map((pair) => [pair[from], pair[from === 0 ? 1 : 0]]));
  // True: only optional fields get other names.
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]),
  ) as T;
}

const isCoreEvent = (resource: Resource): boolean => resource.store === 'events' && resource.group === '';

/** A body as it is stored. */
export const toStorage = <T extends JsonMap>(resource: Resource, object: T): T =>
  isCoreEvent(resource) ? rename(object, 0) : object;

/** A stored object as one version of its resource shows it. */
export function present(resource: Resource, object: Stored): Stored {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  const shown = isCoreEvent(resource) ? rename(object, 1) : object;
  return shown.apiVersion === apiVersion ? shown : { ...shown, apiVersion };
}
