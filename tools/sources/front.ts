import { request as plainRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { createAuthority, issue } from '../../src/pki/certificate.ts';

/** Who may read. */
export const USER = { username: 'reader', password: 'correct horse' };
const TOKEN = 'a-token-of-the-front';
const BASIC = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;

/** An HTTPS server before a registry and a folder. */
export interface Front {
  readonly port: number;
  /** The authority of its certificate, PEM. */
  readonly ca: string;
  stop(): void;
}

/**
 * HTTPS with credentials before a registry on this machine and a folder of files: `/v2/` wants a token of `/token`, which wants a password, as
 * Docker's registry does; `/private/` wants a password.
 */
export async function startFront(registryPort: number, folder: string): Promise<Front> {
  const day = { notBefore: systemClock.now() - 60_000, days: 1 };
  const authority = await createAuthority({ commonName: 'sources', ...day });
  const leaf = await issue(authority, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
    ...day,
  });
  const server = createServer({ key: leaf.key, cert: leaf.cert }, (incoming, outgoing) =>
    answer(incoming, outgoing, { registryPort, folder, port: portOf() }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const portOf = (): number => (server.address() as AddressInfo).port; // True of a server that listens on a port.
  return {
    port: portOf(),
    ca: authority.cert,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Behind {
  readonly registryPort: number;
  readonly folder: string;
  readonly port: number;
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, behind: Behind): void {
  const url = new URL(incoming.url ?? '/', 'https://front');
  const shown = incoming.headers.authorization;
  if (url.pathname === '/token') {
    const scope = url.searchParams.get('scope') ?? '';
    if (shown !== BASIC || !/^repository:[\w/-]+:pull$/.test(scope))
      return refuse(outgoing, 'Basic realm="front"');
    outgoing.end(JSON.stringify({ token: TOKEN }));
    return;
  }
  if (url.pathname.startsWith('/v2/')) {
    if (shown !== `Bearer ${TOKEN}`)
      return refuse(outgoing, `Bearer realm="https://localhost:${behind.port}/token",service="front"`);
    const { method, headers } = incoming;
    const { host: _host, ...rest } = headers;
    const on = { host: '127.0.0.1', port: behind.registryPort, path: incoming.url, method, headers: rest };
    incoming.pipe(
      plainRequest(on, (inner) => {
        outgoing.writeHead(inner.statusCode ?? 502, inner.headers);
        inner.pipe(outgoing);
      }),
    );
    return;
  }
  if (url.pathname.startsWith('/private/') && shown !== BASIC) return refuse(outgoing, 'Basic realm="front"');
  try {
    outgoing.end(readFileSync(join(behind.folder, normalize(url.pathname).replace(/^\/private/, ''))));
  } catch {
    outgoing.writeHead(404).end();
  }
}

function refuse(outgoing: ServerResponse, challenge: string): void {
  outgoing.writeHead(401, { 'www-authenticate': challenge }).end();
}
