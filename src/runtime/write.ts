import { INSTANCE_UID_LABEL } from '../api/names.ts';
import { FIELD_MANAGER, type Client } from '../client/client.ts';
import { groupKindOf, type ObjectRef } from '../kube/kind.ts';
import { isKubeError, KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { countCreatedAsApplied, managedFieldsOf } from './managed-fields.ts';
import { notOurs } from './not-ours.ts';
import type { Write } from './plan.ts';

/**
 * Manager of what `patch` writes. Not FIELD_MANAGER: an apply takes away what its manager owned and no longer names,
 * and a patched annotation is in no apply.
 */
export const PATCH_FIELD_MANAGER = 'tenantry-patch';

/** HTTP status of a conflict. */
const CONFLICT = 409;

/** Tries to create again when the object that was in the way vanished meanwhile; more would be a race we should leave. */
const CREATE_ATTEMPTS = 2;

/** Tries to apply over an object that others write; a new workload's status moves a few times a second. */
const APPLY_ATTEMPTS = 5;

/** What one write did. */
export interface Written {
  readonly write: Write;
  readonly action: 'created' | 'applied' | 'patched' | 'deleted' | 'gone';
  /** The object as the server answered it; undefined when it is gone. */
  readonly object: KubeObject | undefined;
}

type Own = Extract<Write, { verb: 'own' }>;

/** Carries out one write by the rules of `Write`. Throws KubeError; the one of `notOurs` when the name is taken. */
export async function carryOutWrite(client: Client, write: Write): Promise<Written> {
  const actor = write.as === undefined ? client : client.as(write.as);
  switch (write.verb) {
    case 'own':
      return own(actor, write);
    case 'apply': {
      const object = await actor.apply(write.kind, write.object, {
        fieldManager: FIELD_MANAGER,
        force: true,
      });
      return { write, action: 'applied', object };
    }
    case 'patch': {
      const options = { fieldManager: PATCH_FIELD_MANAGER };
      const object = await actor.patch(
        write.kind,
        write.ref,
        { type: 'merge', body: write.body },
        write.subresource === undefined ? options : { ...options, subresource: write.subresource },
      );
      return { write, action: 'patched', object };
    }
    case 'delete':
      return remove(actor, write);
  }
}

/** The object a write is about. */
export function targetOf(write: Write): ObjectRef {
  return 'object' in write ? write.object.metadata : write.ref;
}

async function remove(client: Client, write: Extract<Write, { verb: 'delete' }>): Promise<Written> {
  try {
    const answer = await client.delete(write.kind, write.ref, {
      uid: write.uid,
      propagation: write.propagation ?? 'Background',
    });
    // The server answers the object while finalizers keep it, else a Status or its last state.
    const lingers =
      answer?.metadata?.deletionTimestamp !== undefined && (answer.metadata.finalizers ?? []).length > 0;
    return { write, action: answer === undefined ? 'gone' : 'deleted', object: lingers ? answer : undefined };
  } catch (error) {
    if (!isKubeError(error, 'Conflict')) throw error;
    // Mostly the precondition: somebody else's object has the name now, and ours is gone. Any other conflict passes.
    const present = await client.find(write.kind, write.ref);
    if (present?.metadata.uid === write.uid) throw error;
    return { write, action: 'gone', object: undefined };
  }
}

async function own(client: Client, write: Own): Promise<Written> {
  const { kind, object } = write;
  for (let attempt = 1; ; attempt += 1) {
    // Known to exist: look first, for the object's UID and managed fields are needed, and a create would only fail.
    if (write.uid !== undefined || attempt > 1) {
      const present = await client.find(kind, object.metadata);
      if (present !== undefined) return applyOver(client, write, present);
    }
    try {
      const created = await client.create(kind, bare(object), { fieldManager: FIELD_MANAGER });
      return { write, action: 'created', object: created };
    } catch (error) {
      if (!isKubeError(error, 'AlreadyExists') || attempt > CREATE_ATTEMPTS) throw error;
    }
  }
}

/**
 * Applies over an object that is ours by recorded UID or by label; refuses all others. It carries the version that was
 * read, so that nothing is undone where the request arrives late. A controller that writes the object's status at the same
 * time is no reason to give up: then it is read anew. Somebody with our name who wrote the same fields is one.
 */
async function applyOver(client: Client, write: Own, first: KubeObject): Promise<Written> {
  let present = first;
  let attempt = 1;
  for (;;) {
    mustBeOurs(write, present);
    try {
      present = await countCreated(client, write, present);
      const applied = await client.apply(write.kind, at(write.object, present), {
        fieldManager: FIELD_MANAGER,
        force: true,
      });
      return { write, action: 'applied', object: applied };
    } catch (error) {
      if (!isKubeError(error, 'Conflict') || attempt === APPLY_ATTEMPTS) throw error;
      const now = await client.find(write.kind, write.object.metadata);
      const isSame = now?.metadata.uid === present.metadata.uid;
      if (now === undefined || !isSame || ownFields(now) !== ownFields(present)) throw error;
      present = now;
    }
    attempt += 1;
  }
}

function mustBeOurs(write: Own, present: KubeObject): void {
  const { kind, object, owner, ownerLabel = INSTANCE_UID_LABEL } = write;
  const { uid, labels, deletionTimestamp } = present.metadata;
  const ours = (uid !== undefined && uid === write.uid) || labels?.[ownerLabel] === owner;
  if (!ours) throw notOurs(kind, object.metadata, ownerLabel, owner);
  // Applying would succeed and be lost: wait until it is gone and create it anew.
  const reason =
    deletionTimestamp !== undefined
      ? 'it is being deleted'
      : write.onlyNew === true
        ? 'it is there already; look at it first'
        : undefined;
  if (reason === undefined) return;
  throw new KubeError('Conflict', `apply ${groupKindOf(kind)} ${object.metadata.name}: ${reason}`, {
    status: CONFLICT,
  });
}

/** The fields that we wrote, and when. */
function ownFields(object: KubeObject): string {
  return canonicalJson(managedFieldsOf(object).filter(({ manager }) => manager === FIELD_MANAGER));
}

/**
 * Before the first apply over a created object: see `countCreatedAsApplied`. Done first, so that a crash loses nothing.
 * Answers with the object as it is then.
 */
async function countCreated(client: Client, write: Own, present: KubeObject): Promise<KubeObject> {
  const managedFields = countCreatedAsApplied(managedFieldsOf(present), FIELD_MANAGER);
  if (managedFields === undefined) return present;
  const body = [
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    // As a value, not as a test: the server then answers Conflict when somebody was faster.
    { op: 'replace', path: '/metadata/resourceVersion', value: present.metadata.resourceVersion },
  ];
  return client.patch(
    write.kind,
    write.object.metadata,
    { type: 'json', body },
    { fieldManager: FIELD_MANAGER },
  );
}

/** Without what only the server sets: a create with a UID or version is refused. */
function bare(object: KubeObject): KubeObject {
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The object as it is applied over one that was read. */
function at(object: KubeObject, present: KubeObject): KubeObject {
  const plain = bare(object);
  const { uid, resourceVersion } = present.metadata;
  const version = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { ...plain, metadata: { ...plain.metadata, ...version } };
}
