import type { Clock } from '../../src/lib/clock.ts';
import { reviewAccess } from './access-review.ts';
import { mutate, validate, type Judged } from './admissions.ts';
import { remove } from './deletions.ts';
import { aggregatedDiscovery, groupList, KUBERNETES_VERSION, openApiOf, resourceList } from './discovery.ts';
import { present, toStorage } from './event-form.ts';
import type { RequestRecord } from './faults.ts';
import { clone, isMap, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';
import { startLifecycle } from './lifecycle.ts';
import type { Admission, FakeApiOptions } from './options.ts';
import type { Reading } from './list-options.ts';
import { answerList, checkWatch, startWatch, type OpenWatch } from './reads.ts';
import { parsePath, type Target } from './request-path.ts';
import {
  checkAccept,
  checkContentType,
  checkDeleteOptions,
  checkParameters,
  verbOf,
  type Verb,
} from './request-rules.ts';
import { builtinResources, type Resource } from './resources.ts';
import { notImplemented, StatusError } from './status-error.ts';
import { Store } from './store.ts';
import { notFound } from './write-errors.ts';
import * as writes from './writes.ts';

/** An answer before it is put on the wire. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** What a watch needs of a response: its own wire, or one in memory. */
export interface WatchResponse {
  readonly socket: { resetAndDestroy(): unknown } | null;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  flushHeaders(): void;
  write(line: string, written?: () => void): unknown;
  end(): unknown;
  on(event: 'close', listener: () => void): unknown;
}

/** The server behind the wire. */
export interface Api {
  readonly store: Store;
  readonly podLogs: Map<string, string>;
  /** Asked as validating webhooks are, without the wire. */
  readonly admissions: Set<Admission>;
  readonly watches: Set<{ readonly open: OpenWatch; readonly drop: () => void; readonly end: () => void }>;
  resources(): readonly Resource[];
  handle(request: RequestRecord, accept: string): Promise<Answer>;
  watch(request: RequestRecord, response: WatchResponse, dropAfterEvents: number | undefined): void;
  stop(): void;
}

type Objects = Extract<Target, { type: 'objects' }>;
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
  const depsFor = (request: RequestRecord, warnings: string[]): writes.WriteDeps => {
    const warn = (text: string): void => void warnings.push(text);
    const unenforced = options.unenforced ?? [];
    const admitting = { store, user: request.user, unenforced, admissions, warn };
    const admission = {
      mutate: (judged: Judged & { readonly object: Stored }) => mutate(admitting, judged),
      validate: (judged: Judged) => validate(admitting, judged),
    };
    return { store, clock, warn, unenforced, admission };
  };

  const handleObjects = async (request: RequestRecord, accept: string, target: Objects): Promise<Answer> => {
    const review = reviewAccess(request, target, options);
    if (review !== undefined) return { status: 201, body: review, warnings: [] };
    const resource = find(target);
    const { namespace, name } = target;
    if (request.method === 'GET' && target.subresource === 'log' && resource.kind === 'Pod') {
      authorize(request, target, 'get', options);
      const { container, limitBytes, tailLines, ...others } = Object.fromEntries(request.query);
      if (Object.keys(others).length > 0) throw notImplemented(`parameters of logs: ${request.query}`);
      const key = container === undefined ? `${namespace}/${name}` : `${namespace}/${name}/${container}`;
      return {
        status: 200,
        body: partOfLog(podLogs.get(key) ?? '', { tailLines, limitBytes }),
        warnings: [],
      };
    }
    const verb = verbOf(request, target);
    authorize(request, target, verb, options);
    checkSubresource(resource, target);
    checkAccept(accept);
    checkParameters(request, verb);
    if (verb === 'list')
      return {
        status: 200,
        body: answerList({ resource, namespace, query: request.query }, store),
        warnings: [],
      };
    if (verb === 'get') {
      const version = request.query.get('resourceVersion') ?? '';
      if (version !== '' && version !== '0') throw notImplemented('get with a resourceVersion');
      const object = store.get(resource.store, namespace, name ?? '');
      if (object === undefined) throw notFound(resource, name ?? '');
      return { status: 200, body: present(resource, object), warnings: [] };
    }
    checkContentType(request, verb);
    const warnings: string[] = [];
    const asked = { request, target, resource, verb };
    const { status, object } = await write(asked, depsFor(request, warnings));
    // True: of what writes answer only objects have metadata with a name.
    const stored = 'metadata' in object && 'name' in Object(object.metadata) ? (object as Stored) : undefined;
    return { status, body: stored === undefined ? object : present(resource, stored), warnings };
  };
  const readingOf = (request: RequestRecord): Reading => {
    const target = parsePath(request.path);
    if (target?.type !== 'objects' || target.name !== undefined || request.method !== 'GET')
      throw notImplemented(`watch by ${request.method} ${request.path}`);
    authorize(request, target, 'watch', options);
    const reading = { resource: find(target), namespace: target.namespace, query: request.query };
    checkParameters(request, 'watch');
    checkWatch(reading, options.streamingLists !== false);
    return reading;
  };

  return {
    store,
    podLogs,
    admissions,
    watches,
    resources,
    handle: async (request, accept) => {
      const target = parsePath(request.path);
      if (target === undefined) throw notImplemented(`${request.method} ${request.path}`);
      return target.type === 'objects'
        ? handleObjects(request, accept, target)
        : ok(describeServer(target, accept, resources(), options));
    },
    watch: (request, response, dropAfterEvents) => {
      const reading = readingOf(request);
      request.status = 200;
      response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
      response.flushHeaders();
      openWatch({ reading, response, dropAfterEvents }, { store, clock, watches });
    },
    stop: () => {
      stopLifecycle();
      for (const { open } of watches) open.stop();
    },
  };
}

