import type { Reader } from '../../client/client.ts';
import type { LookupQuery } from '../../helm/rendering.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import type { ServedKinds } from './service.ts';

/**
 * Answers the template function `lookup`: only inside the instance's own namespace, and with the rights of the service's
 * account. Everything else does not exist for a chart, as if it were rendered in an empty cluster.
 */
export function lookupIn(
  target: string,
  reader: Reader,
  discovery: Pick<ServedKinds, 'kindFor'>,
  signal: AbortSignal,
): (query: LookupQuery) => Promise<Json | undefined> {
  return async ({ apiVersion, kind: name, namespace, name: objectName }) => {
    if (namespace !== target) return undefined;
    const kind = await discovery.kindFor(apiVersion, name);
    if (kind === undefined || !kind.namespaced) return undefined;
    if (objectName !== '') {
      const object = await reader.find(kind, { namespace: target, name: objectName }, { signal });
      return object === undefined ? undefined : toJson(object);
    }
    const { items } = await reader.list(kind, { namespace: target, signal });
    return { apiVersion, kind: `${name}List`, items: items.map(toJson) };
  };
}

/** What came from the API server is JSON; the type of objects only does not say so. */
function toJson(object: KubeObject): Json {
  return object as unknown as Json;
}
