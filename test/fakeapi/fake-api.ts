import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { fixedCredential, type ClusterAccess } from '../../src/client/access.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient, type ClientOptions } from '../../src/client/http-client.ts';
import { apiVersionOf, type Kind } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createApi, type Api } from './api.ts';
import { present } from './event-form.ts';
import { Faults, type Fault, type FaultHandle, type RequestMatcher, type RequestRecord } from './faults.ts';
import { clone, type Stored } from './json.ts';
import type { Admission, FakeApiOptions } from './options.ts';
import { checkHeaders, MAX_BODY_BYTES } from './request-rules.ts';
import { storeOf } from './resources.ts';
import { NOT_IMPLEMENTED, notImplemented, StatusError } from './status-error.ts';

/**
 * An API server in memory that speaks real HTTP on loopback, held to the real one by test/component/conformance.
 *
 * What it can't do it answers with 501 and remembers: `close` throws then. What it does, does not and refuses is told
 * in README.md.
 */
export interface FakeApi {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: RequestRecord[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** What a pod's log answers, by `namespace/name`. */
  readonly podLogs: Map<string, string>;
  access(options?: { readonly token?: string }): ClusterAccess;
  /** A client of this server; closed with it. */
  client(options?: Partial<ClientOptions> & { readonly token?: string }): Client;
  /** The stored objects of a kind, copied. */
  objects<T extends KubeObject>(kind: Kind<T>, namespace?: string): T[];
  /** Stores an object past every check, as a controller of the cluster would set a status; name and kind decide which. */
  put<T extends KubeObject>(kind: Kind<T>, object: T): T;
  fail(
    matcher: RequestMatcher | ((request: RequestRecord) => boolean),
    fault: Fault,
    times?: number,
  ): FaultHandle;
  /** Asks a function as if it were a validating webhook; answers what takes it away again. */
  addAdmission(admission: Admission): () => void;
  /** Forgets the history: older versions and continue tokens answer 410 from now on. */
  compact(): void;
  /** Sends every open watch a bookmark. */
  bookmark(): void;
  /** Breaks the connections of all open watches (of one kind). Answers how many. */
  dropWatches(kind?: Kind): number;
  /** Ends all open watches (of one kind) in peace, as the server does when their time is over. */
  endWatches(kind?: Kind): void;
  /** Watches open now (of one kind). */
  openWatches(kind?: Kind): number;
  /** What it was asked for and can't do, oldest first; forgotten with this call. */
  takeRefusals(): string[];
  /** Throws if anything was refused: a test that met a refusal proves nothing. */
  close(): Promise<void>;
}

/** Starts a fake API server on a free port of loopback. */
export async function startFakeApi(options: FakeApiOptions = {}): Promise<FakeApi> {
  const clock = options.clock ?? systemClock;
  const api = createApi(options, clock);
  const faults = new Faults();
  const requests: RequestRecord[] = [];
  let refusals: string[] = [];
  const clients: Client[] = [];
  const listener: RequestListener = (request, response) => {
    const refused = (what: string): number => refusals.push(what);
    void serve(request, response, { api, faults, requests, refused, options }).catch((error: unknown) => {
      refused(`${request.method} ${request.url}: ${String(error)}`);
      if (!response.headersSent) answer(response, 500, { message: String(error) });
      else response.destroy();
    });
  };
  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ ...options.tls, requestCert: true, rejectUnauthorized: false }, listener);
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // true: it listens on TCP
  const url = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;

  const fake: FakeApi = {
    url,
    requests,
    podLogs: api.podLogs,
    get connections() {
      return connections;
    },
    access: ({ token } = {}) => ({
      server: url,
      ca: options.tls?.ca,
      credentials: fixedCredential({ token }),
      namespace: 'default',
    }),
    client: ({ token, ...rest } = {}) => {
      const client = createClient(fake.access(token === undefined ? {} : { token }), { clock, ...rest });
      clients.push(client);
      return client;
    },
    objects: <T extends KubeObject>(kind: Kind<T>, namespace?: string) =>
      api.store
        .list(storeOf(kind), namespace)
        .map((object) => clone(shown(api, kind, object)) as unknown as T), // true: stored under its kind
    put: <T extends KubeObject>(kind: Kind<T>, object: T) => {
      const before = api.store.get(storeOf(kind), object.metadata.namespace, object.metadata.name);
      const metadata = { ...before?.metadata, ...clone(object.metadata) };
      const stored = {
        ...clone(object),
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        metadata: { uid: crypto.randomUUID(), ...metadata },
      };
      return clone(api.store.put(storeOf(kind), stored as unknown as Stored)) as unknown as T; // true: put sets the version, uid and name are there
    },
    fail: (matcher, fault, times = 1) => faults.add(matcher, fault, times),
    addAdmission: (admission) => {
      api.admissions.add(admission);
      return () => api.admissions.delete(admission);
    },
    compact: () => api.store.compact(),
    bookmark: () => api.watches.forEach((watch) => watch.open.bookmark()),
    dropWatches: (kind) => {
      const hit = [...api.watches].filter(
        ({ open }) => kind === undefined || open.resource.store === storeOf(kind),
      );
      for (const { drop } of hit) drop();
      return hit.length;
    },
    endWatches: (kind) => {
      for (const { open, end } of api.watches)
        if (kind === undefined || open.resource.store === storeOf(kind)) end();
    },
    openWatches: (kind) =>
      [...api.watches].filter(({ open }) => kind === undefined || open.resource.store === storeOf(kind))
        .length,
    close: async () => {
      api.stop();
      await Promise.all(clients.map((client) => client.close()));
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      const met = fake.takeRefusals();
      if (met.length > 0)
        throw new Error(`the fake API server was asked for what it can't do:\n${met.join('\n')}`);
    },
    takeRefusals: () => {
      const met = refusals;
      refusals = [];
      return met;
    },
  };
  return fake;
}

