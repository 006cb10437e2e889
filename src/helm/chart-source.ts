import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/hash.ts';
import { ChartSourceError } from './chart-source-error.ts';
import {
  bothFailed,
  fromMirror,
  mirrorFor,
  pageFromMirror,
  passOver,
  type ChartMirror,
} from './chart-mirrors.ts';
import { findInRepository, type RepositoryEntry } from './chart-repository.ts';
import { getFromRegistry } from './chart-registry.ts';
import { checkSignature, MAX_SIGNATURE_BYTES, notSigned } from './chart-signature.ts';
import type { OciReference } from './chart-url.ts';
import { publicAddressCheck, type AddressCheck } from './private-address.ts';
import {
  checkProvenance,
  MAX_PROVENANCE_BYTES,
  noProvenance,
  type ProvenanceFile,
  type VerifyProvenance,
} from './provenance.ts';
import { isListedHost, proxyFor, type ProxySettings } from './proxy-rules.ts';
import { messageOf, codeOf } from '../lib/error-text.ts';

/** Bytes of an archive; Helm's own limit is the same, and kept in chunks it is 30 Secrets. */
export const MAX_CHART_BYTES = 20 * 1024 * 1024;
/** Redirects followed; release downloads of the big forges take two. */
const MAX_REDIRECTS = 5;
/** Until the first byte of a connection. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What the operator's owner decided about downloads. */
export interface ChartSourceSettings {
  readonly allowHttp: boolean;
  readonly allowPrivateHosts: boolean;
  /** The cluster's own ranges, refused even where they are public addresses. */
  readonly clusterCidrs?: readonly string[];
  /** PEM certificates to trust besides the usual ones. */
  readonly caBundle?: string | undefined;
  readonly proxy?: ProxySettings;
  /** Asked before the hosts that they stand for. */
  readonly mirrors?: readonly ChartMirror[];
}

/** Resolves a name to all its addresses, as `dns.promises.lookup(host, { all: true })` does. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** What a server may be shown. */
export type SourceCredentials =
  { readonly username: string; readonly password: string } | { readonly token: string };

