import type { IncomingHttpHeaders } from 'node:http';
import type { RequestRecord } from './faults.ts';
import type { Target } from './request-path.ts';
import { notImplemented, StatusError } from './status-error.ts';

/** What a request about objects wants, in the words of authorizers; `apply` is a patch to them. */
export type Verb =
  'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';

const APPLY = 'application/apply-patch+yaml';
const SELECTING = ['labelSelector', 'fieldSelector', 'resourceVersion', 'resourceVersionMatch'];
const WRITING = ['dryRun', 'fieldManager', 'fieldValidation'];
/** The parameters the fake gives their meaning. A real server knows more of them and ignores what it does not know. */
const PARAMETERS: Readonly<Record<Verb, readonly string[]>> = {
  get: ['resourceVersion'],
  list: [...SELECTING, 'limit', 'continue'],
  watch: [...SELECTING, 'watch', 'sendInitialEvents', 'allowWatchBookmarks', 'timeoutSeconds'],
  create: WRITING,
  update: WRITING,
  patch: [...WRITING, 'force'],
  apply: [...WRITING, 'force'],
  delete: [],
  deletecollection: [],
};
const BOOLEANS = ['watch', 'sendInitialEvents', 'allowWatchBookmarks', 'force'];
const NUMBERS = ['limit', 'timeoutSeconds'];
const VALIDATIONS = ['Ignore', 'Warn', 'Strict'];
const DELETE_MEMBERS = [
  'apiVersion',
  'kind',
  'preconditions',
  'propagationPolicy',
  'gracePeriodSeconds',
  'dryRun',
];
/** Longest name of a field manager. */
const MANAGER_LENGTH = 128;
/** Bytes of a body above which the server does not read on. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

type Objects = Extract<Target, { type: 'objects' }>;

/** The verb of a request; a method that does not fit its path is 405. */
export function verbOf(request: RequestRecord, target: Objects): Verb {
  const named = target.name !== undefined;
  switch (request.method) {
    case 'GET':
      return request.query.get('watch') === 'true' ? 'watch' : named ? 'get' : 'list';
    case 'POST':
      if (!named) return 'create';
      break;
    case 'PUT':
      if (named) return 'update';
      break;
    case 'PATCH':
      if (named) return request.contentType === APPLY ? 'apply' : 'patch';
      break;
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
    default:
      throw notImplemented(`method ${request.method}`);
  }
  if (target.subresource !== '')
    throw notImplemented(`${request.method} of subresource ${target.subresource} of ${target.plural}`);
  throw new StatusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    { ...(target.group === '' ? {} : { group: target.group }), kind: target.plural },
  );
}

/** Refuses every parameter whose meaning the fake does not know, and every value it would take for another one. */
export function checkParameters({ query }: RequestRecord, verb: Verb): void {
  for (const [name, value] of query) {
    if (!PARAMETERS[verb].includes(name)) throw notImplemented(`parameter ${name} of ${verb}`);
    if (query.getAll(name).length > 1) throw notImplemented(`parameter ${name} given twice`);
    if (BOOLEANS.includes(name) && value !== 'true' && value !== 'false')
      throw notImplemented(`parameter ${name}=${value}: write true or false`);
    if (NUMBERS.includes(name) && !/^\d{1,9}$/.test(value))
      throw new StatusError(
        'BadRequest',
        `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
      );
  }
  checkWriting(query, verb);
}

function checkWriting(query: URLSearchParams, verb: Verb): void {
  const options = verb === 'create' ? 'CreateOptions' : verb === 'update' ? 'UpdateOptions' : 'PatchOptions';
  const wrong = (field: string, message: string, reason = 'FieldValueInvalid'): StatusError =>
    new StatusError('Invalid', `${options}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
      group: 'meta.k8s.io',
      kind: options,
      causes: [{ reason, message, field }],
    });
  const dryRun = query.get('dryRun') ?? 'All';
  if (dryRun !== 'All')
    throw wrong(
      'dryRun',
      `Unsupported value: "${dryRun}": supported values: "All"`,
      'FieldValueNotSupported',
    );
  const manager = query.get('fieldManager') ?? '';
  if (verb === 'apply' && manager === '')
    throw wrong('fieldManager', 'Required value: is required for apply patch', 'FieldValueRequired');
  if (manager.length > MANAGER_LENGTH)
    throw wrong(
      'fieldManager',
      `Too long: may not be more than ${MANAGER_LENGTH} bytes`,
      'FieldValueTooLong',
    );
  if (verb === 'patch' && query.has('force'))
    throw wrong('force', 'Forbidden: may not be specified for non-apply patch', 'FieldValueForbidden');
  const validation = query.get('fieldValidation') ?? 'Warn';
  if (!VALIDATIONS.includes(validation)) {
    const supported = VALIDATIONS.toSorted().map((value) => `"${value}"`);
    throw wrong(
      'fieldValidation',
      `Unsupported value: "${validation}": supported values: ${supported.join(', ')}`,
      'FieldValueNotSupported',
    );
  }
}

/** Refuses DeleteOptions that hold more than the fake reads. */
export function checkDeleteOptions(body: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(body).find((member) => !DELETE_MEMBERS.includes(member));
  if (unknown !== undefined) throw notImplemented(`DeleteOptions.${unknown}`);
}

/** Refuses headers that would change the answer of a real server and do nothing here. */
export function checkHeaders(headers: IncomingHttpHeaders): void {
  for (const name of Object.keys(headers)) {
    const impersonates = name.startsWith('impersonate-') && name !== 'impersonate-user';
    if (impersonates || name === 'content-encoding' || name === 'upgrade')
      throw notImplemented(`header ${name}`);
  }
}

const isJson = (type: string): boolean =>
  type === 'application/json' || type === 'application/*' || type === '*/*';
/** What a real server can answer in besides JSON. */
const OTHER_FORMS = [
  'application/yaml',
  'application/cbor',
  'application/vnd.kubernetes.protobuf',
  'application/json-seq',
];

/** Only JSON is answered: another form that a real server would choose is refused, one that nobody has is 406. */
export function checkAccept(accept: string): void {
  const ranges = accept.split(',').map((range) =>
    range
      .trim()
      .toLowerCase()
      .split(';')
      .map((p) => p.trim()),
  );
  for (const [type = '', ...parameters] of ranges) {
    const shaped = parameters.some((parameter) => parameter.startsWith('as='));
    if ((isJson(type) && !shaped) || accept === '') return;
    if (isJson(type) || OTHER_FORMS.includes(type)) throw notImplemented(`an answer in ${accept}`);
  }
  throw new StatusError(
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor',
  );
}

const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  APPLY,
];

/** The body must be JSON, or a patch whose type is known. */
export function checkContentType({ contentType, body }: RequestRecord, verb: Verb): void {
  if (verb === 'patch' || verb === 'apply') {
    if (PATCH_TYPES.includes(contentType)) return;
    if (contentType === 'application/apply-patch+cbor') throw notImplemented(`patches as ${contentType}`);
  } else if (body === undefined || contentType === '' || contentType === 'application/json') return;
  else if (OTHER_FORMS.includes(contentType)) throw notImplemented(`bodies as ${contentType}`);
  throw new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${verb === 'patch' ? PATCH_TYPES.join(', ') : 'application/json, application/yaml, application/vnd.kubernetes.protobuf'}`,
  );
}
