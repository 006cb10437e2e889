import { createAuthority, issue, type KeyPair } from '../../src/pki/certificate.ts';
import { systemClock } from '../../src/lib/clock.ts';

/** Certificates for a fake API server on loopback, and for clients it knows by their certificate. */
export interface LoopbackTls {
  /** For `FakeApiOptions.tls`. */
  readonly server: { readonly cert: string; readonly key: string; readonly ca: string };
  /** A client certificate of the same authority; the common name is the user. */
  client(user: string): Promise<KeyPair>;
}

/** Makes a new authority and a server certificate for 127.0.0.1 and the name `fake-api`. */
export async function createLoopbackTls(): Promise<LoopbackTls> {
  const validity = { notBefore: systemClock.now(), days: 1 };
  const authority = await createAuthority({ commonName: 'fake-api-ca', ...validity });
  const server = await issue(authority, {
    commonName: 'fake-api',
    ipAddresses: ['127.0.0.1'],
    dnsNames: ['fake-api'],
    usages: ['server'],
    ...validity,
  });
  return {
    server: { ...server, ca: authority.cert },
    client: (user) => issue(authority, { commonName: user, usages: ['client'], ...validity }),
  };
}
