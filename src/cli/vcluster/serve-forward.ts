import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/error-text.ts';
import { onAbort } from '../../lib/on-abort.ts';

/** What one forwarded port works with. */
export interface ForwardOptions {
  /** A new connection to where the port leads; each that comes in gets its own. */
  readonly open: (signal: AbortSignal) => Promise<Duplex>;
  readonly clock: Clock;
  /** Told why a connection was given up. */
  readonly tell: (text: string) => void;
  /** Ends the server and every connection. */
  readonly signal: AbortSignal;
}

/** Milliseconds in which a connection that comes in while nothing answers is kept: an API server is back after a restart by then. */
const PATIENCE_MS = 20_000;
const AGAIN_AFTER_MS = 500;

/** A server whose connections lead elsewhere. What breaks there breaks its one connection; the next one is led to whatever answers then. */
export function forwardServer(options: ForwardOptions): Server {
  const server = createServer({ noDelay: true }, (socket) => void carry(socket, options));
  onAbort(options.signal, () => server.close());
  return server;
}

async function carry(socket: Socket, { open, clock, tell, signal }: ForwardOptions): Promise<void> {
  const gone = new AbortController();
  const forget = onAbort(signal, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    forget();
    gone.abort();
  });
  const deadline = clock.monotonic() + PATIENCE_MS;
  while (!gone.signal.aborted) {
    try {
      joinPair(socket, await open(gone.signal), tell);
      return;
    } catch (error) {
      if (gone.signal.aborted) return;
      if (clock.monotonic() >= deadline) {
        tell(messageOf(error));
        socket.destroy();
        return;
      }
      await clock.sleep(AGAIN_AFTER_MS, gone.signal).catch(() => undefined);
    }
  }
}

function joinPair(socket: Socket, far: Duplex, tell: (text: string) => void): void {
  if (socket.destroyed) {
    far.destroy();
    return;
  }
  far.on('error', (error) => {
    tell(messageOf(error));
    socket.destroy();
  });
  far.on('close', () => socket.destroySoon());
  socket.on('close', () => far.destroy());
  socket.pipe(far);
  far.pipe(socket);
}
