import { groupKindOf, pathOf, apiVersionOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ApiRequest } from './api-request.ts';
import {
  FIELD_MANAGER,
  type ApplyOptions,
  type DeleteOptions,
  type ListOptions,
  type Patch,
  type PatchOptions,
  type RawRequest,
  type WatchRequest,
  type WriteOptions,
} from './client.ts';

/** Objects a page; a list of 5,000 in one piece stalls the event loop for half a second, pages of 500 for 40 ms. */
export const PAGE_SIZE = 500;
/** Bytes of an answer with one object: etcd stores at most 1.5 MiB, managed fields and JSON make it a few times more. */
export const MAX_OBJECT_BYTES = 16 * 1024 * 1024;
/** Bytes of a page: 500 large Secrets; below what one JavaScript string can hold. */
export const MAX_PAGE_BYTES = 256 * 1024 * 1024;
/** Seconds after which the server ends a watch, unless the caller says otherwise. */
export const WATCH_SECONDS = 290;

const JSON_HEADERS = { accept: 'application/json' };
const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML; the server has no JSON spelling of this type.
  apply: 'application/apply-patch+yaml',
} as const;

/**
 * The path of one object. A name that is missing would make it the path of the whole collection, and a DELETE there deletes
 * everything: so it is refused here, whatever the types promised, as is one that a URL would resolve to somewhere else.
 */
function objectPath(kind: Kind, ref: ObjectRef, subresource?: string): string {
  const parts: unknown[] = [ref.name];
  if (kind.namespaced && ref.namespace !== undefined) parts.push(ref.namespace);
  for (const part of parts)
    if (typeof part !== 'string' || part === '' || part === '.' || part === '..')
      throw new KubeError('BadRequest', `${groupKindOf(kind)}: "${String(part)}" is no name of an object`);
  return pathOf(kind, ref, subresource);
}

export function getRequest(kind: Kind, ref: ObjectRef): ApiRequest {
  return read(`get ${describe(kind, ref)}`, objectPath(kind, ref), MAX_OBJECT_BYTES);
}

export function listRequest(kind: Kind, options: ListOptions, continueToken: string): ApiRequest {
  const query = selection(options);
  query.set('limit', String(PAGE_SIZE));
  if (continueToken !== '') query.set('continue', continueToken);
  const path = `${pathOf(kind, { namespace: options.namespace })}?${query}`;
  return read(`list ${describe(kind, { namespace: options.namespace })}`, path, MAX_PAGE_BYTES);
}

export function watchRequest(kind: Kind, request: WatchRequest): ApiRequest {
  const query = selection(request);
  query.set('watch', 'true');
  query.set('allowWatchBookmarks', 'true');
  query.set('timeoutSeconds', String(request.timeoutSeconds ?? WATCH_SECONDS));
  if (request.resourceVersion !== undefined) query.set('resourceVersion', request.resourceVersion);
  if (request.sendInitialEvents === true) {
    query.set('sendInitialEvents', 'true');
    query.set('resourceVersionMatch', 'NotOlderThan');
  }
  const path = `${pathOf(kind, { namespace: request.namespace })}?${query}`;
  return {
    ...read(`watch ${describe(kind, { namespace: request.namespace })}`, path, MAX_OBJECT_BYTES),
    watch: true,
  };
}

export function createRequest(kind: Kind, object: KubeObject, options: WriteOptions): ApiRequest {
  const { namespace, name, generateName } = object.metadata;
  const path = withQuery(pathOf(kind, { namespace }), writing(options));
  const what = `create ${describe(kind, { namespace, name: name ?? `${generateName ?? ''}*` })}`;
  return write('POST', what, path, 'application/json', complete(kind, object));
}

export function replaceRequest(kind: Kind, object: KubeObject, options: PatchOptions): ApiRequest {
  const path = withQuery(objectPath(kind, object.metadata, options.subresource), writing(options));
  const what = `replace ${describe(kind, object.metadata, options.subresource)}`;
  return write('PUT', what, path, 'application/json', complete(kind, object));
}

export function applyRequest(kind: Kind, object: KubeObject, options: ApplyOptions): ApiRequest {
  const query = writing(options);
  query.set('force', String(options.force ?? true));
  const path = withQuery(objectPath(kind, object.metadata, options.subresource), query);
  const what = `apply ${describe(kind, object.metadata, options.subresource)}`;
  // Applying the same twice gives the same: the only write that may be repeated after a lost answer.
  return { ...write('PATCH', what, path, PATCH_TYPES.apply, complete(kind, object)), repeatable: true };
}

export function patchRequest(kind: Kind, ref: ObjectRef, patch: Patch, options: PatchOptions): ApiRequest {
  const path = withQuery(objectPath(kind, ref, options.subresource), writing(options));
  const what = `patch ${describe(kind, ref, options.subresource)}`;
  return write('PATCH', what, path, PATCH_TYPES[patch.type], patch.body);
}

export function deleteRequest(kind: Kind, ref: ObjectRef, options: DeleteOptions): ApiRequest {
  const { uid, resourceVersion, propagation, gracePeriodSeconds, dryRun } = options;
  // Undefined members are dropped by serialising.
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion },
    propagationPolicy: propagation,
    gracePeriodSeconds,
    dryRun: dryRun === true ? ['All'] : undefined,
  };
  return write('DELETE', `delete ${describe(kind, ref)}`, objectPath(kind, ref), 'application/json', body);
}

export function rawRequest(raw: RawRequest): ApiRequest {
  const { method, path, body, headers } = raw;
  const content = body === undefined ? {} : { 'content-type': 'application/json' };
  return {
    method,
    path,
    headers: { accept: 'application/json, */*', ...content, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    what: `${method} ${path.split('?', 1)[0]}`,
    repeatable: method === 'GET',
    maxBytes: raw.maxBytes ?? MAX_OBJECT_BYTES,
  };
}

function read(what: string, path: string, maxBytes: number): ApiRequest {
  return { method: 'GET', path, headers: JSON_HEADERS, what, repeatable: true, maxBytes };
}

function write(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  what: string,
  path: string,
  contentType: string,
  body: unknown,
): ApiRequest {
  return {
    method,
    path,
    headers: { ...JSON_HEADERS, 'content-type': contentType },
    body: JSON.stringify(body),
    what,
    repeatable: false,
    maxBytes: MAX_OBJECT_BYTES,
  };
}

function selection(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
  return query;
}

function writing(options: WriteOptions): URLSearchParams {
  const query = new URLSearchParams({ fieldManager: options.fieldManager ?? FIELD_MANAGER });
  if (options.dryRun === true) query.set('dryRun', 'All');
  return query;
}

const withQuery = (path: string, query: URLSearchParams): string => `${path}?${query}`;

/** The server wants apiVersion and kind in every body; objects out of lists may lack them. */
function complete(kind: Kind, object: KubeObject): KubeObject {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function describe(
  kind: Kind,
  ref: { readonly namespace?: string | undefined; readonly name?: string },
  subresource?: string,
): string {
  const parts = [ref.namespace, ref.name].filter((part) => part !== undefined);
  const name = parts.length === 0 ? '' : ` ${parts.join('/')}`;
  return `${groupKindOf(kind)}${subresource === undefined ? '' : `/${subresource}`}${name}`;
}
