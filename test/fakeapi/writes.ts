import { randomUUID } from 'node:crypto';
import { formatTime } from '../../src/kube/conditions.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { deepEqual } from '../../src/lib/deep-equal.ts';
import type { Judged } from './admissions.ts';
import { checkCustom, decodeCustom } from './custom-schema.ts';
import { clone, isMap, listAt, mapAt, stringAt, withoutEmpty, type JsonMap, type Stored } from './json.ts';
import type { Shape } from './managed-fields.ts';
import { applyDocument, recordUpdate, type Writer } from './ownership.ts';
import { jsonPatch, mergePatch, strategicPatch } from './patches.ts';
import { metadataFailures } from './object-metadata.ts';
import { prepareBuiltin } from './prepare-builtin.ts';
import type { Resource } from './resources.ts';
import { StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import { isDone } from './is-done.ts';
import { checkBinding, type Unenforced } from './unenforced.ts';
import { alreadyExists, conflict, forbidden, invalid, modified, notFound } from './write-errors.ts';

/** What one write is about. */
export interface WriteContext {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** '' for a create that lets the server choose. */
  readonly name: string;
  readonly subresource: string;
  readonly manager: string;
  readonly dryRun: boolean;
  /** What becomes of fields the kind does not have. */
  readonly validation: 'Ignore' | 'Warn' | 'Strict';
}

/** Asked before anything is stored; both throw StatusError to deny. */
export interface Admission {
  /** Answers the object as it shall be. */
  mutate(judged: Judged & { readonly object: Stored }): Promise<Stored>;
  /** Sees the object as it would be stored. */
  validate(judged: Judged): Promise<void>;
}

/** What writes need of the server around them. */
export interface WriteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly admission: Admission;
  /** Has the client told of what it should not have sent. */
  readonly warn: (text: string) => void;
  readonly unenforced: readonly Unenforced[];
}

const RESTORED = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
];

const shapeOf = (resource: Resource): Shape => ({ kind: resource.kind, schema: resource.schema });

function writer(context: WriteContext, deps: WriteDeps): Writer {
  return { manager: context.manager, subresource: context.subresource, time: formatTime(deps.clock.now()) };
}

export async function create(context: WriteContext, body: JsonMap, deps: WriteDeps): Promise<Stored> {
  const { resource } = context;
  const metadata = mapAt(body, 'metadata');
  if (stringAt(metadata, 'resourceVersion') !== undefined) {
    throw new StatusError('InternalError', 'resourceVersion should not be set on objects to be created');
  }
  const generate = stringAt(metadata, 'generateName');
  const name =
    stringAt(metadata, 'name') ?? (generate === undefined ? '' : `${generate}${randomUUID().slice(0, 5)}`);
  const fresh = newObject(context, name, body, deps);
  const prepared = prepare(context, fresh, undefined, deps);
  const recorded = recordUpdate(shapeOf(resource), {}, prepared, writer(context, deps));
  const given = stringAt(metadata, 'name') ?? '';
  return insert({ ...context, name }, recorded, deps, given);
}

/** Left out where they are empty. */
const METADATA_COLLECTIONS = ['labels', 'annotations', 'finalizers', 'ownerReferences'];

/** What was sent as admission sees it. */
function prepare(context: WriteContext, object: Stored, before: Stored | undefined, deps: WriteDeps): Stored {
  checkBinding(context.resource, object, deps.unenforced);
  const named = { ...object, metadata: withoutEmpty(object.metadata, METADATA_COLLECTIONS) };
  return prepareBuiltin(context.resource, decode(context, named, deps), before);
}

/** What was sent, as the server reads it: without the fields the kind does not have, with its defaults. */
function decode({ resource, validation }: WriteContext, object: Stored, { warn }: WriteDeps): Stored {
  const unknown: string[] = [];
  const decoded = decodeCustom(resource, object, (path) => unknown.push(`unknown field "${path}"`));
  if (validation === 'Warn') unknown.forEach(warn);
  if (validation === 'Strict' && unknown.length > 0) {
    const { kind, version } = resource;
    throw new StatusError(
      'BadRequest',
      `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${unknown.join(', ')}`,
    );
  }
  return decoded;
}

