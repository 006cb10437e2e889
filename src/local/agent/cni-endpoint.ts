import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { Log } from '../../runtime/log.ts';
import { MAX_REQUEST_BYTES, parseCniRequest, type CniRequest } from './cni-request.ts';
import { messageOf } from '../../lib/error-text.ts';

/** CNI's code for "try again later": the kubelet does. */
const TRY_AGAIN = 11;

/** Longest a connection may take: beyond the plug-in's own patience nobody listens. */
const CONNECTION_MS = 30_000;

/** What is done about sandboxes. Both throw to have the runtime try again. */
export interface SandboxHandler {
  /** Resolves when policies are in force for the sandbox's addresses. */
  added(request: CniRequest): Promise<void>;
  removed(request: CniRequest): Promise<void>;
}

/** Serves the plug-in until the signal aborts. Resolves when it listens; `closed` when it does no more. */
export async function serveCni(options: {
  readonly path: string;
  readonly handler: SandboxHandler;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<{ readonly closed: Promise<void> }> {
  const { path, handler, log, signal } = options;
  // A socket that an agent before us left behind; there is one agent a node.
  await rm(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => serveOne(socket, handler, log));
  const closed = new Promise<void>((resolve) => server.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  signal.addEventListener('abort', () => server.close(), { once: true });
  if (signal.aborted) server.close();
  return { closed };
}

function serveOne(socket: Socket, handler: SandboxHandler, log: Log): void {
  const chunks: Buffer[] = [];
  let size = 0;
  socket.setTimeout(CONNECTION_MS, () => socket.destroy());
  // The plug-in was killed: nothing to answer.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) socket.destroy();
    else chunks.push(chunk);
  });
  socket.on('end', () => {
    void answerTo(Buffer.concat(chunks).toString('utf8'), handler, log).then((answer) => socket.end(answer));
  });
}

/** `ok` and the result, or `error` and CNI's error object. Never throws. */
export async function answerTo(text: string, handler: SandboxHandler, log: Log): Promise<string> {
  try {
    const request = parseCniRequest(text);
    if (request.command === 'ADD') await handler.added(request);
    if (request.command === 'DEL') await handler.removed(request);
    return request.command === 'ADD' ? `ok${request.result}` : 'ok';
  } catch (error) {
    log.warn('a pod is held back because its network policies are not in force', { error });
    const msg = messageOf(error);
    return `error${JSON.stringify({ cniVersion: '0.4.0', code: TRY_AGAIN, msg })}`;
  }
}