const ok = (body: unknown): Answer => ({ status: 200, body, warnings: [] });

/** The last lines, and of these the first bytes. */
function partOfLog(
  log: string,
  {
    tailLines,
    limitBytes,
  }: { readonly tailLines: string | undefined; readonly limitBytes: string | undefined },
): string {
  const lines = log.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const wanted = tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - Number(tailLines)));
  const bytes = Buffer.from(wanted.join(''));
  return bytes.subarray(0, limitBytes === undefined ? bytes.length : Number(limitBytes)).toString();
}

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
    case 'openapi':
      return openApiOf(resources, target);
  }
}

function authorize(request: RequestRecord, target: Objects, verb: Verb, options: FakeApiOptions): void {
  const attributes = {
    user: request.user,
    verb: verb === 'apply' ? 'patch' : verb,
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

interface Asked {
  readonly request: RequestRecord;
  readonly target: Objects;
  readonly resource: Resource;
  readonly verb: Verb;
}

async function write(
  { request, target, resource, verb }: Asked,
  deps: writes.WriteDeps,
): Promise<{ status: number; object: object }> {
  const { query } = request;
  const validation = query.get('fieldValidation') ?? 'Warn';
  if (validation === 'Strict' && resource.crd === undefined)
    throw notImplemented('fieldValidation=Strict of built-in kinds, whose fields the fake does not know');
  const context: writes.WriteContext = {
    resource,
    namespace: target.namespace,
    name: target.name ?? '',
    subresource: target.subresource,
    manager: query.get('fieldManager') ?? 'unknown',
    dryRun: query.get('dryRun') === 'All',
    validation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
  };
  if (verb === 'deletecollection') throw notImplemented('deletion of a collection');
  if (verb === 'delete') return { status: 200, object: await deleteObject(context, request, deps) };
  if (verb === 'patch') {
    // True: `checkContentType` lets no other type through.
    const type = PATCHES[request.contentType as keyof typeof PATCHES];
    return { status: 200, object: await writes.patch(context, type, request.body, deps) };
  }
  if (!isMap(request.body)) throw new StatusError('BadRequest', 'the body is not an object');
  const body = toStorage(resource, request.body);
  if (verb === 'apply') {
    const existed = deps.store.get(resource.store, context.namespace, context.name) !== undefined;
    const object = await writes.apply(context, body, query.get('force') === 'true', deps);
    return { status: existed ? 200 : 201, object };
  }
  if (verb === 'update') return { status: 200, object: await writes.replace(context, body, deps) };
  return { status: 201, object: await writes.create(context, body, deps) };
}

async function deleteObject(
  context: writes.WriteContext,
  request: RequestRecord,
  deps: writes.WriteDeps,
): Promise<object> {
  const body = isMap(request.body) ? request.body : {};
  checkDeleteOptions(body);
  const preconditions = mapAt(body, 'preconditions');
  const propagation = stringAt(body, 'propagationPolicy');
  // Jobs of batch/v1 orphan their pods unless told otherwise.
  const fallback =
    context.resource.kind === 'Job' && context.resource.group === 'batch' ? 'Orphan' : 'Background';
  const dryRun = Array.isArray(body['dryRun']) && body['dryRun'].includes('All');
  return remove(
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

interface WatchOnWire {
  readonly reading: Reading;
  readonly response: WatchResponse;
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
  const open = startWatch(wire.reading, server, sink);
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
