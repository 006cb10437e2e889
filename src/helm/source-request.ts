import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { messageOf, codeOf } from '../lib/error-text.ts';
import { ChartSourceError } from './chart-source-error.ts';
import type { AddressCheck } from './private-address.ts';
import { isListedHost, proxyFor, type ProxySettings } from './proxy-rules.ts';

/** Bytes of an archive; Helm's own limit is the same, and kept in chunks it is 30 Secrets. */
export const MAX_CHART_BYTES = 20 * 1024 * 1024;
/** Redirects followed; release downloads of the big forges take two. */
const MAX_REDIRECTS = 5;
/** Until the first byte of a connection. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Resolves a name to all its addresses, as `dns.promises.lookup(host, { all: true })` does. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** What a server may be shown. */
export type SourceCredentials =
  { readonly username: string; readonly password: string } | { readonly token: string };

/** One page of a source, got under all the rules of a download. */
export interface SourceRequest {
  readonly url: URL;
  readonly credentials: SourceCredentials | undefined;
  /** Media types, as the header `accept` has them. */
  readonly accept?: string;
  /** Bytes at most; an archive's limit if not given. */
  readonly maxBytes?: number;
  /** What a server says that wants credentials (header `www-authenticate`), before ChartForbidden is thrown. */
  readonly challenged?: (header: string) => void;
}

/** Gets a page, or throws ChartSourceError. */
export type GetPage = (request: SourceRequest) => Promise<Uint8Array>;

/** What the operator's owner decided about connections. */
export interface RequestSettings {
  readonly allowHttp: boolean;
  readonly allowPrivateHosts: boolean;
  /** PEM certificates to trust besides the usual ones. */
  readonly caBundle?: string | undefined;
  readonly proxy?: ProxySettings;
}

/** What the provider of the chart decided about them. */
export interface RequestRules {
  readonly http?: 'forbidden' | 'allowed' | undefined;
  /** PEM certificates to trust besides the usual ones. */
  readonly caBundle?: string | undefined;
}

/** What a request is made in. */
export interface Surroundings {
  readonly settings: RequestSettings;
  readonly rules: RequestRules;
  readonly guard: AddressCheck;
  readonly resolve: Resolve;
  /** Host and port that the operator's owner chose: they may be on a private network. What it redirects to may not. */
  readonly chosen: string | undefined;
}

/**
 * Makes one request and follows where it is sent. Every address is checked after it was resolved and the connection goes to the
 * checked one, for each redirect anew, so that neither a redirect nor DNS that changes leads anywhere else. Throws ChartSourceError,
 * and what `sourceError` makes one of.
 */
export async function requestSource(
  page: SourceRequest,
  signal: AbortSignal,
  given: Surroundings,
): Promise<Uint8Array> {
  let { url } = page;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const around = url.host === given.chosen ? { ...given, guard: () => true } : given;
    checkUrl(url, around);
    const dispatcher = dispatcherFor(url, around);
    try {
      // Credentials are for the server they were given for, not for the one it sends us to.
      const headers = url.origin === page.url.origin ? authorization(page) : {};
      const response = await request(url, {
        dispatcher,
        signal,
        headers: { ...headers, accept: page.accept ?? '*/*' },
      });
      const { location } = response.headers;
      if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
        await response.body.dump();
        if (!URL.canParse(location, url.href))
          throw new ChartSourceError('SourceUnavailable', `${url.host} redirects to nowhere`);
        url = new URL(location, url);
        continue;
      }
      const challenge = response.headers['www-authenticate'];
      if (response.statusCode === 401 && typeof challenge === 'string') page.challenged?.(challenge);
      checkStatus(response.statusCode, url);
      return await read(response, url, page.maxBytes ?? MAX_CHART_BYTES);
    } finally {
      await dispatcher.destroy();
    }
  }
  throw new ChartSourceError(
    'SourceUnavailable',
    `${page.url.host} redirects more than ${MAX_REDIRECTS} times`,
  );
}

