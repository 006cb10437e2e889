import { FINALIZER } from '../api/names.ts';
import { STATUS_FIELD_MANAGER, type Client } from '../client/client.ts';
import { apiVersionOf, groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import { isKubeError, KubeError } from '../kube/kube-error.ts';
import type { Condition, KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { createLimit } from '../lib/limit.ts';
import type { Events } from './events.ts';
import { createGrantLag, type GrantLag } from './grant-lag.ts';
import type { Log } from './log.ts';
import { keyOf } from './object-key.ts';
import { classify } from './outcome.ts';
import type { Action, Plan, PlannedEvent, Stage, StatusBase, StatusPart } from './plan.ts';
import { carryOutWrite, targetOf, type Written } from './write.ts';

/** Writes of one stage at the same time: enough to hide latency, few enough that one object does not crowd out others. */
const PARALLEL_WRITES = 16;

/**
 * Called before a write; the answer is called with what the server gave back. This is how stores learn of our own
 * writes without waiting for the watch (see `InformerSet.expect`).
 */
export type Expect = (
  kind: Kind,
  ref: ObjectRef,
  planned: boolean,
) => (answer: KubeObject | undefined) => void;

/** What carrying out needs. */
export interface CarryOutDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  /** See `WriteLease`; 0 if not given. */
  readonly lateMs?: () => number;
  readonly expect?: Expect;
  /** Ours if not given. */
  readonly finalizer?: string | undefined;
  readonly perform?: ((action: Action, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Told of the writes of each stage that succeeded, also when another one of the stage failed. */
  readonly wrote?: (about: ObjectRef, written: readonly Written[]) => void;
}

/** What was done. */
export interface CarriedOut {
  readonly written: readonly Written[];
  readonly finalizerWritten: boolean;
  readonly statusWritten: boolean;
  /** The finalizer stays for now: milliseconds until what a rival may still make can be made no more. */
  readonly heldBackMs?: number;
}

/** Carries out one plan about one object. Throws KubeError; what was written stays written. */
export type CarryOut = <TStatus extends StatusBase>(
  kind: Kind,
  object: KubeObject,
  plan: Plan<TStatus>,
  signal?: AbortSignal,
) => Promise<CarriedOut>;

/**
 * Makes the one function that carries out plans, in this order:
 *
 * 1. the finalizer, so that nothing written later is ever left behind;
 * 2. the stages one after another, the writes of a stage together; a stage that fails ends the plan;
 * 3. the status, if it differs; then events, if a condition changed;
 * 4. taking the finalizer away: the object may go with this call. Not while creates of a leader before us may still
 *    arrive: nobody would be left to clean up after them.
 *
 * A crash between any two calls is harmless: the next look finds what was done and plans the rest.
 */
export function createCarryOut(deps: CarryOutDeps): CarryOut {
  const lag = createGrantLag(deps.clock);
  const expect = deps.expect ?? (() => () => undefined);
  return async (kind, object, plan, signal) => {
    const context: Context = { deps, lag, expect, kind, signal };
    let current = object;
    if (plan.finalizer === 'present') current = await addFinalizer(context, current);
    const finalizerAdded = current !== object;

    const written: Written[] = [];
    for (const stage of plan.stages) written.push(...(await carryOutStage(context, object, stage)));

    const before = partOf(statusOf(object), plan.statusPart);
    const statusDiffers = plan.status !== undefined && !deepEqual(plan.status, before ?? {});
    if (statusDiffers) current = await writeStatus(context, current, plan);
    for (const event of eventsToEmit(plan, before)) await deps.events.emit(object, event);

    const done = { written, statusWritten: statusDiffers };
    if (plan.finalizer !== 'absent') return { ...done, finalizerWritten: finalizerAdded };
    const heldBackMs = deps.lateMs?.() ?? 0;
    if (heldBackMs > 0) return { ...done, finalizerWritten: finalizerAdded, heldBackMs };
    return { ...done, finalizerWritten: (await removeFinalizer(context, current)) || finalizerAdded };
  };
}

interface Context {
  readonly deps: CarryOutDeps;
  readonly lag: GrantLag;
  readonly expect: Expect;
  readonly kind: Kind;
  readonly signal: AbortSignal | undefined;
}

/** All writes of the stage, even when one fails: the others are wanted as well, and the next look does fewer. */
async function carryOutStage(context: Context, about: KubeObject, stage: Stage): Promise<readonly Written[]> {
  const limit = createLimit(PARALLEL_WRITES);
  const results = await Promise.allSettled(
    stage.writes.map((write) =>
      limit(async () => {
        refuseWhenStopping(context, `stage ${stage.name}`);
        const target = targetOf(write);
        const learn = context.expect(write.kind, target, false);
        const run = (): Promise<Written> => carryOutWrite(context.deps.client, write);
        // Only service accounts get their rights from us just before; the operator's own do not lag.
        const written = write.as === undefined ? await run() : await context.lag.retry(target.namespace, run);
        context.lag.note(written);
        learn(written.object);
        return written;
      }),
    ),
  );
  const written = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (written.length > 0) context.deps.wrote?.(refTo(about), written);
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [{ error: result.reason as unknown, write: stage.writes[index] }] : [],
  );
  for (const { error, write } of failures) {
    if (write === undefined) continue;
    context.deps.log.debug('Write failed', {
      stage: stage.name,
      kind: groupKindOf(write.kind),
      key: keyOf(targetOf(write)),
      error,
    });
  }
  if (failures.length > 0) throw mostTelling(failures.map((failure) => failure.error));
  for (const action of stage.actions ?? []) {
    refuseWhenStopping(context, action.name);
    if (context.deps.perform === undefined) throw new Error(`nobody performs ${action.name}`);
    await context.deps.perform(action, context.signal);
  }
  return written;
}

/** Of several errors the one the user can do something about; weather may pass by itself. */
function mostTelling(errors: readonly unknown[]): unknown {
  return errors.find((error) => classify(error, 0, true) === 'explain') ?? errors[0];
}

function refuseWhenStopping(context: Context, what: string): void {
  if (context.signal?.aborted) throw new KubeError('Cancelled', `${what}: not begun because we are stopping`);
}

async function addFinalizer(context: Context, object: KubeObject): Promise<KubeObject> {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  // The API server takes no new finalizers on an object that is being deleted.
  const wanted = finalizerOf(context);
  if (finalizers.includes(wanted) || deletionTimestamp !== undefined) return object;
  return writeFinalizers(context, object, [...finalizers, wanted]);
}

function finalizerOf({ deps }: Context): string {
  return deps.finalizer ?? FINALIZER;
}

/** True if there was one to remove. An object that is gone already is as wanted. */
async function removeFinalizer(context: Context, object: KubeObject): Promise<boolean> {
  const { finalizers = [] } = object.metadata;
  const unwanted = finalizerOf(context);
  if (!finalizers.includes(unwanted)) return false;
  try {
    await writeFinalizers(
      context,
      object,
      finalizers.filter((finalizer) => finalizer !== unwanted),
    );
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
  }
  return true;
}

/** A merge patch replaces the whole list, so it carries the version that the list was read at. */
async function writeFinalizers(
  context: Context,
  object: KubeObject,
  finalizers: readonly string[],
): Promise<KubeObject> {
  refuseWhenStopping(context, 'finalizer');
  const { uid, resourceVersion } = object.metadata;
  const learn = context.expect(context.kind, object.metadata, true);
  const body = { metadata: { uid, resourceVersion, finalizers } };
  const answer = await context.deps.client.patch(context.kind, refTo(object), { type: 'merge', body });
  // Without finalizers and asked to go, it went with this call; what the server answers is its last state.
  const gone =
    answer.metadata.deletionTimestamp !== undefined && (answer.metadata.finalizers ?? []).length === 0;
  learn(gone ? undefined : answer);
  return answer;
}

async function writeStatus(context: Context, object: KubeObject, plan: Plan): Promise<KubeObject> {
  refuseWhenStopping(context, 'status');
  const { kind } = context;
  const learn = context.expect(kind, object.metadata, true);
  const { uid } = object.metadata;
  const body = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    // With the UID an object that took the name meanwhile is not given a status about another one.
    metadata: { ...refTo(object), ...(uid === undefined ? {} : { uid }) },
    status: plan.status,
  };
  const answer = await context.deps.client.apply(kind, body, {
    fieldManager: plan.statusPart?.manager ?? STATUS_FIELD_MANAGER,
    force: true,
    subresource: 'status',
  });
  learn(answer);
  return answer;
}

function refTo(object: KubeObject): { name: string; namespace?: string } {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { name, namespace };
}

function statusOf(object: KubeObject): StatusBase | undefined {
  // Our kinds have a status in this form or none; it is only compared and searched for conditions.
  return (object as KubeObject & { readonly status?: StatusBase }).status;
}

/** What of a status is the plan's to say; all of it where it has one writer. */
function partOf(status: StatusBase | undefined, part: StatusPart | undefined): StatusBase | undefined {
  if (status === undefined || part === undefined) return status;
  const own = status.conditions?.filter(({ type }) => part.conditions.includes(type)) ?? [];
  const fields = Object.entries(status).filter(([name]) => part.fields.includes(name));
  return { ...Object.fromEntries(fields), ...(own.length === 0 ? {} : { conditions: own }) };
}

/** The plan's events that have something to tell. Pure. */
function eventsToEmit(plan: Plan, before: StatusBase | undefined): readonly PlannedEvent[] {
  const events = plan.events ?? [];
  if (events.length === 0) return [];
  const told = conditionChange(before?.conditions ?? [], plan.status?.conditions ?? []);
  return events.filter(
    (event) => event.always === true || told === 'state' || (told === 'message' && event.type === 'Warning'),
  );
}

/**
 * What changed: the state (status or reason) of a condition, only what a message says, or nothing. A new message is
 * worth a warning (the chart fails for another cause now), not a normal event (2 of 3 pods are ready, 3 of 3 …).
 */
function conditionChange(
  before: readonly Condition[],
  after: readonly Condition[],
): 'state' | 'message' | 'nothing' {
  let message = false;
  for (const next of after) {
    const last = before.find((condition) => condition.type === next.type);
    if (last?.status !== next.status || last.reason !== next.reason) return 'state';
    message ||= last.message !== next.message;
  }
  return message ? 'message' : 'nothing';
}
