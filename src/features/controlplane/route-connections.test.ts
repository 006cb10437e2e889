import { once } from 'node:events';
import { connect as connectPlain, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../lib/fake-clock.ts';
import { createAuthority, issue, type KeyPair } from '../../pki/certificate.ts';
import { createRouter, planeOf } from './route-connections.ts';

describe('the plane that a host names', () => {
  it.each<[string, string | undefined]>([
    ['tenant1.example.com', 'tenant1'],
    ['tenant1.example.com.evil.com', undefined],
    ['example.com', undefined],
    ['a.b.example.com', undefined],
    ['kube.example.com', undefined],
    ['169-254.example.com', undefined],
    ['tenant1.example.org', undefined],
  ])('%s: %s', (host, plane) => expect(planeOf(host, 'Example.com')).toBe(plane));
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port; // true: it listens on a port

describe('the router of planes', () => {
  let authority: KeyPair;
  let plane: Server;
  let router: Server;
  let dialled: string[];
  let clock: FakeClock;

  beforeEach(async () => {
    [dialled, clock] = [[], new FakeClock()];
    const life = { notBefore: Date.now(), days: 1 };
    authority = await createAuthority({ commonName: 'ca', ...life });
    const leaf = await issue(authority, {
      commonName: 's',
      dnsNames: ['tenant1.example.com'],
      usages: ['server'],
      ...life,
    });
    plane = createTlsServer(leaf, (socket) =>
      socket.on('data', (data) => socket.end(`heard ${String(data)}`)),
    );
    plane.listen(0, '127.0.0.1');
    await once(plane, 'listening');
    const dial = (name: string): Socket => {
      dialled.push(name);
      return connectPlain(portOf(plane), '127.0.0.1');
    };
    router = createRouter({ domain: 'example.com', clock, dial });
    router.listen(0, '127.0.0.1');
    await once(router, 'listening');
  });
  afterEach(() => {
    router.close();
    plane.close();
  });

  it('leads to the plane, whose own certificate the client sees', async () => {
    const servername = 'tenant1.example.com';
    const client = connect({ port: portOf(router), host: '127.0.0.1', servername, ca: authority.cert });
    client.write('hello');
    const [answer] = await once(client, 'data');
    client.destroy();

    expect(String(answer)).toBe('heard hello');
    expect(dialled).toEqual(['tenant1']);
  });

  it('dials nothing for a host that is no plane, and for what is no TLS', async () => {
    const servername = 'kube.example.com';
    const client = connect({ port: portOf(router), host: '127.0.0.1', servername });
    const plain = connectPlain(portOf(router), '127.0.0.1', () => void plain.write('GET / HTTP/1.1\r\n\r\n'));
    client.on('error', () => undefined);
    plain.on('error', () => undefined);
    const closed = (socket: Socket) => new Promise((resolve) => void socket.once('close', resolve));
    await Promise.all([closed(client), closed(plain)]);

    expect(dialled).toEqual([]);
  });

  it('does not wait for who says nothing', async () => {
    const silent = connectPlain(portOf(router), '127.0.0.1');
    await once(router, 'connection');
    const closed = once(silent, 'close');
    silent.resume();
    await clock.advance(10_000);

    await closed;
  });
});
