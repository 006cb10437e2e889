import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Milliseconds that open requests get when a server closes. */
const GRACE_MS = 5000;

/** Opens the port; resolves with the one that was opened (port 0 takes a free one). Rejects when it is in use. */
export function listen(server: Server | TlsServer, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.removeListener('error', reject);
      // A server listening on a port has an address of this form.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Takes no new connections, lets open requests end for a while, then cuts them. */
export function closeServer(
  server: Server | TlsServer,
  after: (ms: number, task: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const cancel = after(GRACE_MS, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
