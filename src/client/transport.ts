import { Pool, ProxyAgent, type Dispatcher } from 'undici';
import { KubeError, isKubeError } from '../kube/kube-error.ts';
import type { ClusterAccess, Credential, Impersonation } from './access.ts';
import type { ApiAnswer, ApiRequest } from './api-request.ts';
import { codeOf } from '../lib/error-text.ts';

/** Calls at the same time; more wait. The server's own fairness does the rest: there is no rate limit on our side. */
const CALL_CONNECTIONS = 32;
/** Below the 90 s after which the API server closes idle connections, so that we seldom write into a closing one. */
const KEEP_ALIVE_MS = 55_000;

/** A watch that was opened: its head, and the body as it comes. Iterating to the end or breaking out closes it. */
export interface OpenStream {
  readonly answer: ApiAnswer;
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

/** When a sending ends before its answer: aborted by the caller, or out of time. */
export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests over pooled connections; knows HTTP, TLS and credentials, nothing of retries. */
export interface Transport {
  send(
    request: ApiRequest,
    impersonation: Impersonation | undefined,
    options: SendOptions,
  ): Promise<ApiAnswer>;
  open(
    request: ApiRequest,
    impersonation: Impersonation | undefined,
    options: SendOptions,
  ): Promise<OpenStream>;
  /** The server refused our credential: true if another one can be had, so that asking again makes sense. */
  credentialRefused(): boolean;
  close(): Promise<void>;
}

interface Pools {
  readonly certificate: Credential['certificate'];
  readonly calls: Dispatcher;
  /** Apart from the calls: hundreds of watches must not take the calls' connections. */
  readonly watches: Dispatcher;
}

export function createTransport(access: ClusterAccess, options: { readonly userAgent: string }): Transport {
  const url = new URL(access.server);
  const prefix = url.pathname.replace(/\/+$/, '');
  let pools: Pools | undefined;
  let closed = false;

  /** Connections carry the client certificate, so a new certificate means new pools; the old ones finish their work. */
  const poolsFor = (credential: Credential): Pools => {
    const before = pools;
    if (before !== undefined && before.certificate?.cert === credential.certificate?.cert) return before;
    pools = {
      certificate: credential.certificate,
      calls: createPool(access, url.origin, credential, CALL_CONNECTIONS),
      watches: createPool(access, url.origin, credential, null),
    };
    if (before !== undefined) void Promise.allSettled([before.calls.close(), before.watches.close()]);
    return pools;
  };

  const dispatch = async (
    request: ApiRequest,
    impersonation: Impersonation | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Dispatcher.ResponseData> => {
    if (closed) throw new KubeError('Cancelled', `${request.what}: the client was closed`);
    try {
      const credential = await access.credentials.current();
      const { calls, watches } = poolsFor(credential);
      return await (request.watch === true ? watches : calls).request({
        origin: url.origin,
        method: request.method,
        path: prefix + request.path,
        headers: {
          'user-agent': options.userAgent,
          ...request.headers,
          ...identity(credential, impersonation),
        },
        body: request.body ?? null,
        signal: signal ?? null,
        // Our own timers, on our own clock, decide when enough is enough.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
    } catch (error) {
      throw toKubeError(request.what, error, signal);
    }
  };

  return {
    async send(request, impersonation, { signal }) {
      const response = await dispatch(request, impersonation, signal);
      try {
        const text = await readText(response.body, request.maxBytes, request.what);
        return { status: response.statusCode, headers: response.headers, text };
      } catch (error) {
        throw toKubeError(request.what, error, signal);
      }
    },
    async open(request, impersonation, { signal }) {
      const response = await dispatch(request, impersonation, signal);
      const { body } = response;
      try {
        const text = response.statusCode < 400 ? '' : await readText(body, request.maxBytes, request.what);
        return {
          answer: { status: response.statusCode, headers: response.headers, text },
          chunks: body,
          // What is still to come is of no interest, nor is that it was cut off.
          close: () => void body.on('error', () => undefined).destroy(),
        };
      } catch (error) {
        throw toKubeError(request.what, error, signal);
      }
    },
    credentialRefused: () => access.credentials.refused(),
    async close() {
      closed = true;
      if (pools !== undefined) await Promise.allSettled([pools.calls.destroy(), pools.watches.destroy()]);
    },
  };
}

function createPool(
  access: ClusterAccess,
  origin: string,
  credential: Credential,
  connections: number | null,
): Dispatcher {
  const tls = {
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
    ...credential.certificate,
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
  };
  const shape = { connections, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS };
  if (access.proxyUrl === undefined) return new Pool(origin, { ...shape, connect: tls });
  return new ProxyAgent({
    ...shape,
    connections: connections ?? Infinity,
    uri: access.proxyUrl,
    requestTls: tls,
  });
}

/** The headers that say who asks. */
export function identity(
  credential: Credential,
  impersonation: Impersonation | undefined,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (credential.token !== undefined) headers['authorization'] = `Bearer ${credential.token}`;
  if (impersonation === undefined) return headers;
  headers['impersonate-user'] = impersonation.user;
  if (impersonation.groups !== undefined && impersonation.groups.length > 0) {
    headers['impersonate-group'] = [...impersonation.groups];
  }
  if (impersonation.uid !== undefined) headers['impersonate-uid'] = impersonation.uid;
  for (const [key, values] of Object.entries(impersonation.extra ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = [...values];
  }
  return headers;
}

async function readText(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
  what: string,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    // true: no encoding is set on it
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw new KubeError('TooLarge', `${what}: the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

/** What went wrong below HTTP, as our one error. An aborted call fails with what its signal was aborted for. */
export function toKubeError(what: string, error: unknown, signal: AbortSignal | undefined): KubeError {
  if (isKubeError(error)) return error;
  if (signal?.aborted) {
    const reason: unknown = signal.reason;
    return isKubeError(reason) ? reason : new KubeError('Cancelled', `${what}: cancelled`, { cause: reason });
  }
  const text = error instanceof Error ? error.message || String(codeOf(error)) : String(error);
  return new KubeError('Network', `${what}: ${text}`, { cause: error });
}

/** True if the connection broke under a request that may or may not have arrived. */
export function isReset(error: unknown): boolean {
  return (
    isKubeError(error, 'Network') &&
    ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'].includes(
      codeOf(error.cause) ?? '',
    )
  );
}
