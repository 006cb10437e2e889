import { request, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { KubeError } from '../kube/kube-error.ts';
import type { ClusterAccess } from './access.ts';
import { errorFromAnswer } from './api-status.ts';
import { identity, toKubeError } from './transport.ts';

/** A request after which the connection speaks another protocol. */
export interface UpgradeRequest {
  /** Path and query, encoded, without the prefix of the server's URL. */
  readonly path: string;
  /** What is asked, for messages. */
  readonly what: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of a refusal that are read: it is a sentence. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * A connection to an API server that has agreed to speak another protocol, over the proxy that the kubeconfig names if it names one.
 * Throws KubeError: what the server answered instead, or why it could not be asked.
 */
export async function openUpgrade(access: ClusterAccess, asked: UpgradeRequest): Promise<Duplex> {
  const url = new URL(access.server);
  const credential = await access.credentials.current();
  const tls = {
    ...credential.certificate,
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
  };
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const options: RequestOptions = {
    host,
    port,
    path: `${url.pathname.replace(/\/+$/, '')}${asked.path}`,
    headers: { ...asked.headers, ...identity(credential, access.impersonate), connection: 'Upgrade' },
    agent: false,
    signal: asked.signal,
  };
  try {
    if (access.proxyUrl === undefined)
      return await upgraded(isTls ? requestTls({ ...options, ...tls }) : request(options), asked);
    const tunnel = await throughProxy(access.proxyUrl, `${url.hostname}:${port}`, asked.signal);
    const servername = access.tlsServerName ?? host;
    const socket = isTls ? connectTls({ ...tls, socket: tunnel, servername }) : tunnel;
    return await upgraded(request({ ...options, createConnection: () => socket }), asked);
  } catch (error) {
    throw toKubeError(asked.what, error, asked.signal);
  }
}

function upgraded(sent: ClientRequest, { what }: UpgradeRequest): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    sent.on('upgrade', (_answer, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    sent.on('response', (answer) => void refusal(answer, what).then(reject, reject));
    sent.on('error', reject);
    sent.end();
  });
}

/** A connection to `target` through an HTTP proxy. */
function throughProxy(proxyUrl: string, target: string, signal: AbortSignal | undefined): Promise<Duplex> {
  const proxy = new URL(proxyUrl);
  const isTls = proxy.protocol === 'https:';
  const user = decodeURIComponent(`${proxy.username}:${proxy.password}`);
  const options: RequestOptions = {
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port === '' ? (isTls ? 443 : 80) : Number(proxy.port),
    path: target,
    headers: {
      host: target,
      ...(user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
    },
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const sent = isTls ? requestTls(options) : request(options);
    sent.on('connect', (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new KubeError('Network', `the proxy ${proxy.host} answered ${answer.statusCode} for ${target}`));
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function refusal(answer: IncomingMessage, what: string): Promise<KubeError> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Without an encoding chunks are buffers.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return errorFromAnswer(what, { status: answer.statusCode ?? 502, headers: answer.headers, text });
}
