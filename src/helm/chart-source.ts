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
import {
  requestSource,
  sourceError,
  type GetPage,
  type RequestRules,
  type RequestSettings,
  type Resolve,
  type SourceCredentials,
  type SourceRequest,
} from './source-request.ts';

/** What the operator's owner decided about downloads. */
export interface ChartSourceSettings extends RequestSettings {
  /** The cluster's own ranges, refused even where they are public addresses. */
  readonly clusterCidrs?: readonly string[];
  /** Asked before the hosts that they stand for. */
  readonly mirrors?: readonly ChartMirror[];
}

export interface ChartDownload extends RequestRules {
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
  readonly credentials?: SourceCredentials | undefined;
  /** Nobody knows who asks: mirrors are shown no credentials either. */
  readonly anonymous?: boolean | undefined;
  /** Milliseconds for the whole download, redirects included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

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

/** Makes the downloader. */
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
    const chosen = through?.mirror.url.host;
    const around = { settings, rules: download, guard, resolve: deps.resolve, chosen };
    const get: GetPage = (page) => {
      const moved = through === undefined ? page : pageFromMirror(page, through.mirror, through.credentials);
      return requestSource(moved, signal, around);
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
    throw sourceError(error, download.url);
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
