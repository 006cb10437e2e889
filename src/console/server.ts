import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { ClusterAccess } from '../client/access.ts';
import type { Clock } from '../lib/clock.ts';
import { closeServer, listen } from '../runtime/listen.ts';
import type { Log } from '../runtime/log.ts';
import { readBody } from '../runtime/read-body.ts';
import { answerOf, ConsoleError, type Answer } from './answer.ts';
import { answerRoute } from './answer-route.ts';
import { refuse, tokenOf } from './guard.ts';
import { createKindBook, type KindBook } from './kinds.ts';
import type { PageFiles } from './page-files.ts';
import { routeOf } from './route.ts';
import { createUserClients, type UserClients } from './user-clients.ts';

/** Bytes of what the page may send: values are text that people typed; etcd keeps 1.5 MiB of an object at most. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Milliseconds a request may take to arrive: whoever sends a byte a second holds a connection no longer. */
const REQUEST_MS = 20_000;
/** Connections at the same time; a page has a handful. */
const MAX_CONNECTIONS = 512;

/** With everything: no script, style, picture or request but from here, no frame around it, no form that leaves. */
const SAFE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

export interface ConsoleOptions {
  /** Which cluster; its credentials are not used. */
  readonly access: ClusterAccess;
  readonly files: PageFiles;
  readonly port: number;
  /** Undefined: every address there is, also where the machine has no IPv6. */
  readonly host: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A console that runs. */
export interface Console {
  readonly port: number;
  close(): Promise<void>;
}

interface Serving extends ConsoleOptions {
  readonly users: UserClients;
  readonly kinds: KindBook;
}

/** Serves the page, and answers what it asks with the token that comes with each question. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const users = createUserClients(options.access, options.clock);
  const serving: Serving = { ...options, users, kinds: createKindBook(options.clock) };
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      serve(serving, request, response).catch((error: unknown) => {
        options.log.warn('a request broke off', { error });
        response.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, options.port, options.host);
  return {
    port,
    close: async () => {
      await closeServer(server, options.clock.after);
      await users.close();
    },
  };
}

const isLoopback = (host: string | undefined): boolean =>
  host !== undefined && /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);

async function serve(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const [path = '/'] = url.split('?', 1);
  // For the kubelet, which asks by address; nothing is told.
  if (path === '/healthz' && method === 'GET') return send(response, { status: 200, body: 'ok\n' });
  const refusal = refuse(request.headers, { loopback: isLoopback(serving.host) });
  if (refusal !== undefined)
    return send(response, answerOf(new ConsoleError(refusal.status, 'Refused', refusal.message)));
  if (path.startsWith('/api/') || path === '/api') return send(response, await answerApi(serving, request));
  const file = method === 'GET' || method === 'HEAD' ? serving.files.get(path) : undefined;
  if (file === undefined) return send(response, { status: 404, body: 'Nothing is here.\n' });
  const keep = file.lasting ? 'public, max-age=31536000, immutable' : 'no-cache';
  response.writeHead(200, { ...SAFE_HEADERS, 'content-type': file.type, 'cache-control': keep });
  response.end(method === 'HEAD' ? undefined : file.bytes);
}

async function answerApi(serving: Serving, request: IncomingMessage): Promise<Answer> {
  try {
    return await questionOf(serving, request);
  } catch (error) {
    const answer = answerOf(error);
    if (answer.status === 500 && !(error instanceof ConsoleError))
      serving.log.error('a question could not be answered', {
        path: (request.url ?? '').split('?')[0],
        error,
      });
    return answer;
  }
}

async function questionOf({ users, kinds }: Serving, request: IncomingMessage): Promise<Answer> {
  const route = routeOf(request.method ?? '', request.url ?? '');
  if (route === undefined) throw new ConsoleError(404, 'NotFound', 'The console answers no such question.');
  const token = tokenOf(request.headers);
  if (token === undefined) throw new ConsoleError(401, 'Unauthorized', 'Sign in first.');
  const body = route.name === 'create' || route.name === 'change' ? await jsonOf(request) : undefined;
  return answerRoute(route, { client: users.clientOf(token), kinds, body });
}

/** Forms of other sites can't send this type without asking first, and nobody answers them. */
async function jsonOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json(?:;|$)/.test(request.headers['content-type'] ?? ''))
    throw new ConsoleError(415, 'UnsupportedMediaType', 'Send JSON.');
  const text = await readBody(request, MAX_BODY_BYTES);
  if (text === undefined)
    throw new ConsoleError(413, 'TooLarge', `Values may have ${MAX_BODY_BYTES / 1024} KiB at most.`);
  try {
    return JSON.parse(text);
  } catch {
    throw new ConsoleError(400, 'BadRequest', 'What was sent is no JSON.');
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const isText = typeof body === 'string';
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'content-type': `${isText ? 'text/plain' : 'application/json'}; charset=utf-8`,
    'cache-control': 'no-store',
    // What was not read of a refused request is not read.
    ...(status >= 400 ? { connection: 'close' } : {}),
  });
  response.end(isText ? body : JSON.stringify(body));
}
