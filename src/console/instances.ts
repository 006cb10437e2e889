import type { Instance } from '../api/instance.ts';
import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import { ACCOUNT_ANNOTATION } from '../api/names.ts';
import type { Client } from '../client/client.ts';
import { findCondition } from '../kube/conditions.ts';
import { apiVersionOf, type Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Condition } from '../kube/object.ts';
import { ConsoleError } from './answer.ts';
import type { InstanceRef } from './route.ts';

/** A line of the list. */
export interface InstanceRow {
  readonly namespace: string;
  readonly name: string;
  readonly ready: Pick<Condition, 'status' | 'reason' | 'message'> | undefined;
  /** Nothing happens until somebody changes something. */
  readonly stalled: boolean;
  readonly deleting: boolean;
  readonly version: string | undefined;
  readonly owner: string | undefined;
  readonly created: string | undefined;
  readonly url: string | undefined;
}

/** An instance with what the page changes and shows of it; no annotations and managed fields, which say nothing to people. */
export interface InstanceView extends InstanceRow {
  readonly uid: string;
  /** Number of the values' state: whoever changes them says which they changed. */
  readonly generation: number;
  readonly values: JsonObject;
  readonly protected: boolean;
  readonly conditions: readonly Condition[];
  readonly error: string | undefined;
  readonly runsIn: string | undefined;
}

export function rowOf({ metadata, status }: Instance): InstanceRow {
  const ready = findCondition(status?.conditions, 'Ready');
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ready: ready && { status: ready.status, reason: ready.reason, message: ready.message },
    stalled: findCondition(status?.conditions, 'Stalled')?.status === 'True',
    deleting: metadata.deletionTimestamp !== undefined,
    version: status?.version,
    owner: metadata.annotations?.[ACCOUNT_ANNOTATION],
    created: metadata.creationTimestamp,
    url: status?.url,
  };
}

export function viewOf(instance: Instance): InstanceView {
  const { metadata, spec, status, tenantry } = instance;
  return {
    ...rowOf(instance),
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    values: spec ?? {},
    protected: tenantry?.deletionProtection === true,
    conditions: status?.conditions ?? [],
    error: status?.error,
    runsIn: status?.namespace,
  };
}

/** Creates one out of what the page sent: a name and values, and nothing else gets into the object. */
export async function createInstance(
  client: Pick<Client, 'create'>,
  kind: Kind<Instance>,
  {
    namespace,
    body,
    dryRun,
  }: { readonly namespace: string; readonly body: unknown; readonly dryRun: boolean },
): Promise<InstanceView> {
  const name = isJsonObject(body) ? body['name'] : undefined;
  if (typeof name !== 'string' || name === '') throw malformed('a name and values');
  const object = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { namespace, name },
    spec: valuesIn(body),
  };
  return viewOf(await client.create<Instance>(kind, object, { dryRun, fieldManager: MANAGER }));
}

/**
 * Puts new values in the place of those that the page showed. Said by the generation and not by the version: a status that was written meanwhile
 * is no reason to refuse.
 */
export async function changeInstance(
  client: Pick<Client, 'patch'>,
  kind: Kind<Instance>,
  { ref, body, dryRun }: { readonly ref: InstanceRef; readonly body: unknown; readonly dryRun: boolean },
): Promise<InstanceView> {
  const generation = isJsonObject(body) ? body['generation'] : undefined;
  const uid = isJsonObject(body) ? body['uid'] : undefined;
  if (typeof generation !== 'number' || typeof uid !== 'string')
    throw malformed('values, uid and generation');
  const steps = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/generation', value: generation },
    { op: 'add', path: '/spec', value: valuesIn(body) },
  ];
  try {
    return viewOf(
      await client.patch<Instance>(
        kind,
        ref,
        { type: 'json', body: steps },
        { dryRun, fieldManager: MANAGER },
      ),
    );
  } catch (error) {
    if (!isKubeError(error, 'Invalid') || !/testing .*metadata|test.* failed/i.test(error.message))
      throw error;
    throw new ConsoleError(
      409,
      'Conflict',
      'Somebody changed this instance while you did. Look at it anew, and make your change again.',
    );
  }
}

/** Who changed what shows in managed fields. */
const MANAGER = 'tenantry-console';

function valuesIn(body: unknown): JsonObject {
  const values = isJsonObject(body) ? body['values'] : undefined;
  if (!isJsonObject(values)) throw malformed('values');
  return values;
}

const malformed = (what: string): ConsoleError =>
  new ConsoleError(400, 'BadRequest', `The request must be a JSON object with ${what}.`);
