import type { AnyObject } from '../kube/object.ts';
import type { AdmissionAnswer, AdmissionRequest, Finding } from './admission.ts';
import { isMap, textsIn } from '../lib/narrow.ts';

/** HTTP status of a denial. Not 400: the request was understood, it is not wanted. */
const FORBIDDEN = 403;

/** What the server answers: admission/v1 AdmissionReview with a response. */
export interface ReviewAnswer {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patchType?: 'JSONPatch';
    /** Base64 of a JSON patch. */
    readonly patch?: string;
    readonly warnings?: readonly string[];
    readonly status?: unknown;
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads an AdmissionReview; a text saying what is wrong with it otherwise. */
export function readReview(text: string): AdmissionRequest | string {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    return 'The body is not JSON.';
  }
  const outer = fields(review);
  if (outer['apiVersion'] !== 'admission.k8s.io/v1' || outer['kind'] !== 'AdmissionReview') {
    return 'The body is not an AdmissionReview of admission.k8s.io/v1.';
  }
  const request = fields(outer['request']);
  const operation = request['operation'];
  if (textOf(request['uid']) === '' || !isOperation(operation))
    return 'The review has no request with uid and operation.';
  const kind = fields(request['kind']);
  const user = fields(request['userInfo']);
  return {
    uid: textOf(request['uid']),
    operation,
    group: textOf(kind['group']),
    version: textOf(kind['version']),
    kind: textOf(kind['kind']),
    resource: textOf(fields(request['resource'])['resource']),
    subResource: textOf(request['subResource']),
    namespace: textOf(request['namespace']),
    name: textOf(request['name']),
    user: { username: textOf(user['username']), uid: textOf(user['uid']), groups: textsIn(user['groups']) },
    object: object(request['object']),
    oldObject: object(request['oldObject']),
    dryRun: request['dryRun'] === true,
  };
}

/** Puts an answer into the form the API server takes. */
export function writeReview(uid: string, answer: AdmissionAnswer): ReviewAnswer {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } as const;
  if (!answer.allowed) {
    return { ...review, response: { uid, allowed: false, status: statusOf(answer.findings) } };
  }
  const { patch = [], warnings = [] } = answer;
  return {
    ...review,
    response: {
      uid,
      allowed: true,
      ...(patch.length === 0
        ? {}
        : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  };
}

/** All findings in one denial: nobody should have to try three times to learn of three mistakes. */
function statusOf(findings: readonly Finding[]): unknown {
  const causes = findings.flatMap(({ field, message }) =>
    field === undefined ? [] : [{ reason: 'FieldValueInvalid', field, message }],
  );
  return {
    status: 'Failure',
    code: FORBIDDEN,
    reason: 'Forbidden',
    message: findings.map((finding) => finding.message).join('\n'),
    ...(causes.length === 0 ? {} : { details: { causes } }),
  };
}

function isOperation(value: unknown): value is AdmissionRequest['operation'] {
  return value === 'CREATE' || value === 'UPDATE' || value === 'DELETE' || value === 'CONNECT';
}

function fields(value: unknown): Fields {
  return isMap(value) ? value : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The API server sends null where there is no object, and checked objects where there is one. */
function object(value: unknown): AnyObject | undefined {
  return typeof value === 'object' && value !== null ? (value as AnyObject) : undefined;
}
