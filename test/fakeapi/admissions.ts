import type { Stored } from './json.ts';
import type { Admission, AdmissionPhase } from './options.ts';
import { jsonPatch } from './patches.ts';
import { notImplemented, StatusError } from './status-error.ts';
import type { WriteContext } from './writes.ts';

/** An admission with the phase it takes part in. */
export interface Registered {
  readonly admission: Admission;
  readonly phase: AdmissionPhase;
}

/** Who writes, and who has to be asked. */
export interface Admitting {
  readonly admissions: ReadonlySet<Registered>;
  readonly user: string;
  readonly warnings: string[];
}

/** One write to be judged. */
export interface Judged {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly context: WriteContext;
  readonly object: Stored | undefined;
  readonly before: Stored | undefined;
}

/** Asks the mutating ones in the order they came, then the validating ones. Answers the object to store; throws the first denial. */
export async function callAdmissions(admitting: Admitting, judged: Judged): Promise<Stored | undefined> {
  const { admissions, warnings } = admitting;
  const inOrder = (['mutating', 'validating'] as const).flatMap((phase) =>
    [...admissions].filter((registered) => registered.phase === phase),
  );
  let { object } = judged;
  for (const { admission, phase } of inOrder) {
    const answer = await admission(requestOf(admitting.user, { ...judged, object }));
    if (!answer.allowed) throw denial(answer.findings);
    warnings.push(...(answer.warnings ?? []));
    if (answer.patch === undefined || answer.patch.length === 0) continue;
    if (phase === 'validating' || object === undefined)
      throw notImplemented(`a patch by a ${phase} admission of a ${judged.operation}`);
    object = jsonPatch(object, answer.patch) as Stored; // true: webhooks patch objects into objects
  }
  return object;
}

function requestOf(user: string, { operation, context, object, before }: Judged): Parameters<Admission>[0] {
  const { resource, subresource, namespace, name, dryRun } = context;
  return {
    uid: crypto.randomUUID(),
    operation,
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    resource: resource.plural,
    subResource: subresource,
    namespace: namespace ?? '',
    name,
    user: { username: user, uid: '', groups: [] },
    object,
    oldObject: before,
    dryRun,
  };
}

function denial(findings: readonly { readonly field?: string; readonly message: string }[]): StatusError {
  const message = findings.map((finding) => finding.message).join('\n');
  return new StatusError('Forbidden', `admission webhook "fake" denied the request: ${message}`, {
    causes: findings.flatMap(({ field, message: text }) =>
      field === undefined ? [] : [{ reason: 'FieldValueInvalid', message: text, field }],
    ),
  });
}