function checkUrl(url: URL, { settings, rules, guard, chosen }: Surroundings): void {
  if (url.protocol === 'http:' && !(settings.allowHttp && rules.http === 'allowed')) {
    throw new ChartSourceError(
      'UrlNotAllowed',
      "http:// is not encrypted and not allowed; use https://, or set spec.newResource.chart.http: allowed here and charts.allowHttp: true in the values of the operator's chart",
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ChartSourceError(
      'UrlNotAllowed',
      `${url.host} redirects to ${url.protocol}//, which is not followed`,
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !guard(host)) throw hostNotAllowed(host);
  const proxy = settings.proxy ?? {};
  if (proxyFor(url, proxy) === undefined || settings.allowPrivateHosts || url.host === chosen) return;
  if (!isListedHost(url.hostname, proxy.allowedHosts ?? [])) {
    throw new ChartSourceError(
      'HostNotAllowed',
      `${url.hostname} would be asked through a proxy and is not among the hosts the operator may ask there; add it to proxy.chartHosts in the values of the operator's chart, or upload the chart`,
    );
  }
}

function hostNotAllowed(host: string): ChartSourceError {
  return new ChartSourceError(
    'HostNotAllowed',
    `${host} is, or resolves to, an address of this machine, this network or this cluster; upload the chart (tenantry chart upload), or set charts.allowPrivateHosts: true in the values of the operator's chart`,
  );
}

/** One connection for one request: nothing is shared between providers. */
function dispatcherFor(url: URL, around: Surroundings): Dispatcher {
  const { settings, rules } = around;
  const extra = [settings.caBundle, rules.caBundle].filter((pem) => pem !== undefined && pem !== '');
  const ca = extra.length === 0 ? {} : { ca: [...rootCertificates, ...extra.map(String)] };
  const proxy = proxyFor(url, settings.proxy ?? {});
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: ca });
  const lookup = checkedLookup(around);
  return new Agent({ connect: { lookup, timeout: CONNECT_TIMEOUT_MS, ...ca } });
}

/** Resolves, checks every address, and hands on only what was checked. */
function checkedLookup({ resolve, guard }: Surroundings): LookupFunction {
  return (host, options, done) => {
    resolve(host).then(
      (addresses) => {
        const refused = addresses.find(({ address }) => !guard(address));
        const [first] = addresses;
        if (refused !== undefined) done(hostNotAllowed(host), '', 0);
        else if (first === undefined)
          done(Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' }), '', 0);
        else if (options.all === true) done(null, [...addresses]);
        else done(null, first.address, first.family);
      },
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
}

function authorization({ credentials }: SourceRequest): Record<string, string> {
  if (credentials === undefined) return {};
  if ('token' in credentials) return { authorization: `Bearer ${credentials.token}` };
  const pair = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function checkStatus(status: number, url: URL): void {
  if (status === 200) return;
  if (status === 404 || status === 410) {
    throw new ChartSourceError(
      'ChartNotFound',
      `${url.host} has no ${url.pathname} (HTTP ${status}); correct the chart URL`,
    );
  }
  if (status === 401 || status === 403) {
    throw new ChartSourceError(
      'ChartForbidden',
      `${url.host} refuses ${url.pathname} (HTTP ${status}); name a Secret with username and password, or token, in chart.secretRef`,
    );
  }
  throw new ChartSourceError('SourceUnavailable', `${url.host} answers HTTP ${status}; it is tried again`);
}

async function read(response: Dispatcher.ResponseData, url: URL, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(url, maxBytes);
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of response.body as AsyncIterable<Uint8Array>) {
      size += part.byteLength;
      if (size > maxBytes) throw tooLarge(url, maxBytes);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof ChartSourceError || codeOf(error) === 'ABORT_ERR') throw error;
    throw new ChartSourceError(
      'ChartTruncated',
      `${url.host} broke off after ${size} bytes of ${url.pathname}; it is tried again`,
      { cause: error },
    );
  }
  return Buffer.concat(parts);
}

function tooLarge(url: URL, maxBytes: number): ChartSourceError {
  const remedy =
    maxBytes === MAX_CHART_BYTES
      ? 'leave what is no template out of the chart (.helmignore)'
      : 'it is no page of the kind that was asked for';
  return new ChartSourceError(
    'ChartTooLarge',
    `${url.pathname} is larger than ${maxBytes / 1024} KiB; ${remedy}`,
  );
}

/** OpenSSL's and Node's codes for a chain that does not hold. */
const CERTIFICATE_CODES =
  /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|HOSTNAME_MISMATCH)/;

/** What undici and Node throw, in our words; anything else as it is. */
export function sourceError(error: unknown, url: URL): unknown {
  if (error instanceof ChartSourceError) return error;
  if (error instanceof Error && error.cause instanceof ChartSourceError) return error.cause;
  const code = codeOf(error);
  const reason = messageOf(error);
  if (CERTIFICATE_CODES.test(code ?? '')) {
    const message = `the certificate of ${url.host} is not trusted (${reason}); give the certificates to trust in chart.caBundle or the key ca.crt of chart.secretRef`;
    return new ChartSourceError('BadCertificate', message, { cause: error });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_NONAME') {
    return new ChartSourceError('ChartNotFound', `there is no host ${url.hostname}; correct the chart URL`, {
      cause: error,
    });
  }
  return new ChartSourceError(
    'SourceUnavailable',
    `${url.host} can not be reached (${code === '' ? reason : code}); it is tried again`,
    { cause: error },
  );
}
