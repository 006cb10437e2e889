import { X509Certificate as NodeCertificate, createPrivateKey } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createAuthority, expiresAt, issue } from './certificate.ts';

const START = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;

describe('certificates', () => {
  it('makes an authority that says it is one and may sign leaves only', async () => {
    const authority = await createAuthority({ commonName: 'tenantry', notBefore: START, days: 10 });

    const seen = new NodeCertificate(authority.cert);
    expect(seen.ca).toBe(true);
    expect(seen.subject).toBe('CN=tenantry');
    expect(seen.checkPrivateKey(createPrivateKey(authority.key))).toBe(true);
    expect(expiresAt(authority.cert)).toBe(START + 10 * DAY);
  });

  it('issues certificates that the authority verifies and that name user, groups and addresses', async () => {
    const authority = await createAuthority({ commonName: 'tenantry', notBefore: START, days: 10 });

    const pair = await issue(authority, {
      commonName: 'system:node:node-1, x=y',
      organizations: ['system:nodes', 'two'],
      dnsNames: ['node-1', 'localhost'],
      ipAddresses: ['10.89.0.11', 'fd00:10:89::b'],
      usages: ['server', 'client'],
      notBefore: START,
      days: 1,
    });

    const seen = new NodeCertificate(pair.cert);
    expect(seen.verify(new NodeCertificate(authority.cert).publicKey)).toBe(true);
    expect(seen.subject).toBe('O=system:nodes\nO=two\nCN=system:node:node-1\\, x=y');
    expect(seen.checkIP('10.89.0.11')).toBe('10.89.0.11');
    expect(seen.checkIP('fd00:10:89::b')).toBe('fd00:10:89::b');
    expect(seen.checkHost('localhost')).toBe('localhost');
    expect(seen.checkHost('elsewhere')).toBeUndefined();
    expect(seen.ca).toBe(false);
    expect(expiresAt(pair.cert)).toBe(START + DAY);
  });

  it('gives pairs that a TLS server and a client certificate check really accept', async () => {
    const authority = await createAuthority({ commonName: 'ca', notBefore: Date.now(), days: 1 });
    const [server, client] = await Promise.all([
      issue(authority, {
        commonName: 's',
        dnsNames: ['localhost'],
        usages: ['server'],
        notBefore: Date.now(),
        days: 1,
      }),
      issue(authority, { commonName: 'c', usages: ['client'], notBefore: Date.now(), days: 1 }),
    ]);
    const listener = createServer(
      { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
      (socket) => void socket.end(`hello ${socket.getPeerCertificate().subject.CN}`),
    ).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: authority.cert,
      ...client,
    });
    const [data] = await once(socket, 'data');
    socket.destroy();
    listener.close();

    expect(String(data)).toBe('hello c');
  });

  it('refuses what is not a certificate', () => {
    expect(() => expiresAt('nonsense')).toThrow();
  });
});
