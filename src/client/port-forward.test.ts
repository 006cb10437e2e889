import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { fixedCredential, type ClusterAccess } from './access.ts';
import { openPodPort } from './port-forward.ts';
import { FrameReader, frameOf, OPCODES } from './websocket-frames.ts';

const PORT = { namespace: 'ns', pod: 'web', port: 8443 };
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function accessTo(server: Server, proxyUrl?: string): Promise<ClusterAccess> {
  return {
    server: `http://127.0.0.1:${await portOf(server)}/prefix`,
    credentials: fixedCredential({ token: 'me' }),
    namespace: 'default',
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // True of a server that listens on TCP.
  return (server.address() as AddressInfo).port;
}

const said = (channel: number, text: string | Buffer): Buffer =>
  frameOf(OPCODES.binary, Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
const PORT_LINES = Buffer.concat([said(0, Buffer.of(0xfb, 0x20)), said(1, Buffer.of(0xfb, 0x20))]);

/** A kubelet: agrees, names the port on both channels, and hands over. */
function kubelet(work: (socket: Duplex, request: IncomingMessage) => void): Server {
  return createServer().on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    socket.write(PORT_LINES);
    work(socket, request);
  });
}

/** What the port of the pod does: says everything back in upper case, and ends after `bye`. */
const shouting = (socket: Duplex): void => {
  const reader = new FrameReader();
  socket.on('data', (bytes: Buffer) => {
    for (const { opcode, payload } of reader.push(bytes)) {
      if (opcode !== OPCODES.binary) continue;
      const text = payload.subarray(1).toString();
      socket.write(said(payload[0] ?? 9, text.toUpperCase()));
      if (text === 'bye') socket.end(frameOf(OPCODES.close, Buffer.alloc(0)));
    }
  });
};

async function textOf(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  // Without an encoding chunks are buffers.
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a port of a pod', () => {
  it('is asked for by name, as who we are, and carries bytes both ways until it ends', async () => {
    let asked: IncomingMessage | undefined;
    const access = await accessTo(
      kubelet((socket, request) => {
        asked = request;
        shouting(socket);
      }),
    );

    const stream = await openPodPort(access, PORT);
    stream.write('hello ');
    setImmediate(() => stream.write('bye'));

    expect(await textOf(stream)).toBe('HELLO BYE');
    expect(asked?.url).toBe('/prefix/api/v1/namespaces/ns/pods/web/portforward?ports=8443');
    expect(asked?.headers.authorization).toBe('Bearer me');
  });

  it('gives everything that was said before its end to who reads late', async () => {
    const access = await accessTo(
      kubelet((socket) => {
        for (let i = 0; i < 200; i++) socket.write(said(0, Buffer.alloc(10_000, 'x')));
        socket.end();
      }),
    );

    const stream = await openPodPort(access, PORT);
    await new Promise(setImmediate);

    expect((await textOf(stream)).length).toBe(2_000_000);
  });

  it('breaks with what the node says', async () => {
    const access = await accessTo(kubelet((socket) => void socket.write(said(1, 'connection refused'))));

    await expect(textOf(await openPodPort(access, PORT))).rejects.toThrow('connection refused');
  });

  it('is refused in the server’s words', async () => {
    const text = JSON.stringify({
      kind: 'Status',
      reason: 'Forbidden',
      message: 'pods is forbidden',
      code: 403,
    });
    const access = await accessTo(
      createServer((_request, response) => void response.writeHead(403).end(text)),
    );

    await expect(openPodPort(access, PORT)).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('pods is forbidden') as unknown,
    });
  });

  it('is reached through the proxy of the kubeconfig', async () => {
    const targets: unknown[] = [];
    const access = await accessTo(kubelet(shouting));
    const { connect } = await import('node:net');
    const proxy = createServer().on('connect', (request: IncomingMessage, socket: Duplex) => {
      targets.push(request.url);
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
    });
    const proxyUrl = `http://127.0.0.1:${await portOf(proxy)}`;

    const stream = await openPodPort({ ...access, proxyUrl }, PORT);
    stream.write('bye');

    expect(await textOf(stream)).toBe('BYE');
    expect(targets).toEqual([new URL(access.server).host]);
  });
});
