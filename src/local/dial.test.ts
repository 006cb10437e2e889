import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { descriptorOf, listenFor, listenLocally, parseTarget, serveForwarder, targetText } from './dial.ts';

describe('parseTarget', () => {
  it.each(['10.96.0.7:80', '[fd00::7]:65535'])('reads %s and writes it again', (target) =>
    expect(targetText(parseTarget(target))).toBe(target),
  );

  it.each([
    '',
    'localhost:80',
    '10.96.0.7',
    '10.96.0.7:0',
    '10.96.0.7:70000',
    'fd00::7:80',
    '[10.0.0:1',
    '1.2.3.4:8 0',
  ])('refuses "%s"', (target) => expect(() => parseTarget(target)).toThrow(/is not an address and a port/));
});

describe('the way into the node', () => {
  let folder = '';
  let ending = new AbortController();
  const servers: Server[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dial-'));
    ending = new AbortController();
  });
  afterEach(async () => {
    ending.abort();
    for (const server of servers.splice(0)) server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A server that answers once the other side has ended: shows that halves are closed one by one. */
  async function startEcho(): Promise<number> {
    const echo = createServer({ allowHalfOpen: true }, (socket) => {
      let said = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      socket.on('end', () => socket.end(`heard ${said}`));
    });
    servers.push(echo);
    return listenLocally(echo, 0);
  }

  async function startForwarder(target: string): Promise<{ main: string; dialSocket: string }> {
    const [main, dialSocket] = [join(folder, 'main.sock'), join(folder, 'dial.sock')];
    const isThere = (path: string): Promise<boolean> =>
      stat(path).then(
        () => true,
        () => false,
      );
    void serveForwarder({
      listen: { path: main },
      target: parseTarget(target),
      dialSocket,
      signal: ending.signal,
    });
    while (!((await isThere(main)) && (await isThere(dialSocket)))) await immediate();
    return { main, dialSocket };
  }

  async function say(socket: Socket, words: string): Promise<string> {
    socket.end(words);
    return text(socket);
  }

  it('leads from a port of the machine through the dial socket to the address', async () => {
    const target = parseTarget(`127.0.0.1:${await startEcho()}`);
    const { dialSocket } = await startForwarder('127.0.0.1:1');
    const { server, port } = await listenFor(target, dialSocket, 0);
    servers.push(server);

    const answers = Array.from({ length: 20 }, (_, index) =>
      say(createConnection({ port, host: '127.0.0.1', allowHalfOpen: true }), `hello ${index}`),
    );

    expect(await Promise.all(answers)).toEqual(answers.map((_answer, index) => `heard hello ${index}`));
  });

  it('leads from the inherited socket to the one address it is for', async () => {
    const { main } = await startForwarder(`127.0.0.1:${await startEcho()}`);

    expect(await say(createConnection({ path: main, allowHalfOpen: true }), 'you')).toBe('heard you');
  });

  it('gives a child its listening socket', async () => {
    const server = createServer();
    const port = await listenLocally(server, 0);
    const program = "require('net').createServer((s) => s.end('child')).listen({ fd: 3 })";
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'ignore', 'inherit', descriptorOf(server)],
    });
    server.close();

    const said = await text(createConnection({ port, host: '127.0.0.1' }));
    child.kill();

    expect(said).toBe('child');
  });

  it('ends the connection when nobody listens at the address', async () => {
    const { dialSocket } = await startForwarder('127.0.0.1:1');
    const { server, port } = await listenFor(parseTarget('127.0.0.1:1'), dialSocket, 0);
    servers.push(server);
    const socket = createConnection({ port, host: '127.0.0.1' }).on('error', () => undefined);

    await once(socket, 'close');

    expect(socket.destroyed).toBe(true);
  });

  it.each(['nonsense\n', 'x'.repeat(200)])(
    'hangs up on a first line that is no address: %j',
    async (line) => {
      const { dialSocket } = await startForwarder('127.0.0.1:1');
      const socket = createConnection({ path: dialSocket }).on('error', () => undefined);
      socket.write(line);

      await once(socket, 'close');

      expect(socket.bytesRead).toBe(0);
    },
  );

  it('names the port that is in use and what to do', async () => {
    const port = await startEcho();

    await expect(listenLocally(createServer(), port)).rejects.toMatchObject({
      message: `port ${port} of 127.0.0.1 is in use`,
      remedy: expect.stringContaining('--port'),
    });
  });

  it('has no descriptor to give while a server does not listen', () => {
    expect(() => descriptorOf(createServer())).toThrow(/is it listening/);
  });
});
