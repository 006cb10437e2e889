import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { TenantEndpoint } from './tenant-endpoint.ts';

/** One tenant as the door knows them. */
export interface EgressTenant {
  /** The name under which the tenant's API server finds the door; no other tenant has it. */
  readonly serverName: string;
  /** What the door shows under that name, PEM. */
  readonly cert: string;
  readonly key: string;
  /** Authority of the certificate that the API server has to show, PEM: the tenant's own. */
  readonly clientCa: string;
  /** Common name in it. */
  readonly clientName: string;
  readonly endpoint: Pick<TenantEndpoint, 'connect' | 'close'>;
}

interface Known {
  readonly tenant: EgressTenant;
  readonly context: SecureContext;
  /** Connections that are open: they end when the tenant does. */
  readonly sockets: Set<Duplex>;
}

/**
 * The door through which the API servers of all tenants of a process come. Each has a name of its own, under which the door
 * trusts that tenant's authority and no other one: so a certificate of one tenant is worth nothing at another's name, and
 * a connection sees one tenant for as long as it lives.
 */
export class EgressServer {
  readonly server: Server;
  readonly #known = new Map<string, Known>();

  constructor() {
    this.server = createServer({
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        const known = this.#known.get(name);
        // Without a context there is no certificate to show, and the handshake ends.
        if (known === undefined) done(new Error('this tenant is not served here'));
        else done(null, known.context);
      },
    });
    this.server.on('request', (_request, response) =>
      response.writeHead(405, { connection: 'close' }).end('only CONNECT is answered\n'),
    );
    this.server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#connect(request, socket, head);
    });
    this.server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.server.keepAliveTimeout = 0;
  }

  /** Serves a tenant from now on, or with new certificates; open connections stay. */
  add(tenant: EgressTenant): void {
    const { cert, key, clientCa, serverName } = tenant;
    const sockets = this.#known.get(serverName)?.sockets ?? new Set();
    this.#known.set(serverName, {
      tenant,
      context: createSecureContext({ cert, key, ca: clientCa }),
      sockets,
    });
  }

  /** Ends a tenant: nothing new is taken, and what is open is closed. */
  async remove(serverName: string): Promise<void> {
    const known = this.#known.get(serverName);
    this.#known.delete(serverName);
    for (const socket of known?.sockets ?? []) socket.destroy();
    await known?.tenant.endpoint.close();
  }

  /** Ends all. */
  async close(): Promise<void> {
    await Promise.all([...this.#known.keys()].map((name) => this.remove(name)));
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const tls = request.socket as TLSSocket & { readonly servername?: string | false }; // true: the server takes TLS only
    const known = typeof tls.servername === 'string' ? this.#known.get(tls.servername) : undefined;
    const subject = tls.getPeerCertificate().subject as { readonly CN?: unknown } | undefined;
    if (known === undefined || !tls.authorized || subject?.CN !== known.tenant.clientName) {
      socket.end(
        'HTTP/1.1 403 not an API server of a tenant\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      return;
    }
    known.sockets.add(socket);
    socket.on('close', () => known.sockets.delete(socket));
    void known.tenant.endpoint.connect(request.url ?? '', socket, head);
  }
}
