import { fixedCredential, type ClusterAccess } from '../client/access.ts';
import type { Client } from '../client/client.ts';
import { clientOver } from '../client/http-client.ts';
import { createTransport, type Transport } from '../client/transport.ts';
import type { Clock } from '../lib/clock.ts';

/** Clients of one API server, each with somebody's token and nothing else. */
export interface UserClients {
  /** Not closed by whoever gets it: the connections are everybody's, and carry no credential of their own. */
  clientOf(token: string): Client;
  close(): Promise<void>;
}

/**
 * Of `access` only the server's address and its certificate are taken. Whatever credential stands there stays there: a console that is started
 * with an administrator's kubeconfig has no rights either.
 */
export function createUserClients(access: ClusterAccess, clock: Clock): UserClients {
  const { impersonate: _, ...where } = access;
  const shared = createTransport(
    { ...where, credentials: fixedCredential({}) },
    { userAgent: 'tenantry-console' },
  );
  return {
    clientOf: (token) => clientOver(withToken(shared, token), { clock }),
    close: () => shared.close(),
  };
}

function withToken(shared: Transport, token: string): Transport {
  const authorization = `Bearer ${token}`;
  return {
    send: (request, _impersonation, options) =>
      shared.send({ ...request, headers: { ...request.headers, authorization } }, undefined, options),
    open: (request, _impersonation, options) =>
      shared.open({ ...request, headers: { ...request.headers, authorization } }, undefined, options),
    credentialRefused: () => false,
    close: () => Promise.resolve(),
  };
}
