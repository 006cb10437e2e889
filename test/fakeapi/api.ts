import type { ServerResponse } from 'node:http';
import type { Clock } from '../../src/lib/clock.ts';
import { reviewAccess } from './access-review.ts';
import { hasCelRules } from './custom-schema.ts';
import { aggregatedDiscovery, groupList, KUBERNETES_VERSION, resourceList } from './discovery.ts';
import { present, toStorage } from './event-form.ts';
import type { RequestRecord } from './faults.ts';
import { clone, isMap, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';
import { startLifecycle } from './lifecycle.ts';
import type { Admission, FakeApiOptions } from './options.ts';
import { jsonPatch } from './patches.ts';
import { createLister, startWatch, type OpenWatch } from './reads.ts';
import { parsePath, type Target } from './request-path.ts';
import { builtinResources, type Resource } from './resources.ts';
import { notImplemented, StatusError } from './status-error.ts';
import { Store } from './store.ts';
import * as writes from './writes.ts';

/** An answer before it is put on the wire. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** The server behind the wire. */
export interface Api {
  readonly store: Store;
  readonly podLogs: Map<string, string>;
  readonly watches: Set<{ readonly open: OpenWatch; readonly drop: () => void; readonly end: () => void }>;
  resources(): readonly Resource[];
  handle(request: RequestRecord, accept: string): Promise<Answer>;
  watch(request: RequestRecord, response: ServerResponse, dropAfterEvents: number | undefined): void;
  addAdmission(admission: Admission): () => void;
  stop(): void;
}

type Objects = Extract<Target, { type: 'objects' }>;
const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const PATCHES = {
  'application/merge-patch+json': 'merge',
  'application/json-patch+json': 'json',
  'application/strategic-merge-patch+json': 'strategic',
} as const;
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export function createApi(options: FakeApiOptions, clock: Clock): Api {
  const store = new Store();
  const builtin = builtinResources();
  let custom: readonly Resource[] = [];
  const admissions = new Set<Admission>();
  const watches: Api['watches'] = new Set();
  const podLogs = new Map<string, string>();
  const list = createLister(store);
  const resources = (): readonly Resource[] => [...builtin, ...custom];
  const stopLifecycle = startLifecycle({ store, clock, setCustom: (served) => (custom = served) });
  seed(store, clock, [...SYSTEM_NAMESPACES, ...(options.namespaces ?? [])]);

  const find = (target: Objects): Resource => {
    const resource = resources().find(
      (r) => r.group === target.group && r.version === target.version && r.plural === target.plural,
    );
    if (resource === undefined)
      throw new StatusError('NotFound', 'the server could not find the requested resource');
    return resource;
  };
  const depsFor = (request: RequestRecord, warnings: string[]): writes.WriteDeps => ({
    store,
    clock,
    admit: (operation, context, object, before) =>
      admit({ admissions, request, warnings }, operation, context, object, before),
  });

  const handleObjects = async (request: RequestRecord, target: Objects): Promise<Answer> => {
    const review = reviewAccess(request, target, options);
    if (review !== undefined) return { status: 201, body: review, warnings: [] };
    authorize(request, target, options);
    const resource = find(target);
    const { namespace, name } = target;
    if (request.method === 'GET' && name === undefined) {
      return { status: 200, body: list({ resource, namespace, query: request.query }), warnings: [] };
    }
    if (request.method === 'GET' && target.subresource === 'log' && resource.kind === 'Pod') {
      return { status: 200, body: podLogs.get(`${namespace}/${name}`) ?? '', warnings: [] };
    }
    checkSubresource(resource, target);
    if (request.method === 'GET') {
      const object = store.get(resource.store, namespace, name ?? '');
      if (object === undefined) throw writes.notFound(resource, name ?? '');
      return { status: 200, body: present(resource, object), warnings: [] };
    }
    const warnings: string[] = [];
    const { status, object } = await write(request, target, resource, {
      deps: depsFor(request, warnings),
      options,
    });
    return {
      status,
      body: 'metadata' in object && isMap(object) ? present(resource, object as Stored) : object,
      warnings,
    };
  };

  return {
    store,
    podLogs,
    watches,
    resources,
    handle: async (request, accept) => {
      const target = parsePath(request.path);
      if (target === undefined) throw notImplemented(`${request.method} ${request.path}`);
      return target.type === 'objects'
        ? handleObjects(request, target)
        : ok(describeServer(target, accept, resources(), options));
    },
    watch: (request, response, dropAfterEvents) => {
      const target = parsePath(request.path);
      if (target?.type !== 'objects' || target.name !== undefined)
        throw notImplemented(`watch of ${request.path}`);
      authorize(request, target, options);
      const resource = find(target);
      checkStreaming(request, options);
      request.status = 200;
      response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
      response.flushHeaders();
      openWatch(
        { request, resource, namespace: target.namespace, response, dropAfterEvents },
        { store, clock, watches },
      );
    },
    addAdmission: (admission) => {
      admissions.add(admission);
      return () => admissions.delete(admission);
    },
    stop: () => {
      stopLifecycle();
      for (const { open } of watches) open.stop();
    },
  };
}

const ok = (body: unknown): Answer => ({ status: 200, body, warnings: [] });

function describeServer(
  target: Exclude<Target, Objects>,
  accept: string,
  resources: readonly Resource[],
  options: FakeApiOptions,
): unknown {
  const aggregated = options.aggregatedDiscovery !== false && accept.includes('g=apidiscovery.k8s.io;v=v2');
  switch (target.type) {
    case 'version':
      return KUBERNETES_VERSION;
    case 'health':
      return 'ok';
    case 'core':
      return aggregated ? aggregatedDiscovery(resources, true) : { kind: 'APIVersions', versions: ['v1'] };
    case 'groups':
      return aggregated ? aggregatedDiscovery(resources, false) : groupList(resources);
    case 'resources': {
      const { group, version } = target;
      if (!resources.some((r) => r.group === group && r.version === version)) {
        throw new StatusError('NotFound', 'the server could not find the requested resource');
      }
      return resourceList(resources, group, version);
    }
  }
}

function authorize(request: RequestRecord, target: Objects, options: FakeApiOptions): void {
  const read = request.query.get('watch') === 'true' ? 'watch' : target.name === undefined ? 'list' : 'get';
  const attributes = {
    user: request.user,
    verb: VERBS[request.method] ?? read,
    group: target.group,
    resource: target.plural,
    subresource: target.subresource,
    namespace: target.namespace ?? '',
    name: target.name ?? '',
  };
  if (options.authorize === undefined || options.authorize(attributes)) return;
  const where =
    target.namespace === undefined ? 'at the cluster scope' : `in the namespace "${target.namespace}"`;
  const what = target.group === '' ? target.plural : `${target.plural}.${target.group}`;
  throw new StatusError(
    'Forbidden',
    `${what}${target.name === undefined ? '' : ` "${target.name}"`} is forbidden: User "${request.user}" cannot ${attributes.verb} resource "${target.plural}" in API group "${target.group}" ${where}`,
  );
}

function checkSubresource(resource: Resource, target: Objects): void {
  if (target.subresource === '') return;
  if (target.subresource === 'status' && resource.hasStatus) return;
  if (target.subresource === 'status')
    throw new StatusError('NotFound', 'the server could not find the requested resource');
  throw notImplemented(`subresource ${target.subresource} of ${resource.plural}`);
}

function checkStreaming(request: RequestRecord, options: FakeApiOptions): void {
  if (request.query.get('sendInitialEvents') !== 'true') return;
  if (options.streamingLists !== false && request.query.get('resourceVersionMatch') === 'NotOlderThan')
    return;
  throw new StatusError(
    'Invalid',
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
  );
}

async function write(
  request: RequestRecord,
  target: Objects,
  resource: Resource,
  { deps, options }: { readonly deps: writes.WriteDeps; readonly options: FakeApiOptions },
): Promise<{ status: number; object: object }> {
  const context: writes.WriteContext = {
    resource,
    namespace: target.namespace,
    name: target.name ?? '',
    subresource: target.subresource,
    manager:
      request.query.get('fieldManager') ??
      (request.contentType === 'application/apply-patch+yaml' ? '' : 'unknown'),
    dryRun: request.query.get('dryRun') === 'All',
  };
  if (request.method === 'DELETE') return { status: 200, object: await deleteObject(context, request, deps) };
  if (request.method === 'PATCH' && request.contentType in PATCHES) {
    // True: the content type was just looked up.
    const type = PATCHES[request.contentType as keyof typeof PATCHES];
    return { status: 200, object: await writes.patch(context, type, request.body, deps) };
  }
  if (!isMap(request.body)) throw new StatusError('BadRequest', 'the body is not an object');
  const body = toStorage(resource, request.body);
  if (
    resource.kind === 'CustomResourceDefinition' &&
    options.skipCelRules !== true &&
    hasCelRules(mapAt(body, 'spec'))
  ) {
    throw notImplemented('x-kubernetes-validations (CEL); set skipCelRules to store them unevaluated');
  }
  if (request.method === 'PATCH') {
    if (request.contentType !== 'application/apply-patch+yaml')
      throw new StatusError('UnsupportedMediaType', `unsupported patch type ${request.contentType}`);
    const existed = deps.store.get(resource.store, context.namespace, context.name) !== undefined;
    const object = await writes.apply(context, body, request.query.get('force') === 'true', deps);
    return { status: existed ? 200 : 201, object };
  }
  if (request.method === 'PUT') return { status: 200, object: await writes.replace(context, body, deps) };
  if (request.method === 'POST' && target.name === undefined)
    return { status: 201, object: await writes.create(context, body, deps) };
  throw notImplemented(`${request.method} ${request.path}`);
}

async function deleteObject(
  context: writes.WriteContext,
  request: RequestRecord,
  deps: writes.WriteDeps,
): Promise<object> {
  if (context.name === '') throw notImplemented('deletion of a collection');
  const body = isMap(request.body) ? request.body : {};
  const preconditions = mapAt(body, 'preconditions');
  const propagation = stringAt(body, 'propagationPolicy');
  // Jobs of batch/v1 orphan their pods unless told otherwise.
  const fallback =
    context.resource.kind === 'Job' && context.resource.group === 'batch' ? 'Orphan' : 'Background';
  const dryRun = context.dryRun || (Array.isArray(body['dryRun']) && body['dryRun'].includes('All'));
  return writes.remove(
    { ...context, dryRun },
    {
      uid: stringAt(preconditions, 'uid'),
      resourceVersion: stringAt(preconditions, 'resourceVersion'),
      propagation:
        propagation === 'Foreground' || propagation === 'Orphan' || propagation === 'Background'
          ? propagation
          : fallback,
    },
    deps,
  );
}

interface Admitting {
  readonly admissions: ReadonlySet<Admission>;
  readonly request: RequestRecord;
  readonly warnings: string[];
}

async function admit(
  { admissions, request, warnings }: Admitting,
  operation: 'CREATE' | 'UPDATE' | 'DELETE',
  context: writes.WriteContext,
  object: Stored | undefined,
  before: Stored | undefined,
): Promise<Stored | undefined> {
  let admitted = object;
  for (const admission of admissions) {
    const answer = await admission({
      uid: crypto.randomUUID(),
      operation,
      group: context.resource.group,
      version: context.resource.version,
      kind: context.resource.kind,
      resource: context.resource.plural,
      subResource: context.subresource,
      namespace: context.namespace ?? '',
      name: context.name,
      user: { username: request.user, uid: '', groups: [] },
      object: admitted,
      oldObject: before,
      dryRun: context.dryRun,
    });
    if (!answer.allowed) {
      const message = answer.findings.map((finding) => finding.message).join('\n');
      throw new StatusError('Forbidden', `admission webhook "fake" denied the request: ${message}`, {
        causes: answer.findings.map(({ field, message: text }) => ({
          message: text,
          ...(field === undefined ? {} : { field }),
        })),
      });
    }
    warnings.push(...(answer.warnings ?? []));
    if (answer.patch !== undefined && admitted !== undefined)
      admitted = jsonPatch(admitted, answer.patch) as Stored; // true: webhooks patch objects into objects
  }
  return admitted;
}

interface WatchOnWire {
  readonly request: RequestRecord;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
  readonly dropAfterEvents: number | undefined;
}

function openWatch(
  wire: WatchOnWire,
  server: { readonly store: Store; readonly clock: Clock; readonly watches: Api['watches'] },
): void {
  const { response } = wire;
  let left = wire.dropAfterEvents ?? Infinity;
  const drop = (): void => void response.socket?.resetAndDestroy();
  const sink = {
    write: (line: string): void => {
      if (left <= 0) return;
      left -= 1;
      if (left > 0) response.write(line);
      else response.write(line, drop);
    },
    end: () => void response.end(),
  };
  if (left === 0) drop();
  const reading = { resource: wire.resource, namespace: wire.namespace, query: wire.request.query };
  const open = startWatch(reading, server.store, server.clock, sink);
  const end = (): void => {
    open.stop();
    response.end();
  };
  const entry = { open, drop, end };
  server.watches.add(entry);
  response.on('close', () => {
    server.watches.delete(entry);
    open.stop();
  });
}

function seed(store: Store, clock: Clock, names: readonly string[]): void {
  const time = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  for (const name of names) {
    const metadata: JsonMap = {
      name,
      uid: crypto.randomUUID(),
      creationTimestamp: time,
      labels: { 'kubernetes.io/metadata.name': name },
    };
    const namespace: JsonMap = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata,
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    };
    store.put('namespaces.', clone(namespace) as Stored); // true: name and uid are set, put sets the version
  }
}
