import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { forwardServer } from './serve-forward.ts';

const servers: Server[] = [];
const stop = new AbortController();
afterEach(() => {
  stop.abort();
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // True of a server that listens on TCP.
  return (server.address() as AddressInfo).port;
}

async function say(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  // True: no encoding is set.
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}

it('a forwarded port outlives what it leads to, and keeps who comes in between waiting', async () => {
  const told: string[] = [];
  let refusals = 2;
  let far = 0;
  const place = (name: string): Promise<number> =>
    portOf(
      createServer((socket) => void socket.on('data', (chunk) => socket.write(`${name}:${String(chunk)}`))),
    );
  far = await place('first');
  const open = (): Promise<Duplex> => {
    if (far === 0 && refusals-- > 0) return Promise.reject(new Error('no API server is ready'));
    const socket = connect(far, '127.0.0.1');
    return once(socket, 'connect').then(() => socket);
  };
  const port = await portOf(
    forwardServer({ open, clock: systemClock, tell: (text) => void told.push(text), signal: stop.signal }),
  );
  expect(await say(port, 'a')).toBe('first:a');

  far = 0;
  const waiting = say(port, 'b');
  far = await place('second');

  expect(await waiting).toBe('second:b');
  expect(told).toEqual([]);
});

it('its end is the end of every connection', async () => {
  const own = new AbortController();
  const far = await portOf(createServer((socket) => void socket.on('error', () => undefined)));
  const server = forwardServer({
    open: () => {
      const socket = connect(far, '127.0.0.1');
      return once(socket, 'connect').then(() => socket);
    },
    clock: systemClock,
    tell: () => undefined,
    signal: own.signal,
  });
  const socket = connect(await portOf(server), '127.0.0.1');
  await once(socket, 'connect');

  own.abort();

  await once(socket, 'close');
  expect(server.listening).toBe(false);
});
