import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { MAX_GREETING, readGreeting } from '../../planes/client-hello.ts';
import { SERVICE_PORT, serviceHost } from '../../planes/plane-names.ts';
import { isPlaneName, NAMESPACE_SUFFIX } from '../../api/control-plane-names.ts';

/** Who does not say soon whom he wants is not waited for. */
const GREETING_MS = 10_000;
/** Connections that one process carries: each is two sockets and some buffers. */
const MAX_CONNECTIONS = 4_096;

/** What the router needs. */
export interface RouterOptions {
  /** Planes are `<name>.<domain>`. */
  readonly domain: string;
  readonly clock: Clock;
  /** The way to a plane; its Service if not given. */
  readonly dial?: (plane: string) => Socket;
}

/** The plane that a host names; undefined for every other host. Pure. */
export function planeOf(host: string, domain: string): string | undefined {
  const suffix = `.${domain.toLowerCase()}`;
  if (!host.endsWith(suffix)) return undefined;
  const name = host.slice(0, -suffix.length);
  return isPlaneName(name) ? name : undefined;
}

/**
 * A server that leads each connection to the plane that its TLS greeting names. TLS is not ended here: the router holds no key and sees
 * nothing of what is said. It reaches Services `<name>.<name>-system` and nothing else, whatever the greeting says.
 */
export function createRouter({ domain, clock, dial = dialService }: RouterOptions): Server {
  const server = createServer({ noDelay: true, keepAlive: true }, (client) => {
    let head = Buffer.alloc(0);
    const forget = clock.after(GREETING_MS, () => client.destroy());
    client.on('error', () => client.destroy());
    client.on('close', forget);
    const listen = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const greeting = readGreeting(head);
      if (greeting.is === 'more' && head.length < MAX_GREETING) return;
      client.off('data', listen);
      forget();
      const plane = greeting.is === 'named' ? planeOf(greeting.host, domain) : undefined;
      if (plane === undefined) client.destroy();
      else join(client, dial(plane), head);
    };
    client.on('data', listen);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** Both ways, until one of them ends. */
function join(client: Socket, plane: Socket, head: Buffer): void {
  client.pause();
  plane.on('error', () => client.destroy());
  plane.on('close', () => client.destroy());
  client.on('close', () => plane.destroy());
  plane.once('connect', () => {
    plane.write(head);
    client.pipe(plane);
    plane.pipe(client);
  });
}

function dialService(name: string): Socket {
  const host = serviceHost({ name, namespace: `${name}${NAMESPACE_SUFFIX}` });
  return connect({ host, port: SERVICE_PORT, noDelay: true, keepAlive: true });
}
