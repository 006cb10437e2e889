import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { REVIEW_HOST } from '../../api/virtual-cluster.ts';
import { SERVICE } from '../../kube/builtin-kinds.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { CertificateRequest, KeyPair } from '../../pki/certificate.ts';
import type { Log } from '../../runtime/log.ts';
import { readBody } from '../../runtime/read-body.ts';
import type { Mirror } from '../mirror.ts';
import { chooseTarget } from './choose-target.ts';
import { answerKubelet, bridgeKubelet, join, type KubeletDeps } from './kubelet-handler.ts';
import { readServiceQuestion, reviewBody, reviewService, type ReviewDeps } from './service-review.ts';

/** Largest question about a Service: the API server's own limit of an object is half of it. */
const MAX_REVIEW_BYTES = 3 * 1024 * 1024;
/** Milliseconds until a pod that does not take the connection is given up: the API server waits 30 s for a webhook. */
const DIAL_TIMEOUT_MS = 10_000;
/** Whom an API server shows itself as to a kubelet. */
const KUBELET_CLIENT = 'kube-apiserver-kubelet-client';

/** Milliseconds after which a name gets a new certificate: they live longer, see `serve-tenant.ts`. */
const RENEW_MS = 24 * 3_600_000;

/** What stands behind one tenant's API server. */
export interface TenantEndpointOptions extends KubeletDeps, ReviewDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** A certificate for one of our names, of the authority that the tenant's API server trusts for kubelets. */
  readonly certificate: (
    request: Pick<CertificateRequest, 'commonName' | 'dnsNames' | 'ipAddresses'>,
  ) => Promise<KeyPair>;
  /** Authority of the certificate that the tenant's API server shows to kubelets, PEM. */
  readonly clientCa: string;
}

/**
 * Answers the connections that one tenant's API server opens: it is the kubelet of the tenant's nodes, it reviews Services,
 * and it leads to the tenant's own pods. Nothing here belongs to more than one tenant.
 */
export class TenantEndpoint {
  readonly #options: TenantEndpointOptions;
  /** A server a name, for each shows its own certificate. They listen nowhere: connections are handed to them. */
  readonly #servers = new Map<string, { readonly server: Promise<Server>; readonly madeAt: number }>();

  constructor(options: TenantEndpointOptions) {
    this.#options = options;
  }

  /** Takes a CONNECT over: answers it and serves what comes, or refuses it. */
  async connect(authority: string, socket: Duplex, head: Buffer): Promise<void> {
    const { mirror, log } = this.#options;
    socket.on('error', () => socket.destroy());
    const target = chooseTarget(authority, factsOf(mirror));
    try {
      switch (target.is) {
        case 'refused':
          log.debug('Connection refused', { tenant: mirror.tenant.name, authority, reason: target.reason });
          refuse(socket, 403, target.reason);
          return;
        case 'kubelet':
          serve(await this.#serverOf(target.host), socket, head);
          return;
        case 'review':
          serve(await this.#serverOf(REVIEW_HOST), socket, head);
          return;
        case 'dial':
          dial(target, socket, head);
      }
    } catch (error) {
      log.warn('Connection failed', { tenant: mirror.tenant.name, authority, error });
      refuse(socket, 502, messageOf(error));
    }
  }

  /** Ends what is open. */
  async close(): Promise<void> {
    const servers = await Promise.allSettled([...this.#servers.values()].map(({ server }) => server));
    for (const one of servers) if (one.status === 'fulfilled') one.value.closeAllConnections();
    this.#servers.clear();
  }

  #serverOf(host: string): Promise<Server> {
    const now = this.#options.clock.monotonic();
    const present = this.#servers.get(host);
    // One that was made anew leaves the old one to the connections it has.
    if (present !== undefined && now - present.madeAt < RENEW_MS) return present.server;
    const server = host === REVIEW_HOST ? this.#reviewServer() : this.#kubeletServer(host);
    const made = { server, madeAt: now };
    this.#servers.set(host, made);
    // One that could not be made is made anew next time.
    server.catch(() => this.#servers.get(host) === made && this.#servers.delete(host));
    return server;
  }

  async #kubeletServer(host: string): Promise<Server> {
    const isIp = /^[0-9.]+$|:/.test(host);
    const names = isIp ? { ipAddresses: [host] } : { dnsNames: [host] };
    const { cert, key } = await this.#options.certificate({ commonName: `system:node:${host}`, ...names });
    const ca = this.#options.clientCa;
    const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true, ...HTTP1 });
    const isApiServer = (request: IncomingMessage): boolean =>
      // A webhook that a tenant points at a node comes the same way, but shows no such certificate.
      (request.socket as TLSSocket).getPeerCertificate().subject?.CN === KUBELET_CLIENT;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (!isApiServer(request)) response.writeHead(401).end();
      else answerKubelet(request, response, this.#options).catch(() => response.destroy());
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!isApiServer(request)) socket.destroy();
      else bridgeKubelet(request, socket, head, this.#options).catch(() => socket.destroy());
    });
    return withoutTimers(server);
  }

  async #reviewServer(): Promise<Server> {
    const { cert, key } = await this.#options.certificate({
      commonName: REVIEW_HOST,
      dnsNames: [REVIEW_HOST],
    });
    const server = createServer({ cert, key, ...HTTP1 });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#review(request, response).catch((error: unknown) => {
        this.#options.log.warn('Review failed', { tenant: this.#options.mirror.tenant.name, error });
        response.destroy();
      });
    });
    return withoutTimers(server);
  }

  async #review(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_REVIEW_BYTES);
    const question = body === undefined ? undefined : readServiceQuestion(body);
    if (question === undefined) {
      response.writeHead(400, { 'content-type': 'text/plain' }).end('not a review of a Service\n');
      return;
    }
    const answer = await reviewService(question, this.#options);
    response.writeHead(200, { 'content-type': 'application/json' }).end(reviewBody(question.uid, answer));
  }
}

const HTTP1 = { ALPNProtocols: ['http/1.1'] };

/** Streams are quiet for hours; the API server ends what it no longer wants. */
function withoutTimers(server: Server): Server {
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  server.timeout = 0;
  // What does not speak TLS to us is no API server.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

function factsOf(mirror: Mirror): Parameters<typeof chooseTarget>[1] {
  return {
    pods: () => mirror.hostPods(),
    services: () => mirror.hostServices(),
    serviceOf: (namespace, name) => mirror.pair(SERVICE, { namespace, name }).host,
  };
}

function serve(server: Server, socket: Duplex, head: Buffer): void {
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  if (head.length > 0) socket.unshift(head);
  server.emit('connection', socket);
}

function dial(
  { address, port }: { readonly address: string; readonly port: number },
  socket: Duplex,
  head: Buffer,
): void {
  const other = connect({ host: address, port });
  other.setTimeout(DIAL_TIMEOUT_MS, () => other.destroy(new Error('the pod does not answer')));
  other.once('error', (error) => {
    if (!socket.destroyed) refuse(socket, 502, messageOf(error));
  });
  other.once('connect', () => {
    other.setTimeout(0);
    other.removeAllListeners('error');
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    if (head.length > 0) other.write(head);
    join(socket, other);
  });
  socket.on('close', () => other.destroy());
}

function refuse(socket: Duplex, status: number, text: string): void {
  // The reason goes into the first line, which is all that the API server shows of it.
  const reason = text.replaceAll(/[^ -~]/g, ' ').slice(0, 200);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
