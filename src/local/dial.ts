import { once } from 'node:events';
import { createConnection, createServer, isIP, type Server, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { LocalError } from './local-error.ts';

// How a program outside reaches an address inside the node:
//
//   kubectl ──tcp──▶ 127.0.0.1:<port>    (socket of the machine's network, made by `cluster up`, inherited as descriptor 3)
//                         │ accepted by the forwarder, a process in the node's network
//                         ▼
//                    10.89.0.11:6443
//
//   browser ──tcp──▶ 127.0.0.1:<port>    (made by `cluster forward`, a process on the machine)
//                         ▼ unix socket run/dial.sock, first line "<address>:<port>\n"
//                    forwarder ──tcp──▶ any address of the cluster
//
// A unix socket is found by its file, whatever the network; so nothing of the machine's network changes.

/** The longest first line on the dial socket: an IPv6 address in brackets and a port are 47 characters. */
const MAX_TARGET_BYTES = 64;

/** An address and port inside the cluster. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Reads `10.96.0.7:80` or `[fd00::7]:80`. Throws LocalError for anything else: names have no meaning out here. */
export function parseTarget(text: string): Target {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  if (isIP(host) === 0 || Number(port) < 1 || Number(port) > 65_535)
    throw new LocalError(
      `"${text}" is not an address and a port`,
      'Write it as 10.96.0.7:80 or [fd00::7]:80.',
    );
  return { host, port: Number(port) };
}

/** The text that `parseTarget` reads. */
export function targetText({ host, port }: Target): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Serves inside the node's network: `listener` goes to `target`, `dialSocket` goes wherever the first line says. */
export async function serveForwarder(options: {
  /** Where to listen: the inherited descriptor, in earnest. */
  readonly listen: { readonly fd: number } | { readonly path: string };
  readonly target: Target;
  readonly dialSocket: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    join(socket, connectTo(options.target)),
  );
  const dialer = createServer({ allowHalfOpen: true }, (socket) => {
    readTarget(socket, (target) => join(socket, connectTo(target)));
  });
  listener.listen(options.listen);
  await rm(options.dialSocket, { force: true });
  dialer.listen(options.dialSocket);
  await untilAborted([listener, dialer], options.signal);
}

/** Listens on 127.0.0.1 of the machine and carries each connection to `target` in the cluster. Answers the port. */
export async function listenFor(
  target: Target,
  dialSocket: string,
  port: number,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    join(socket, dial(dialSocket, target)),
  );
  return { server, port: await listenLocally(server, port) };
}

/** A connection to an address inside the cluster, for programs on the machine. */
export function dial(dialSocket: string, target: Target): Socket {
  const socket = createConnection({ path: dialSocket, allowHalfOpen: true });
  socket.write(`${targetText(target)}\n`);
  return socket;
}

/** Takes a port of the machine's loopback; 0 takes any free one. Throws LocalError when it is in use. */
export async function listenLocally(server: Server, port: number): Promise<number> {
  server.listen({ port, host: '127.0.0.1' });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new LocalError(
      `port ${port} of 127.0.0.1 is in use`,
      'Choose another by --port, or leave it out to get a free one.',
      { cause: error },
    );
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** The descriptor of a listening server, for a child process to inherit. Node keeps it on the handle below the server. */
export function descriptorOf(server: Server): number {
  const handle: unknown = '_handle' in server ? server._handle : undefined;
  const fd: unknown = typeof handle === 'object' && handle !== null && 'fd' in handle ? handle.fd : undefined;
  if (typeof fd !== 'number' || fd < 0) throw new Error('the server has no descriptor: is it listening?');
  return fd;
}

function connectTo({ host, port }: Target): Socket {
  return createConnection({ host, port, allowHalfOpen: true, noDelay: true });
}

/**
 * Carries bytes both ways. A half that ends, ends the other's writing; a side that is closed, closes the other once that
 * has written all it was given; an error on one side ends both at once.
 */
function join(one: Socket, two: Socket): void {
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroySoon());
    from.pipe(to);
  }
}

function readTarget(socket: Socket, found: (target: Target) => void): void {
  let read = Buffer.alloc(0);
  const onError = (): void => void socket.destroy();
  const onData = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk]);
    const end = read.indexOf('\n');
    if (end < 0 && read.length < MAX_TARGET_BYTES) return;
    socket.pause().off('data', onData).off('error', onError);
    try {
      const target = parseTarget(read.subarray(0, end).toString('latin1'));
      socket.unshift(read.subarray(end + 1));
      found(target);
    } catch {
      socket.destroy();
    }
  };
  socket.on('data', onData).on('error', onError);
}

/** Waits for the end; then closes the servers and whatever is connected goes with the process. */
export async function untilAborted(servers: readonly Server[], signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  for (const server of servers) server.close();
}

/** Carries connections from an inherited listening socket to `target` by the dial socket, until the signal aborts. */
export async function carry(options: {
  /** Where to listen: the inherited descriptor, in earnest. */
  readonly listen: { readonly fd: number } | { readonly path: string };
  readonly target: Target;
  readonly dialSocket: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    join(socket, dial(options.dialSocket, options.target)),
  );
  server.listen(options.listen);
  await untilAborted([server], options.signal);
}