export interface ChartDownload {
  /** Of the archive, of a Helm repository, or of a registry. */
  readonly url: URL;
  /** The chart in the registry at `url`. */
  readonly oci?: OciReference | undefined;
  /** The chart in the Helm repository at `url`. */
  readonly entry?: RepositoryEntry | undefined;
  /** PEM of the public key that must have signed the chart, as cosign does it. */
  readonly cosignKey?: string | undefined;
  /** Public keys of which one must have signed the archive, as `helm package --sign` does it. */
  readonly keyring?: Uint8Array | undefined;
  /** Expected SHA-256 (hex). */
  readonly digest?: string | undefined;
  readonly http?: 'forbidden' | 'allowed' | undefined;
  readonly caBundle?: string | undefined;
  readonly credentials?: SourceCredentials | undefined;
  /** Nobody knows who asks: mirrors are shown no credentials either. */
  readonly anonymous?: boolean | undefined;
  /** Milliseconds for the whole download, redirects included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

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

/** Gets the bytes of a chart, or throws ChartSourceError. */
export type FetchChart = (download: ChartDownload) => Promise<Uint8Array>;

/** What a downloader works with. */
export interface FetcherDeps {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly verify?: VerifyProvenance;
  /** What a mirror may be shown, out of the Secret of that name. */
  readonly mirrorCredentials?: (secretName: string) => Promise<SourceCredentials | undefined>;
}

/**
 * Makes the downloader. Every address is checked after it was resolved and the connection goes to the checked one, for
 * each redirect anew, so that neither a redirect nor DNS that changes leads anywhere else.
 */
export function createChartFetcher(settings: ChartSourceSettings, deps: FetcherDeps): FetchChart {
  return async (download) => {
    const mirror = mirrorFor(download.url, settings.mirrors);
    if (mirror === undefined) return fetchFrom(download, settings, deps);
    const since = deps.clock.monotonic();
    const ofMirror = await tryMirror(download, mirror, settings, deps);
    if (!(ofMirror instanceof ChartSourceError)) return ofMirror;
    const left = { ...download, timeoutMs: download.timeoutMs - (deps.clock.monotonic() - since) };
    try {
      return await fetchFrom(left, settings, deps);
    } catch (error) {
      throw error instanceof ChartSourceError ? bothFailed(error, ofMirror) : error;
    }
  };
}

/** Part of the time that a mirror gets, so that one that hangs leaves some to the host. */
const MIRROR_SHARE = 0.5;

/** The chart out of a mirror, or why the host has to be asked. */
async function tryMirror(
  download: ChartDownload,
  mirror: ChartMirror,
  settings: ChartSourceSettings,
  deps: FetcherDeps,
): Promise<Uint8Array | ChartSourceError> {
  const { secretName } = mirror;
  const named = secretName === undefined || download.anonymous === true ? undefined : secretName;
  const credentials = named === undefined ? undefined : await deps.mirrorCredentials?.(named);
  const wanted = fromMirror(download, mirror, credentials);
  try {
    const inTime = { ...wanted, timeoutMs: download.timeoutMs * MIRROR_SHARE };
    return await fetchFrom(inTime, settings, deps, { mirror, credentials });
  } catch (error) {
    return passOver(error, mirror);
  }
}

interface Through {
  readonly mirror: ChartMirror;
  readonly credentials: SourceCredentials | undefined;
}

async function fetchFrom(
  download: ChartDownload,
  settings: ChartSourceSettings,
  deps: FetcherDeps,
  through?: Through,
): Promise<Uint8Array> {
  const isPublic = publicAddressCheck(settings.clusterCidrs);
  const guard: AddressCheck = settings.allowPrivateHosts ? () => true : isPublic;
  const limit = new AbortController();
  const cancel = deps.clock.after(download.timeoutMs, () => limit.abort());
  const signals = [limit.signal, ...(download.signal === undefined ? [] : [download.signal])];
  try {
    const signal = AbortSignal.any(signals);
    const around = { settings, guard, resolve: deps.resolve, chosen: through?.mirror.url.host };
    const get: GetPage = (page) => {
      const moved = through === undefined ? page : pageFromMirror(page, through.mirror, through.credentials);
      return follow({ ...download, ...moved }, signal, around);
    };
    const { bytes, provenance } = await getChartBytes(download, get);
    checkDigest(bytes, download);
    await holdToProvenance(bytes, download.keyring, provenance, deps.verify);
    return bytes;
  } catch (error) {
    if (download.signal?.aborted) throw download.signal.reason;
    if (limit.signal.aborted) {
      throw new ChartSourceError(
        'SourceTimeout',
        `${download.url.host} did not deliver the chart within ${download.timeoutMs / 1000} s; it is tried again`,
        { cause: error },
      );
    }
    throw classify(error, download.url);
  } finally {
    cancel();
  }
}

/** What a source has: the archive, and the provenance file where a keyring asks for it. */
export interface GotChart {
  readonly bytes: Uint8Array;
  readonly provenance?: ProvenanceFile & { readonly name: string };
}

/** The archive, from wherever it is, checked for its signature by cosign. */
async function getChartBytes(download: ChartDownload, get: GetPage): Promise<GotChart> {
  const { oci, entry, url, credentials } = download;
  if (oci !== undefined) return getFromRegistry(download, oci, get);
  if (entry === undefined) return getSigned(download, { url, credentials }, fileName(url), get);
  const { request, digest } = await findInRepository(download, entry, get);
  // Not the name that the index gives: it could lead to an older version, signed as well.
  const got = await getSigned(download, request, `${entry.name}-${entry.version}.tgz`, get);
  if (digest !== undefined) checkDigest(got.bytes, { digest, url: request.url }, 'its index');
  return got;
}

/** The last part of the path, as Helm takes it. */
function fileName({ pathname }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** An archive and, where keys are given, what lies beside it: `cosign sign-blob` and `helm package --sign` write that. */
async function getSigned(
  { cosignKey, keyring }: ChartDownload,
  request: SourceRequest,
  name: string,
  get: GetPage,
): Promise<GotChart> {
  const bytes = await get(request);
  if (cosignKey !== undefined) {
    const signature = await getBeside(request, '.sig', {
      get,
      maxBytes: MAX_SIGNATURE_BYTES,
      missing: notSigned,
    });
    checkSignature(bytes, Buffer.from(signature).toString('latin1'), cosignKey);
  }
  if (keyring === undefined) return { bytes };
  const missing = ({ host, pathname }: URL): ChartSourceError => noProvenance(`${host}${pathname}`);
  const file = await getBeside(request, '.prov', { get, maxBytes: MAX_PROVENANCE_BYTES, missing });
  const from = `${request.url.host}${request.url.pathname}.prov`;
  return { bytes, provenance: { text: Buffer.from(file).toString('utf8'), from, name } };
}

/** The file whose address is that of the archive with an ending. */
async function getBeside(
  request: SourceRequest,
  ending: string,
  { get, maxBytes, missing }: { get: GetPage; maxBytes: number; missing: (where: URL) => ChartSourceError },
): Promise<Uint8Array> {
  const url = new URL(request.url);
  url.pathname += ending;
  return get({ ...request, url, maxBytes }).catch((error: unknown) => {
    throw error instanceof ChartSourceError && error.code === 'ChartNotFound' ? missing(url) : error;
  });
}

async function holdToProvenance(
  bytes: Uint8Array,
  keyring: Uint8Array | undefined,
  provenance: GotChart['provenance'],
  verify: VerifyProvenance | undefined,
): Promise<void> {
  if (keyring === undefined) return;
  // A fault of ours must not pass for a signed chart.
  if (provenance === undefined || verify === undefined)
    throw new Error('a keyring is given and nothing was verified');
  await checkProvenance(verify, bytes, { ...provenance, keyring });
}

/** What `follow` takes: a download, or one page of it. */
type Followed = ChartDownload & Pick<SourceRequest, 'accept' | 'maxBytes' | 'challenged'>;

interface Surroundings {
  readonly settings: ChartSourceSettings;
  readonly guard: AddressCheck;
  readonly resolve: Resolve;
  /** Host and port that the operator's owner chose: they may be on a private network. What it redirects to may not. */
  readonly chosen: string | undefined;
}

async function follow(download: Followed, signal: AbortSignal, given: Surroundings): Promise<Uint8Array> {
  let url = download.url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const around = url.host === given.chosen ? { ...given, guard: () => true } : given;
    checkUrl(url, download, around);
    const dispatcher = dispatcherFor(url, download, around);
    try {
      // Credentials are for the server they were given for, not for the one it sends us to.
      const headers = url.origin === download.url.origin ? authorization(download) : {};
      const response = await request(url, {
        dispatcher,
        signal,
        headers: { ...headers, accept: download.accept ?? '*/*' },
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
      if (response.statusCode === 401 && typeof challenge === 'string') download.challenged?.(challenge);
      checkStatus(response.statusCode, url);
      return await read(response, url, download.maxBytes ?? MAX_CHART_BYTES);
    } finally {
      await dispatcher.destroy();
    }
  }
  throw new ChartSourceError(
    'SourceUnavailable',
    `${download.url.host} redirects more than ${MAX_REDIRECTS} times`,
  );
}

function checkUrl(url: URL, download: ChartDownload, { settings, guard, chosen }: Surroundings): void {
  if (url.protocol === 'http:' && !(settings.allowHttp && download.http === 'allowed')) {
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
function dispatcherFor(url: URL, download: ChartDownload, around: Surroundings): Dispatcher {
  const { settings } = around;
  const extra = [settings.caBundle, download.caBundle].filter((pem) => pem !== undefined && pem !== '');
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

function authorization({ credentials }: ChartDownload): Record<string, string> {
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

function checkDigest(
  bytes: Uint8Array,
  { digest, url }: Pick<ChartDownload, 'digest' | 'url'>,
  says = 'chart.digest',
): void {
  if (digest === undefined) return;
  const found = sha256(bytes);
  if (found === digest) return;
  throw new ChartSourceError(
    'DigestMismatch',
    `${url.host} delivers an archive with digest ${found}, not ${digest}; correct ${says}, or find out who changed the archive`,
  );
}

/** OpenSSL's and Node's codes for a chain that does not hold. */
const CERTIFICATE_CODES =
  /^(?:ERR_TLS_CERT|CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|HOSTNAME_MISMATCH)/;

/** What undici and Node throw, in our words. */
function classify(error: unknown, url: URL): unknown {
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