/** What comes back from admission may hold unknown fields again, and must fit the schema. */
function checkAdmitted(resource: Resource, object: Stored, before: Stored | undefined): Stored {
  const final = decodeCustom(resource, object, () => undefined);
  checkCustom(resource, final, before);
  return final;
}

function newObject(context: WriteContext, name: string, body: JsonMap, deps: WriteDeps): Stored {
  const { resource, namespace } = context;
  checkIdentity(context, name, body, deps);
  const { status: _status, ...withoutStatus } = body;
  const { managedFields: _managed, deletionTimestamp: _deletion, ...metadata } = mapAt(body, 'metadata');
  return {
    ...(resource.hasStatus ? withoutStatus : body),
    apiVersion: String(body['apiVersion']),
    kind: resource.kind,
    metadata: {
      ...clone(metadata),
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: formatTime(deps.clock.now()),
      ...(resource.hasGeneration ? { generation: 1 } : {}),
    },
  };
}

function checkIdentity(
  { resource, namespace }: WriteContext,
  name: string,
  body: JsonMap,
  { store }: WriteDeps,
): void {
  const expected = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  if (body['apiVersion'] !== expected || body['kind'] !== resource.kind) {
    throw new StatusError(
      'BadRequest',
      `the object is ${String(body['apiVersion'])} ${String(body['kind'])}, expected ${expected} ${resource.kind}`,
    );
  }
  const given = stringAt(mapAt(body, 'metadata'), 'namespace');
  if (given !== undefined && given !== namespace) {
    throw new StatusError(
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  const failures = metadataFailures(resource, { ...mapAt(body, 'metadata'), name });
  if (failures.length > 0) throw invalid(resource, name, failures);
  if (namespace === undefined) return;
  const home = store.get('namespaces.', undefined, namespace);
  if (home === undefined) throw new StatusError('NotFound', `namespaces "${namespace}" not found`);
  if (home.metadata['deletionTimestamp'] !== undefined) {
    const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(resource, name, message, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ]);
  }
}

/** `given` is the name that was sent: one that the server makes up is not there yet while mutating webhooks look. */
async function insert(
  context: WriteContext,
  object: Stored,
  deps: WriteDeps,
  given = context.name,
): Promise<Stored> {
  const { resource, namespace, name } = context;
  const exists = (): boolean => deps.store.get(resource.store, namespace, name) !== undefined;
  const mutated = await deps.admission.mutate({
    operation: 'CREATE',
    context: { ...context, name: given },
    object,
  });
  const final = checkAdmitted(resource, mutated, undefined);
  await deps.admission.validate({ operation: 'CREATE', context, object: final });
  if (exists()) throw alreadyExists(resource, name);
  if (context.dryRun) return final;
  return deps.store.put(resource.store, final);
}

export async function replace(context: WriteContext, body: JsonMap, deps: WriteDeps): Promise<Stored> {
  const { resource, name } = context;
  const before = current(context, deps);
  checkBodyName(context, body);
  if (resource.crd !== undefined && stringAt(mapAt(body, 'metadata'), 'resourceVersion') === undefined) {
    throw invalid(resource, name, [
      { field: 'metadata.resourceVersion', message: 'Invalid value: 0: must be specified for an update' },
    ]);
  }
  checkPreconditions(context, before, mapAt(body, 'metadata'));
  return update(context, before, body, deps);
}

export async function patch(
  context: WriteContext,
  type: 'merge' | 'json' | 'strategic',
  body: unknown,
  deps: WriteDeps,
): Promise<Stored> {
  const { resource, name } = context;
  const before = current(context, deps);
  if (type === 'strategic' && resource.crd !== undefined) {
    throw new StatusError(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  const patched = {
    merge: mergePatch,
    json: jsonPatch,
    strategic: (o: unknown, p: unknown) => strategicPatch(resource.kind, o, p),
  };
  const after = patched[type](clone(before), body);
  if (!isMap(after)) throw new StatusError('BadRequest', `${name}: the patched object is not an object`);
  checkUid(context, before, mapAt(after, 'metadata'));
  checkPreconditions(context, before, { resourceVersion: mapAt(after, 'metadata')['resourceVersion'] });
  return update(context, before, after, deps);
}

export async function apply(
  context: WriteContext,
  body: JsonMap,
  force: boolean,
  deps: WriteDeps,
): Promise<Stored> {
  const { resource, name, subresource } = context;
  const metadata = mapAt(body, 'metadata');
  if (metadata['managedFields'] !== undefined)
    throw new StatusError('BadRequest', 'metadata.managedFields must be nil');
  checkBodyName(context, body);
  const before = deps.store.get(resource.store, context.namespace, name);
  const document = appliedPart(context, body);
  const owner = { ...writer(context, deps), force };
  if (before !== undefined) {
    checkUid(context, before, metadata);
    checkPreconditions(context, before, { resourceVersion: metadata['resourceVersion'] });
    return update(
      context,
      before,
      applyDocument(shapeOf(resource), before, document, owner),
      deps,
      'recorded',
    );
  }
  if (subresource !== '') throw notFound(resource, name);
  if (metadata['uid'] !== undefined) {
    throw conflict(
      resource,
      name,
      `uid mismatch: the provided object specified uid ${JSON.stringify(metadata['uid'])}, and no existing object was found`,
    );
  }
  const recorded = applyDocument(shapeOf(resource), {}, document, owner);
  const { managedFields } = mapAt(recorded, 'metadata');
  const fresh = prepare(context, newObject(context, name, document, deps), undefined, deps);
  return insert(context, { ...fresh, metadata: { ...fresh.metadata, managedFields } }, deps);
}

/** Through the status door only status comes in, through the main one everything else. */
function appliedPart({ resource, subresource }: WriteContext, body: JsonMap): JsonMap {
  const { status, ...rest } = body;
  if (subresource === 'status') {
    return {
      apiVersion: body['apiVersion'],
      kind: body['kind'],
      metadata: { name: mapAt(body, 'metadata')['name'] },
      ...(status === undefined ? {} : { status }),
    };
  }
  return resource.hasStatus ? rest : body;
}

/** The object a write is about; throws NotFound. */
export function current({ resource, namespace, name }: WriteContext, { store }: WriteDeps): Stored {
  const object = store.get(resource.store, namespace, name);
  if (object === undefined) throw notFound(resource, name);
  return object;
}

function checkBodyName({ resource, name, namespace }: WriteContext, body: JsonMap): void {
  const expected = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  if (body['apiVersion'] !== expected)
    throw new StatusError(
      'BadRequest',
      `the API version in the data (${String(body['apiVersion'])}) does not match the expected API version (${expected})`,
    );
  const metadata = mapAt(body, 'metadata');
  const given = stringAt(metadata, 'name');
  if (given !== undefined && given !== name) {
    throw new StatusError(
      'BadRequest',
      `the name of the object (${given}) does not match the name on the URL (${name})`,
    );
  }
  const home = stringAt(metadata, 'namespace');
  if (home !== undefined && home !== namespace) {
    throw new StatusError(
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (body['kind'] !== resource.kind)
    throw new StatusError('BadRequest', `the object is a ${String(body['kind'])}, expected ${resource.kind}`);
}

/** In a patch another UID is an invalid change of an immutable field; only PUT and DELETE know preconditions. */
function checkUid({ resource, name }: WriteContext, before: Stored, { uid }: JsonMap): void {
  if (uid === undefined || uid === '' || uid === before.metadata.uid) return;
  const message = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
  throw invalid(resource, name, [{ field: 'metadata.uid', message }]);
}

/** Throws Conflict if the object is another one, or of another version, than the caller believes. */
export function checkPreconditions(
  { resource, name }: WriteContext,
  before: Stored,
  metadata: JsonMap,
): void {
  const { uid, resourceVersion } = metadata;
  if (uid !== undefined && uid !== '' && uid !== before.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${JSON.stringify(uid)}, UID in object meta: ${before.metadata.uid}`,
    );
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== before.metadata.resourceVersion
  ) {
    throw modified(resource, name);
  }
}

/** The common tail of every change of an object that exists. */
async function update(
  context: WriteContext,
  before: Stored,
  wanted: JsonMap,
  deps: WriteDeps,
  fields: 'recorded' | 'to record' = 'to record',
): Promise<Stored> {
  const { resource } = context;
  checkDeletionMark(context, before, mapAt(wanted, 'metadata'));
  let after = restoreServerFields(context, before, wanted);
  checkFinalizers(context, before, after);
  const failures = metadataFailures(resource, after.metadata);
  if (failures.length > 0) throw invalid(resource, context.name, failures);
  after = prepare(context, after, before, deps);
  // What a webhook changes after this belongs to nobody.
  if (fields === 'to record') after = recordUpdate(shapeOf(resource), before, after, writer(context, deps));
  after = await deps.admission.mutate({ operation: 'UPDATE', context, object: after, before });
  after = checkAdmitted(resource, after, before);
  await deps.admission.validate({ operation: 'UPDATE', context, object: after, before });
  if (resource.hasGeneration && !deepEqual(specOf(before), specOf(after))) {
    const { generation } = before.metadata;
    after = {
      ...after,
      metadata: { ...after.metadata, generation: (typeof generation === 'number' ? generation : 0) + 1 },
    };
  }
  if (deepEqual(before, after) || context.dryRun) return after;
  const now = deps.store.get(resource.store, context.namespace, context.name);
  if (now !== before) throw modified(resource, context.name);
  const stored = deps.store.put(resource.store, after);
  return isDone(stored) ? deps.store.remove(resource.store, stored) : stored;
}

function restoreServerFields(
  { resource, subresource }: WriteContext,
  before: Stored,
  wanted: JsonMap,
): Stored {
  const given = mapAt(wanted, 'metadata');
  const status = (from: JsonMap): JsonMap => (from['status'] === undefined ? {} : { status: from['status'] });
  if (subresource === 'status') {
    const managedFields = given['managedFields'];
    return { ...before, metadata: { ...before.metadata, managedFields }, ...status(wanted) };
  }
  const metadata: JsonMap = { ...given, resourceVersion: before.metadata.resourceVersion };
  for (const key of RESTORED) {
    if (before.metadata[key] === undefined) delete metadata[key];
    else metadata[key] = before.metadata[key];
  }
  const { status: _status, ...rest } = wanted;
  // True: the name, the UID and the version were put back above.
  return {
    ...rest,
    ...(resource.hasStatus ? status(before) : status(wanted)),
    apiVersion: wanted['apiVersion'] ?? before.apiVersion,
    kind: before.kind,
    metadata,
  } as Stored;
}

/** Only a deletion marks an object for deletion. */
function checkDeletionMark({ resource, name }: WriteContext, before: Stored, wanted: JsonMap): void {
  const given = wanted['deletionTimestamp'] ?? undefined;
  if (given === undefined || before.metadata['deletionTimestamp'] !== undefined) return;
  const message = `Invalid value: ${JSON.stringify(given)}: field is immutable`;
  throw invalid(resource, name, [{ field: 'metadata.deletionTimestamp', message }]);
}

function checkFinalizers({ resource, name }: WriteContext, before: Stored, after: Stored): void {
  if (before.metadata['deletionTimestamp'] === undefined) return;
  const had = listAt(before.metadata, 'finalizers');
  const added = listAt(after.metadata, 'finalizers').filter((finalizer) => !had.includes(finalizer));
  if (added.length > 0) {
    const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
    throw invalid(resource, name, [{ field: 'metadata.finalizers', message, reason: 'FieldValueForbidden' }]);
  }
}

function specOf(object: Stored): JsonMap {
  const { metadata: _metadata, status: _status, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}
