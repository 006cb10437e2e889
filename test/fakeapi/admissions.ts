import type { StatusCause } from '../../src/kube/kube-error.ts';
import type { AdmissionRequest } from '../../src/runtime/admission.ts';
import { writeReview } from '../../src/runtime/admission-review.ts';
import { isMap, listAt, mapAt, stringAt, type JsonMap, type Stored } from './json.ts';
import { jsonPatch } from './patches.ts';
import type { Admission } from './options.ts';
import { notImplemented, StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import type { Unenforced } from './unenforced.ts';
import { callHook, HookFailure, type HookAnswer } from './webhook-call.ts';
import { hooksOf, namespaceLabels, type AdmissionPhase, type Asked, type Hook } from './webhook-hooks.ts';
import type { WriteContext } from './writes.ts';

/** Who writes where, and who has to be asked. */
export interface Admitting {
  readonly store: Store;
  readonly user: string;
  readonly unenforced: readonly Unenforced[];
  readonly admissions: ReadonlySet<Admission>;
  readonly warn: (text: string) => void;
}

/** One write to be judged. */
export interface Judged {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly context: WriteContext;
  readonly object?: Stored;
  readonly before?: Stored;
}

/** Webhooks are not asked about what configures admission: they could lock themselves in. */
const EXEMPT = 'admissionregistration.k8s.io';

/** Asks the mutating webhooks one after the other. Answers the object as they want it; throws the first denial. */
export async function mutate(
  admitting: Admitting,
  judged: Judged & { readonly object: Stored },
): Promise<Stored> {
  let { object } = judged;
  for (const hook of concerned(admitting, 'mutating')) {
    const asked = askedOf(admitting, { ...judged, object: asSent(judged, object) });
    if (!hook.concerns(asked)) continue;
    const { patch } = await ask(admitting, { hook, phase: 'mutating', asked });
    if (patch.length > 0) object = jsonPatch(object, patch) as Stored; // true: webhooks patch objects into objects
  }
  return object;
}

/** Asks the validating webhooks, all at the same time; throws the denial of the first of them. */
export async function validate(admitting: Admitting, judged: Judged): Promise<void> {
  const asked = askedOf(admitting, judged);
  const hooks = concerned(admitting, 'validating').filter((hook) => hook.concerns(asked));
  const answers = await Promise.allSettled(
    hooks.map((hook) => ask(admitting, { hook, phase: 'validating', asked })),
  );
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  // One after the other: a test that adds them says by it what comes before what.
  for (const admission of admitting.admissions) await askFunction(admitting, admission, asked);
}

function concerned({ store, unenforced }: Admitting, phase: AdmissionPhase): Hook[] {
  const kind = phase === 'mutating' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
  return unenforced.includes(kind) ? [] : hooksOf(store, phase);
}

/** A new object has its UID and time of creation only when it is about to be stored. */
function asSent({ operation, context }: Judged, object: Stored): Stored {
  if (operation !== 'CREATE') return object;
  const { uid: _uid, creationTimestamp: _time, resourceVersion: _version, ...rest } = object.metadata;
  const { name: _name, ...nameless } = rest;
  const metadata = context.name === '' ? nameless : rest;
  return { ...object, metadata: metadata as Stored['metadata'] }; // true enough to be shown: nobody stores it
}

function askedOf({ store, user }: Admitting, { operation, context, object, before }: Judged): Asked {
  const { resource, subresource, namespace, name, dryRun } = context;
  const review: AdmissionRequest = {
    uid: crypto.randomUUID(),
    operation,
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    resource: resource.plural,
    subResource: subresource,
    namespace: namespace ?? (resource.kind === 'Namespace' ? name : ''),
    name,
    user: { username: user, uid: '', groups: [] },
    object,
    oldObject: before,
    dryRun,
  };
  return {
    review,
    resource,
    namespaceLabels: namespaceLabels(store, resource, { namespace, object, before }),
  };
}

async function ask(
  { warn }: Admitting,
  { hook, phase, asked }: { hook: Hook; phase: AdmissionPhase; asked: Asked },
): Promise<HookAnswer> {
  if (asked.resource.group === EXEMPT) return { allowed: true, status: {}, patch: [], warnings: [] };
  try {
    const answer = await callHook(hook, phase, asked.review);
    answer.warnings.forEach(warn);
    if (!answer.allowed) throw denial(hook, answer.status);
    return answer;
  } catch (error) {
    if (!(error instanceof HookFailure)) throw error;
    if (hook.failsOpen) return { allowed: true, status: {}, patch: [], warnings: [] };
    const message = `failed calling webhook "${hook.name}": ${error.message}`;
    throw new StatusError('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
}

async function askFunction({ warn }: Admitting, admission: Admission, { review }: Asked): Promise<void> {
  const answer = await admission(review);
  // True: the same words as over the wire.
  const { status } = writeReview(review.uid, answer).response as { status?: JsonMap };
  if (!answer.allowed) throw denial({ name: 'fake' }, status ?? {});
  if ((answer.patch ?? []).length > 0) throw notImplemented('a patch by a validating admission');
  answer.warnings?.forEach(warn);
}

/** What the webhook said, with its name before it and never as a success. */
function denial({ name }: Pick<Hook, 'name'>, status: JsonMap): StatusError {
  const deniedBy = `admission webhook "${name}" denied the request`;
  const said = stringAt(status, 'message') ?? stringAt(status, 'reason');
  const code = Number(status['code'] ?? 0);
  const causes = listAt(mapAt(status, 'details'), 'causes').filter(isMap) as StatusCause[]; // true: they are the webhook's own
  return new StatusError(
    stringAt(status, 'reason') ?? '',
    said === undefined ? `${deniedBy} without explanation` : `${deniedBy}: ${said}`,
    { status: code < 400 ? 400 : code, ...(causes.length === 0 ? {} : { causes }) },
  );
}