function shown(api: Api, kind: Kind, object: Stored): Stored {
  const resource = api
    .resources()
    .find((r) => r.group === kind.group && r.plural === kind.plural && r.version === kind.version);
  return resource === undefined ? object : present(resource, object);
}

interface Serving {
  readonly api: Api;
  readonly faults: Faults;
  readonly requests: RequestRecord[];
  readonly refused: (what: string) => void;
  readonly options: FakeApiOptions;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { api, faults, requests, refused, options }: Serving,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const read = await readBody(request);
  const record: RequestRecord = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    user: userOf(request, options),
    contentType: (request.headers['content-type'] ?? '').split(';', 1)[0] ?? '',
    body: read instanceof StatusError ? undefined : read,
    status: 0,
  };
  requests.push(record);
  const fault = faults.next(record);
  if (fault !== undefined && 'reset' in fault && fault.reset === 'before') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (fault !== undefined && 'delayMs' in fault) await (options.clock ?? systemClock).sleep(fault.delayMs);
  try {
    if (record.user === '') throw new StatusError('Unauthorized', 'Unauthorized');
    if (fault !== undefined && 'status' in fault) throw faultError(fault);
    if (read instanceof StatusError) throw read;
    checkHeaders(request.headers);
    if (record.query.get('watch') === 'true') {
      api.watch(
        record,
        response,
        fault !== undefined && 'dropAfterEvents' in fault ? fault.dropAfterEvents : undefined,
      );
      return;
    }
    const { status, body, warnings } = await api.handle(record, request.headers.accept ?? '');
    if (fault !== undefined && 'reset' in fault) {
      response.socket?.resetAndDestroy();
      return;
    }
    record.status = status;
    for (const warning of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
    if (fault !== undefined && 'truncate' in fault) truncate(response, status, body);
    else answer(response, status, body);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (error.reason === NOT_IMPLEMENTED) refused(`${record.method} ${request.url}: ${error.message}`);
    record.status = error.status;
    if (error.details.retryAfterSeconds !== undefined)
      response.setHeader('retry-after', String(error.details.retryAfterSeconds));
    answer(response, error.status, error.toStatus());
  }
}

function faultError(fault: Extract<Fault, { status: number }>): StatusError {
  const { status, reason, message = 'injected fault', retryAfterSeconds } = fault;
  return new StatusError(reason ?? '', message, {
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** The impersonated user, else the one of the client certificate or of the token; '' for nobody. */
function userOf(request: IncomingMessage, { tokens }: FakeApiOptions): string {
  const impersonated = request.headers['impersonate-user'];
  const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const user = certificateUser(request) ?? (tokens === undefined ? 'system:admin' : (tokens[token] ?? ''));
  return user !== '' && typeof impersonated === 'string' ? impersonated : user;
}

function certificateUser({ socket }: IncomingMessage): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { CN: user } = socket.getPeerCertificate().subject;
  return Array.isArray(user) ? user[0] : user;
}

/** The body as JSON; the failure to answer with where it is none. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk); // true: no encoding is set on it
  const bytes = Buffer.concat(chunks);
  if (bytes.length > MAX_BODY_BYTES)
    return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    return (request.headers['content-type'] ?? '').includes('json')
      ? new StatusError('BadRequest', String(error))
      : notImplemented('a body that is not JSON');
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function truncate(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body) ?? '';
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.write(text.slice(0, text.length / 2), () => response.socket?.resetAndDestroy());
}
