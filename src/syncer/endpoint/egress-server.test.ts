import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../../pki/certificate.ts';
import { EgressServer } from './egress-server.ts';

const NOW = Date.now();
const NAMES = ['a.example', 'b.example'] as const;
type Name = (typeof NAMES)[number];

/** Two tenants, each with an authority of their own, behind one door. */
const egress = new EgressServer();
const authorities = new Map<Name, KeyPair>();
const connected: string[] = [];

const certificate = (name: Name, commonName: string, usage: 'client' | 'server'): Promise<KeyPair> => {
  const authority = authorities.get(name);
  if (authority === undefined) throw new Error(`no authority of ${name}`);
  const dnsNames = usage === 'server' ? [name] : [];
  return issue(authority, { commonName, dnsNames, usages: [usage], notBefore: NOW, days: 1 });
};

beforeAll(async () => {
  for (const name of NAMES) {
    authorities.set(name, await createAuthority({ commonName: name, notBefore: NOW, days: 1 }));
    const { cert, key } = await certificate(name, name, 'server');
    egress.add({
      cert,
      key,
      serverName: name,
      clientCa: authorities.get(name)?.cert ?? '',
      clientName: 'api-server',
      endpoint: {
        connect: (authority, socket) => {
          connected.push(`${name} ${authority}`);
          socket.end('HTTP/1.1 200 OK\r\n\r\n');
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      },
    });
  }
  await new Promise<void>((resolve) => egress.server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => egress.close());

/** Asks the door under a tenant's name, with what somebody shows; answers the first line, or that there is none. */
function ask(
  servername: string | undefined,
  shown: Partial<KeyPair>,
  line = 'CONNECT 10.0.0.1:80',
): Promise<string> {
  const { port } = egress.server.address() as AddressInfo; // true: it listens on TCP
  const options: ConnectionOptions = {
    port,
    host: '127.0.0.1',
    // The door is what is tested, not who it is.
    rejectUnauthorized: false,
    ...shown,
    ...(servername === undefined ? {} : { servername }),
  };
  return new Promise((resolve) => {
    let text = '';
    const socket = connectTls(options, () => socket.write(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => resolve('broken off'));
    socket.on('close', () => resolve(text === '' ? 'broken off' : (text.split('\r\n')[0] ?? '')));
  });
}

describe('EgressServer', () => {
  it('leads each tenant’s API server to its own endpoint', async () => {
    for (const name of NAMES) {
      expect(await ask(name, await certificate(name, 'api-server', 'client'))).toBe('HTTP/1.1 200 OK');
      expect(connected.at(-1)).toBe(`${name} 10.0.0.1:80`);
    }
  });

  it.each([
    ['at another tenant’s name', 'b.example'],
    ['at a name that nobody has', 'c.example'],
    ['at no name', undefined],
  ])('takes a tenant’s certificate for nothing %s', async (_where, servername) => {
    const before = connected.length;

    expect(await ask(servername, await certificate('a.example', 'api-server', 'client'))).toBe('broken off');
    expect(connected).toHaveLength(before);
  });

  it('lets nobody in who shows nothing, or is another user of the tenant', async () => {
    const before = connected.length;

    expect(await ask('a.example', {})).toBe('broken off');
    expect(await ask('a.example', await certificate('a.example', 'admin', 'client'))).toContain('403');
    expect(connected).toHaveLength(before);
  });

  it('answers nothing but CONNECT', async () => {
    expect(await ask('a.example', await certificate('a.example', 'api-server', 'client'), 'GET /')).toContain(
      '405',
    );
  });

  it('serves a tenant no longer that was removed', async () => {
    const shown = await certificate('b.example', 'api-server', 'client');
    await egress.remove('b.example');

    expect(await ask('b.example', shown)).toBe('broken off');
    expect(await ask('a.example', await certificate('a.example', 'api-server', 'client'))).toBe(
      'HTTP/1.1 200 OK',
    );
  });
});
