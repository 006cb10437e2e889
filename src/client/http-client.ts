import { apiVersionOf, type Kind } from '../kube/kind.ts';
import { isKubeError, KubeError } from '../kube/kube-error.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { onAbort } from '../lib/on-abort.ts';
import type { ClusterAccess, Impersonation } from './access.ts';
import type { ApiAnswer, ApiRequest, Intercept } from './api-request.ts';
import { errorFromAnswer } from './api-status.ts';
import type { CallOptions, Client, ListOptions, ListResult, WatchEvent, WatchRequest } from './client.ts';
import { listPages } from './list-pages.ts';
import {
  applyRequest,
  createRequest,
  deleteRequest,
  getRequest,
  patchRequest,
  rawRequest,
  replaceRequest,
  watchRequest,
  WATCH_SECONDS,
} from './requests.ts';
import { sendWithRetries } from './retry.ts';
import { createTransport, type Transport } from './transport.ts';
import { watchStream } from './watch-stream.ts';

/** Milliseconds a call may take with all its repetitions, unless the caller says otherwise. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** Surroundings of a client. */
export interface ClientOptions {
  readonly clock: Clock;
  /** Shown in the server's audit log. */
  readonly userAgent?: string;
  readonly timeoutMs?: number;
  /** Told of every warning the server sends (deprecated APIs, policies in audit mode), and of which call. */
  readonly onWarning?: (text: string, what: string) => void;
  /** Put around every sending: for metrics and for fault injection. */
  readonly intercept?: Intercept;
}

interface Core {
  readonly transport: Transport;
  readonly options: ClientOptions;
}

/** A client of one API server. Nothing is sent before the first call; `close` ends all connections, watches too. */
export function createClient(access: ClusterAccess, options: ClientOptions): Client {
  const transport = createTransport(access, { userAgent: options.userAgent ?? 'tenantry' });
  return clientOver(transport, options, access.impersonate);
}

/** The same over a transport that is there already; closed with the client. */
export function clientOver(transport: Transport, options: ClientOptions, identity?: Impersonation): Client {
  return clientAs({ transport, options }, identity, () => transport.close());
}

function clientAs(core: Core, identity: Impersonation | undefined, close: () => Promise<void>): Client {
  const call = (request: ApiRequest, options: CallOptions): Promise<ApiAnswer> =>
    callOnce(core, identity, request, options);
  const object = async <T>(request: ApiRequest, options: CallOptions): Promise<T> => {
    const answer = await call(request, options);
    // True by the API's contract: the answer is an object of the kind that was asked for.
    return parse(request.what, answer.text) as T;
  };

  const client: Client = {
    get: (kind, ref, options = {}) => object(getRequest(kind, ref), options),
    find: (kind, ref, options) => client.get(kind, ref, options).catch(undefinedIfGone),
    pages: (kind, options = {}) => listPages(kind, options, object),
    list: (kind, options = {}) => listAll(kind, options, object),
    create: (kind, body, options = {}) => object(createRequest(kind, body, options), options),
    apply: (kind, body, options = {}) => object(applyRequest(kind, body, options), options),
    replace: (kind, body, options = {}) => object(replaceRequest(kind, body, options), options),
    patch: (kind, ref, patch, options = {}) => object(patchRequest(kind, ref, patch, options), options),
    delete: (kind, ref, options = {}) =>
      object<AnyObject>(deleteRequest(kind, ref, options), options).catch(undefinedIfGone),
    watch: (kind, request) => watchAs(core, identity, kind, request),
    raw: (request) => call(rawRequest(request), request),
    as: ({ namespace, name }) =>
      // The server adds the groups of a ServiceAccount by itself. Closing is the business of the client that was made.
      clientAs(core, { user: `system:serviceaccount:${namespace}:${name}` }, () => Promise.resolve()),
    close,
  };
  return client;
}

/** One call: within its time, with its repetitions, and an error for every status that is none of success. */
async function callOnce(
  { transport, options }: Core,
  identity: Impersonation | undefined,
  request: ApiRequest,
  call: CallOptions,
): Promise<ApiAnswer> {
  const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = createDeadline(options.clock, request.what, timeoutMs, call.signal);
  const intercept = options.intercept ?? ((wrapped, next) => next(wrapped));
  try {
    const answer = await sendWithRetries(
      request,
      (attempt) => intercept(attempt, (sent) => transport.send(sent, identity, { signal: deadline.signal })),
      {
        clock: options.clock,
        signal: deadline.signal,
        credentialRefused: () => transport.credentialRefused(),
      },
    );
    tellWarnings(answer, request.what, options);
    if (answer.status < 200 || answer.status >= 300) throw errorFromAnswer(request.what, answer);
    return answer;
  } finally {
    deadline.clear();
  }
}

/** Joins the caller's signal and the time-out; own code because AbortSignal.any keeps listeners on long-lived signals. */
function createDeadline(
  clock: Clock,
  what: string,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const off = onAbort(outer, () =>
    controller.abort(new KubeError('Cancelled', `${what}: cancelled`, { cause: outer?.reason })),
  );
  const cancel = clock.after(timeoutMs, () =>
    controller.abort(new KubeError('Timeout', `${what}: no answer within ${timeoutMs} ms`)),
  );
  return {
    signal: controller.signal,
    clear: () => {
      cancel();
      off();
    },
  };
}

async function listAll<T extends KubeObject>(
  kind: Kind<T>,
  options: ListOptions,
  object: <R>(request: ApiRequest, options: CallOptions) => Promise<R>,
): Promise<ListResult<T>> {
  const items: T[] = [];
  let resourceVersion = '';
  for await (const page of listPages(kind, options, object)) {
    if (page.first) items.length = 0;
    for (const item of page.items) items.push(item);
    resourceVersion = page.resourceVersion;
  }
  return { items, resourceVersion };
}

async function* watchAs<T extends KubeObject>(
  { transport, options }: Core,
  identity: Impersonation | undefined,
  kind: Kind<T>,
  request: WatchRequest,
): AsyncGenerator<WatchEvent<T>> {
  const intercept = options.intercept ?? ((wrapped, next) => next(wrapped));
  yield* watchStream<T>(watchRequest(kind, request), {
    clock: options.clock,
    signal: request.signal,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    timeoutSeconds: request.timeoutSeconds ?? WATCH_SECONDS,
    open: async (asked, signal) => {
      const opened: Awaited<ReturnType<Transport['open']>>[] = [];
      const answer = await intercept(asked, async (sent) => {
        const stream = await transport.open(sent, identity, { signal });
        opened.push(stream);
        return stream.answer;
      });
      tellWarnings(answer, asked.what, options);
      if (answer.status === 401) transport.credentialRefused();
      const stream = opened.pop();
      for (const other of opened) other.close();
      if (answer.status >= 200 && answer.status < 300 && stream !== undefined) return stream;
      stream?.close();
      throw errorFromAnswer(asked.what, answer);
    },
  });
}

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KubeError('Unknown', `${what}: the answer is not JSON; is this an API server?`, { cause });
  }
}

function undefinedIfGone(error: unknown): undefined {
  if (isKubeError(error, 'NotFound')) return undefined;
  throw error;
}

/** `299 - "text"`; the API server sends one header a warning. */
function tellWarnings(answer: ApiAnswer, what: string, { onWarning }: ClientOptions): void {
  const header = answer.headers['warning'];
  if (onWarning === undefined || header === undefined) return;
  for (const value of Array.isArray(header) ? header : [header]) {
    for (const match of value.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      onWarning((match[1] ?? '').replace(/\\(.)/g, '$1'), what);
    }
  }
}
