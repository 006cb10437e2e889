import type { Resource } from './resources.ts';
import { selection, type Selects } from './selection.ts';
import { notImplemented, StatusError } from './status-error.ts';
import { keyOfStored, namespaceOf, type Store } from './store.ts';
import type { Stored } from './json.ts';

/** A list or watch of one resource. */
export interface Reading {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

/** What a list asks for, with the state it is to be taken from. */
export interface ListPlan {
  readonly selects: Selects;
  /** Nothing selects: only then the server can tell how many are left. */
  readonly everything: boolean;
  readonly limit: number;
  readonly version: number;
  readonly objects: readonly Stored[];
}

interface Token {
  readonly rv: number;
  readonly start: string;
}

const INCONSISTENT =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** Reads the parameters of a list and takes the objects it begins with. */
export function planList(reading: Reading, store: Store): ListPlan {
  const { resource, namespace, query } = reading;
  checkMatch(query);
  const selects = selection(reading);
  const everything = (query.get('labelSelector') ?? '') === '' && (query.get('fieldSelector') ?? '') === '';
  const limit = Number(query.get('limit') ?? 0);
  const token = readToken(query);
  const version = token === undefined ? versionOf(query, store) : token.rv === -1 ? store.version : token.rv;
  const state = store.at(resource.store, version);
  if (state === undefined && token !== undefined) {
    throw new StatusError('Expired', INCONSISTENT, {
      continueToken: writeToken({ rv: -1, start: token.start }),
    });
  }
  if (state === undefined)
    throw new StatusError('Expired', 'The resourceVersion for the provided list is too old.');
  const objects = state.filter(
    (object) => token === undefined || relativeKey(object, namespace) >= token.start,
  );
  return { selects, everything, limit, version, objects };
}

/** The token that leads on after an object. */
export function tokenAfter(last: Stored, namespace: string | undefined, version: number): string {
  return writeToken({ rv: version, start: `${relativeKey(last, namespace)}\0` });
}

/** As the server counts: from the root of what is listed. */
function relativeKey(object: Stored, namespace: string | undefined): string {
  const within = namespace !== undefined || namespaceOf(object) === undefined;
  return within ? object.metadata.name : keyOfStored(object);
}

const writeToken = (token: Token): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', ...token })).toString('base64url');

function readToken(query: URLSearchParams): Token | undefined {
  const text = query.get('continue') ?? '';
  if (text === '') return undefined;
  if ((query.get('resourceVersion') ?? '') !== '')
    throw new StatusError('BadRequest', 'specifying resource version is not allowed when using continue');
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (typeof token === 'object' && token !== null && 'rv' in token && 'start' in token) {
      const { rv, start } = token;
      if (typeof rv === 'number' && rv !== 0 && typeof start === 'string' && start !== '')
        return { rv, start };
    }
  } catch {
    // Told below, as every other token that is none.
  }
  throw new StatusError('BadRequest', `continue key is not valid: ${text}`);
}

function versionOf(query: URLSearchParams, store: Store): number {
  const text = query.get('resourceVersion') ?? '';
  if (text === '' || text === '0') return store.version;
  const asked = readVersion(text);
  if (asked > store.version) throw tooLarge(asked, store.version);
  if (query.get('resourceVersionMatch') === 'Exact') return asked;
  // Without a match a limit makes it exact, for reasons of history; nobody should rely on that.
  if (query.get('resourceVersionMatch') === null && query.has('limit'))
    throw notImplemented('a list with resourceVersion and limit, but without resourceVersionMatch');
  return store.version;
}

/** A version out of a request. */
export function readVersion(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new StatusError(
    'Invalid',
    `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** The client knows a version this server has not reached. */
const tooLarge = (asked: number, current: number): StatusError =>
  new StatusError('Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });

function checkMatch(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? '';
  if (match === '') return;
  const wrong = (message: string): StatusError =>
    new StatusError('Invalid', `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [{ reason: 'FieldValueForbidden', message, field: 'resourceVersionMatch' }],
    });
  if ((query.get('resourceVersion') ?? '') === '')
    throw wrong('Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
  if ((query.get('continue') ?? '') !== '')
    throw wrong('Forbidden: resourceVersionMatch is forbidden when continue is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan')
    throw wrong(`Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`);
  if (match === 'Exact' && query.get('resourceVersion') === '0')
    throw wrong('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
}
