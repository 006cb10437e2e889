/** A kind of a service, as it is addressed: enough to find it among those that the cluster serves. */
export interface ServiceId {
  readonly group: string;
  readonly plural: string;
}

/** Where an instance is kept. */
export interface InstanceRef {
  readonly namespace: string;
  readonly name: string;
}

/** Everything that the page may ask. There is no way to any other path of the API server: what is not one of these is answered 404. */
export type Route =
  | { readonly name: 'session' }
  | { readonly name: 'services'; readonly namespace: string }
  | { readonly name: 'service'; readonly service: ServiceId; readonly namespace: string }
  | { readonly name: 'list'; readonly service: ServiceId; readonly namespace: string | undefined }
  | {
      readonly name: 'create';
      readonly service: ServiceId;
      readonly namespace: string;
      readonly dryRun: boolean;
    }
  | {
      readonly name: 'read' | 'remove' | 'parts' | 'usage';
      readonly service: ServiceId;
      readonly ref: InstanceRef;
    }
  | {
      readonly name: 'change';
      readonly service: ServiceId;
      readonly ref: InstanceRef;
      readonly dryRun: boolean;
    }
  | {
      readonly name: 'log';
      readonly service: ServiceId;
      readonly ref: InstanceRef;
      readonly pod: string;
      readonly container: string;
      readonly previous: boolean;
    };

/** Names of Kubernetes, which no path means anything else by: no percent sign, no empty part, none that goes up. */
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
/** Path and query of what the page asks; longer ones are nothing of ours. */
const MAX_URL = 2048;

/** What a request asks for; undefined where it is nothing that the console answers. Pure. */
export function routeOf(method: string, url: string): Route | undefined {
  if (url.length > MAX_URL) return undefined;
  const [path = '', query = ''] = url.split('?', 2);
  const [empty, api, ...parts] = path.split('/');
  if (empty !== '' || api !== 'api' || !parts.every((part) => NAME.test(part))) return undefined;
  const asked = new URLSearchParams(query);
  if (parts.length === 1 && parts[0] === 'session' && method === 'GET') return { name: 'session' };
  if (parts[0] !== 'services') return undefined;
  return routeOfServices(method, parts.slice(1), asked);
}

function routeOfServices(
  method: string,
  parts: readonly string[],
  asked: URLSearchParams,
): Route | undefined {
  const [group, plural, instances, namespace, name, more] = parts;
  const where = nameIn(asked, 'namespace');
  if (group === undefined)
    return method === 'GET' && where !== undefined ? { name: 'services', namespace: where } : undefined;
  if (plural === undefined || parts.length > 6) return undefined;
  const service = { group, plural };
  if (instances === undefined)
    return method === 'GET' && where !== undefined
      ? { name: 'service', service, namespace: where }
      : undefined;
  if (instances !== 'instances') return undefined;
  if (namespace === undefined) return routeOfList(method, service, asked);
  if (name === undefined) return undefined;
  return routeOfInstance(method, service, { namespace, name }, more, asked);
}

function routeOfList(method: string, service: ServiceId, asked: URLSearchParams): Route | undefined {
  const namespace = nameIn(asked, 'namespace');
  // A namespace that is no name must not become all namespaces.
  if (asked.has('namespace') && namespace === undefined) return undefined;
  if (method === 'GET') return { name: 'list', service, namespace };
  if (method === 'POST' && namespace !== undefined)
    return { name: 'create', service, namespace, dryRun: asked.get('dryRun') === 'true' };
  return undefined;
}

function routeOfInstance(
  method: string,
  service: ServiceId,
  ref: InstanceRef,
  more: string | undefined,
  asked: URLSearchParams,
): Route | undefined {
  if (more === undefined) {
    if (method === 'GET') return { name: 'read', service, ref };
    if (method === 'PUT') return { name: 'change', service, ref, dryRun: asked.get('dryRun') === 'true' };
    return method === 'DELETE' ? { name: 'remove', service, ref } : undefined;
  }
  if (method !== 'GET') return undefined;
  if (more === 'parts' || more === 'usage') return { name: more, service, ref };
  const [pod, container] = [nameIn(asked, 'pod'), nameIn(asked, 'container')];
  if (more !== 'log' || pod === undefined || container === undefined) return undefined;
  return { name: 'log', service, ref, pod, container, previous: asked.get('previous') === 'true' };
}

function nameIn(asked: URLSearchParams, key: string): string | undefined {
  const value = asked.get(key);
  return value !== null && NAME.test(value) ? value : undefined;
}
