import { once } from 'node:events';
import { connect as connectPlain, createServer } from 'node:net';
import { connect } from 'node:tls';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readGreeting } from './client-hello.ts';

/** The first bytes that Node's TLS client sends. */
async function helloOf(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = once(server, 'connection');
  const socket = connectPlain(port, '127.0.0.1');
  const client = connect({ socket, ...(servername === undefined ? {} : { servername }) });
  client.on('error', () => undefined);
  const [peer] = await accepted;
  const [chunk] = await once(peer, 'data');
  client.destroy();
  peer.destroy();
  server.close();
  return chunk;
}

let hello: Buffer;
beforeAll(async () => {
  hello = await helloOf('Tenant1.Example.com');
});

/** The same message in records of so many bytes. */
function inRecords(message: Buffer, size: number): Buffer {
  const payload = message.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const part = payload.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

describe('the greeting of a TLS client', () => {
  it('names its server, in small letters', () => {
    expect(readGreeting(hello)).toEqual({ is: 'named', host: 'tenant1.example.com' });
  });

  it('may name none', async () => {
    expect(readGreeting(await helloOf(undefined))).toEqual({ is: 'nameless' });
  });

  it('is waited for until it is whole, in however many records it comes', () => {
    for (let length = 0; length < hello.length; length += 1)
      expect(readGreeting(hello.subarray(0, length))).toEqual({ is: 'more' });
    for (const size of [1, 7, 100]) {
      expect(readGreeting(inRecords(hello, size))).toEqual({ is: 'named', host: 'tenant1.example.com' });
    }
  });

  it.each<[string, Buffer]>([
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an alert', Buffer.from([21, 3, 3, 0, 2, 2, 0])],
    ['a server’s greeting', Buffer.from([22, 3, 3, 0, 4, 2, 0, 0, 0])],
    ['a message without end', Buffer.from([22, 3, 3, 0, 4, 1, 255, 255, 255])],
  ])('is not %s', (_what, bytes) => {
    expect(readGreeting(bytes)).toEqual({ is: 'foreign' });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array({ maxLength: 40 }), (at, noise) => {
        const bytes = Buffer.from(hello);
        Buffer.from(noise).copy(bytes, at % bytes.length);

        return ['more', 'named', 'nameless', 'foreign'].includes(readGreeting(bytes).is);
      }),
    );
  });
});
