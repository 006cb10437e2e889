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
import { storeOf } from './resources.ts';
import { StatusError } from './status-error.ts';

/**
 * An API server in memory that speaks real HTTP on loopback, held to the real one by test/component/conformance.
 *
 * It stores policies, roles, quotas and webhook configurations without enforcing them, runs no pods, sets no defaults
 * on built-in kinds and checks only custom resources by schema. What it can't do at all it answers with 501.
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
  close(): Promise<void>;
}

/** Starts a fake API server on a free port of loopback. */
export async function startFakeApi(options: FakeApiOptions = {}): Promise<FakeApi> {
  const clock = options.clock ?? systemClock;
  const api = createApi(options, clock);
  const faults = new Faults();
  const requests: RequestRecord[] = [];
  const clients: Client[] = [];
  const listener: RequestListener = (request, response) => {
    void serve(request, response, { api, faults, requests, options }).catch((error: unknown) => {
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
    addAdmission: (admission) => api.addAdmission(admission),
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
  readonly options: FakeApiOptions;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { api, faults, requests, options }: Serving,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const record: RequestRecord = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    user: userOf(request, options),
    contentType: (request.headers['content-type'] ?? '').split(';', 1)[0] ?? '',
    body: await readBody(request),
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

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk); // true: no encoding is set on it
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : (JSON.parse(text) as unknown);
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
