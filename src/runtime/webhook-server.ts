import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { KeyPair } from '../pki/certificate.ts';
import type { Clock } from '../lib/clock.ts';
import type { AdmissionHandler, AdmissionRequest } from './admission.ts';
import { readReview, writeReview } from './admission-review.ts';
import { closeServer, listen } from './listen.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { readBody } from './read-body.ts';
import { messageOf } from '../lib/error-text.ts';

/** Bytes of a review: old and new object of at most 1.5 MiB each (etcd's limit), escaped, and their surroundings. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Milliseconds a handler may take where the API server does not say (its own default). */
const DEFAULT_TIMEOUT_MS = 10_000;
/** Answered this long before the API server gives up, so that the caller reads our reason instead of a time-out. */
const MARGIN_MS = 500;
/** Connections at once: an API server opens few and keeps them; this bounds what anybody else in the pod network can do. */
const MAX_CONNECTIONS = 256;
/** Milliseconds for headers and for a whole request to arrive. */
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 15_000;
/**
 * Milliseconds for which a connection without requests stays open: longer than the 90 s after which the API server
 * closes it (client-go's `IdleConnTimeout`). Were it us who closed first, now and then a review would be sent into the
 * closing connection and the user's request refused: Go does not send a POST again.
 */
const KEEP_ALIVE_MS = 120_000;

/** What the server needs. */
export interface WebhookServerOptions {
  readonly port: number;
  readonly host?: string | undefined;
  readonly certificate: Pick<KeyPair, 'cert' | 'key'>;
  /** Asked at every request: handlers may be added while the server runs. */
  readonly handlerAt: (path: string) => AdmissionHandler | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A running server. */
export interface WebhookServer {
  readonly port: number;
  /** New connections get this certificate; open ones keep theirs. */
  useCertificate(certificate: Pick<KeyPair, 'cert' | 'key'>): void;
  close(): Promise<void>;
}

/** Serves admission reviews by HTTPS. A request that goes wrong gets an HTTP error with its reason, and nothing else happens. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const server = createServer(
    {
      ...options.certificate,
      minVersion: 'TLSv1.2',
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      answer(options, request, response).catch((error: unknown) => {
        // The connection broke while we read or wrote: nobody is left to tell.
        options.log.debug('Admission connection broke', { error });
        response.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  // Wrong TLS and broken HTTP of whoever connects; Node closes the socket.
  server.on('tlsClientError', (error) => options.log.debug('TLS handshake failed', { error }));
  const port = await listen(server, options.port, options.host);
  return {
    port,
    useCertificate: (certificate) => server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' }),
    close: () => closeServer(server, options.clock.after),
  };
}

async function answer(
  options: WebhookServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://webhook');
  const handler = options.handlerAt(url.pathname);
  if (handler === undefined) return send(response, 404, `No webhook is at ${url.pathname}.`);
  if (request.method !== 'POST') return send(response, 405, 'Admission reviews come by POST.');
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined)
    return send(response, 413, `The review has more than ${MAX_BODY_BYTES} bytes.`, true);
  const review = readReview(body);
  if (typeof review === 'string') return send(response, 400, review);
  return decide(options, handler, { review, timeoutMs: timeoutOf(url) }, response);
}

async function decide(
  options: WebhookServerOptions,
  handler: AdmissionHandler,
  { review, timeoutMs }: { review: AdmissionRequest; timeoutMs: number },
  response: ServerResponse,
): Promise<void> {
  const { clock, log, metrics } = options;
  const begin = clock.monotonic();
  const done = (outcome: 'allowed' | 'denied' | 'failed'): void =>
    metrics.admitted(handler.path, outcome, (clock.monotonic() - begin) / 1000);
  const abort = new AbortController();
  const about = {
    path: handler.path,
    operation: review.operation,
    kind: review.kind,
    namespace: review.namespace,
    name: review.name,
  };
  try {
    const decision = await withTimeout(clock, timeoutMs, abort, handler.handle(review, abort.signal));
    done(decision.allowed ? 'allowed' : 'denied');
    if (!decision.allowed)
      log.info('Denied', { ...about, findings: decision.findings.map((finding) => finding.message) });
    send(response, 200, JSON.stringify(writeReview(review.uid, decision)));
  } catch (error) {
    done('failed');
    log.error('Admission failed', { ...about, error });
    // Not a denial: what the webhook's failurePolicy says about broken webhooks holds.
    send(response, 500, `${handler.path}: ${messageOf(error)}`);
  }
}

async function withTimeout<T>(
  clock: Clock,
  ms: number,
  abort: AbortController,
  work: Promise<T>,
): Promise<T> {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => {
      const error = new Error(`no decision within ${ms} ms; try again`);
      abort.abort(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    cancel();
  }
}

/** The API server says how long it waits: `?timeout=10s`. */
function timeoutOf(url: URL): number {
  const seconds = /^(\d{1,3})s$/.exec(url.searchParams.get('timeout') ?? '')?.[1];
  const ms = seconds === undefined ? DEFAULT_TIMEOUT_MS : Number(seconds) * 1000;
  return Math.max(MARGIN_MS, ms - MARGIN_MS);
}

function send(response: ServerResponse, status: number, text: string, close = false): void {
  response.writeHead(status, {
    'content-type': status === 200 ? 'application/json' : 'text/plain; charset=utf-8',
    // What was not read of the body would be taken for the next request.
    ...(close ? { connection: 'close' } : {}),
  });
  response.end(text);
}
