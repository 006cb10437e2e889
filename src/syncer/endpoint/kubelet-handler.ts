import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { POD } from '../../kube/builtin-kinds.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { Mirror } from '../mirror.ts';
import { isAnothers } from '../row.ts';
import { scrub } from '../scrub.ts';
import { passedHeaders, type HostDoor } from './host-door.ts';
import { readKubeletUrl } from './kubelet-paths.ts';

/** Bytes of an error of the host that are passed on: they are a sentence. */
const MAX_ERROR_BYTES = 64 * 1024;

/** What answers for the nodes of one tenant. */
export interface KubeletDeps {
  readonly mirror: Mirror;
  readonly door: HostDoor;
}

/** Where a question of the tenant's API server goes on the host, or why it goes nowhere. */
type Way =
  { readonly path: string; readonly namespace: string } | { readonly status: number; readonly text: string };

/**
 * The pod is found by what the syncer knows of the tenant, never by what the URL says; and only containers of the tenant's
 * own pod are reached, not those that the host put beside them.
 */
function wayOf(url: string, { mirror }: KubeletDeps): Way {
  const asked = readKubeletUrl(url);
  if (asked === undefined) return { status: 404, text: 'not found' };
  const { tenant, host } = mirror.pair(POD, { namespace: asked.namespace, name: asked.pod });
  if (tenant === undefined || host === undefined || isAnothers(tenant, host))
    return { status: 404, text: `pod ${asked.namespace}/${asked.pod} does not run` };
  const { spec } = tenant;
  const names = [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ].map(({ name }) => name);
  if (asked.container !== undefined && !names.includes(asked.container))
    return { status: 404, text: `container ${asked.container} not found in pod ${asked.pod}` };
  const { namespace = '', name } = host.metadata;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/${asked.verb}?${asked.query}`;
  return { path, namespace: asked.namespace };
}

/** Answers a plain request: logs, and the question whether we are well. */
export async function answerKubelet(
  request: IncomingMessage,
  response: ServerResponse,
  deps: KubeletDeps,
): Promise<void> {
  const plain = (status: number, text: string): unknown =>
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
  if (request.url === '/healthz') return void plain(200, 'ok');
  if (request.method !== 'GET') return void plain(405, 'only GET is answered without an upgrade');
  const way = wayOf(request.url ?? '/', deps);
  if (!('path' in way)) return void plain(way.status, way.text);
  const upstream = await deps.door({ method: 'GET', path: way.path, headers: { accept: '*/*' } });
  upstream.on('response', (answer) => {
    const status = answer.statusCode ?? 502;
    if (status >= 400) {
      void readError(answer).then((text) => plain(status, scrub(text, deps.mirror, way.namespace)));
      return;
    }
    response.writeHead(status, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
    // The first line of a log that is followed may be long in coming; that it was found is known now.
    response.flushHeaders();
    answer.pipe(response);
  });
  upstream.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else plain(502, `the host does not answer: ${messageOf(error)}`);
  });
  response.on('close', () => upstream.destroy());
  upstream.end();
}

/** Takes over a connection: exec, attach and port-forward. No byte of it is looked at, whatever its protocol is. */
export async function bridgeKubelet(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  deps: KubeletDeps,
): Promise<void> {
  const plain = (status: number, text: string): unknown =>
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  socket.on('error', () => undefined);
  const way = wayOf(request.url ?? '/', deps);
  if (!('path' in way)) return void plain(way.status, way.text);
  const headers = passedHeaders(request);
  const upstream = await deps.door({ method: request.method ?? 'POST', path: way.path, headers });
  upstream.on('upgrade', (answer, other, first) => {
    const lines = [];
    for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2)
      lines.push(`${answer.rawHeaders[index]}: ${answer.rawHeaders[index + 1]}\r\n`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    if (first.length > 0) socket.write(first);
    if (head.length > 0) other.write(head);
    join(socket, other);
  });
  upstream.on('response', (answer) => {
    void readError(answer).then((text) =>
      plain(answer.statusCode ?? 502, scrub(text, deps.mirror, way.namespace)),
    );
  });
  upstream.on('error', (error) => plain(502, `the host does not answer: ${messageOf(error)}`));
  socket.on('close', () => upstream.destroy());
  upstream.end();
}

/** Two connections as one: what ends or breaks on one side does so on the other. */
export function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
  a.on('close', () => b.destroy());
  b.on('close', () => a.destroy());
}

/** The sentence of an error: the message of a Status, or the text as it came. */
async function readError(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Without an encoding chunks are buffers.
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_ERROR_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    return 'the host broke off';
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    const status: unknown = JSON.parse(text);
    const isStatus = typeof status === 'object' && status !== null && 'message' in status;
    return isStatus && typeof status.message === 'string' ? status.message : text;
  } catch {
    return text;
  }
}
