import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { TenantEndpoint } from './tenant-endpoint.ts';

/** What the door to all tenants is made of. */
export interface EgressServerOptions {
  readonly cert: string;
  readonly key: string;
  /** Authority of the tenants' client certificates, PEM: whoever shows one is the tenant its common name says. */
  readonly ca: string;
  /** The tenant of a common name, if this process serves it. */
  readonly endpointOf: (commonName: string) => TenantEndpoint | undefined;
}

/**
 * Where all tenants' API servers open their connections. Who asks is told by the certificate and by nothing else, and a
 * connection sees that one tenant for as long as it lives.
 */
export function createEgressServer({ cert, key, ca, endpointOf }: EgressServerOptions): Server {
  const server = createServer({
    cert,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  });
  server.on('request', (_request, response) => response.writeHead(405).end('only CONNECT is answered\n'));
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
    const endpoint = typeof name === 'string' ? endpointOf(name) : undefined;
    if (endpoint === undefined) {
      socket.end(
        'HTTP/1.1 503 this tenant is not served here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      return;
    }
    void endpoint.connect(request.url ?? '', socket, head);
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.keepAliveTimeout = 0;
  return server;
}
