import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ClusterAccess } from '../../client/access.ts';
import { identity } from '../../client/transport.ts';

/** A request to the host's API server whose answer is streamed, or whose connection is taken over. */
export interface HostRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

/** Opens requests to the host's API server under our own identity. */
export type HostDoor = (asked: HostRequest) => Promise<ReturnType<typeof request>>;

/** The door to one API server. The request is not sent before its `end`. */
export function hostDoor(access: ClusterAccess): HostDoor {
  const url = new URL(access.server);
  const isTls = url.protocol === 'https:';
  return async ({ method, path, headers }) => {
    const { token, certificate } = await access.credentials.current();
    const options = {
      hostname: url.hostname,
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      method,
      path: `${url.pathname.replace(/\/+$/, '')}${path}`,
      headers: { ...headers, ...identity({ token }, access.impersonate) },
      // Streams live as long as somebody reads them; a pooled connection would be lost for others.
      agent: false as const,
    };
    if (!isTls) return request(options);
    return requestTls({
      ...options,
      ...certificate,
      ...(access.ca === undefined ? {} : { ca: access.ca }),
      ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
      rejectUnauthorized: access.insecureSkipTlsVerify !== true,
    });
  };
}

/** Headers that concern the one connection, or say who asks: these are ours to write. */
const OWN_HEADERS: ReadonlySet<string> = new Set(
  'host authorization accept-encoding x-forwarded-for x-forwarded-host x-forwarded-proto forwarded via content-length cookie'.split(
    ' ',
  ),
);

/** The headers of a request that are passed on. Whatever would make us speak for somebody is not. */
export function passedHeaders({ rawHeaders }: IncomingMessage): OutgoingHttpHeaders {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (OWN_HEADERS.has(name) || name.startsWith('impersonate-') || name.startsWith('x-remote-')) continue;
    (headers[name] ??= []).push(rawHeaders[index + 1] ?? '');
  }
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}
