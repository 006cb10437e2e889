import { isMap } from '../lib/narrow.ts';
import { sha256 } from '../lib/hash.ts';
import { badSignature, checkSignature, notSigned } from './chart-signature.ts';
import { ChartSourceError } from './chart-source-error.ts';
import type { ChartDownload, GotChart } from './chart-source.ts';
import type { GetPage, SourceCredentials } from './source-request.ts';
import { MAX_PROVENANCE_BYTES, noProvenance } from './provenance.ts';
import type { OciReference } from './chart-url.ts';

/** Bytes of a manifest, as registries limit them. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Bytes of a token's answer, and of what a signature is over. */
const MAX_SMALL_BYTES = 64 * 1024;
/** Signatures of one chart that are looked at; whoever may write there could else have a thousand verified. */
const MAX_SIGNATURES = 20;

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const PROVENANCE_LAYER = 'application/vnd.cncf.helm.chart.provenance.v1.prov';
const SIGNED_LAYER = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';

interface Layer {
  readonly mediaType: string;
  /** Hex of a SHA-256. */
  readonly digest: string;
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** Asks one repository of a registry: paths below `/v2/<repository>/`. */
type Ask = (
  path: string,
  more: { readonly accept?: string; readonly maxBytes?: number },
) => Promise<Uint8Array>;

/** The archive of a chart that was pushed as `helm push` does it. Whatever comes is held to its digest. */
export async function getFromRegistry(
  download: ChartDownload,
  reference: OciReference,
  get: GetPage,
): Promise<GotChart> {
  const ask = asker(download, reference, get);
  const by = reference.digest === undefined ? (reference.tag ?? '') : `sha256:${reference.digest}`;
  const manifest = await ask(`manifests/${by}`, { accept: MANIFEST, maxBytes: MAX_MANIFEST_BYTES });
  const digest = sha256(manifest);
  if (reference.digest !== undefined) hold(manifest, reference.digest, 'its manifest', reference);
  const layers = layersOf(manifest, reference);
  const [chart, ...more] = layers.filter(({ mediaType }) => mediaType === CHART_LAYER);
  if (chart === undefined || more.length > 0)
    throw new ChartSourceError(
      'ChartInvalid',
      `${reference.host}/${reference.repository} holds no Helm chart but something else; push it with helm push`,
    );
  if (download.cosignKey !== undefined) await checkCosign(ask, { ...reference, digest }, download.cosignKey);
  const bytes = await ask(`blobs/sha256:${chart.digest}`, {});
  hold(bytes, chart.digest, 'the chart', reference);
  if (download.keyring === undefined) return { bytes };
  const from = `${reference.host}/${reference.repository}@sha256:${digest}`;
  const signed = layers.find(({ mediaType }) => mediaType === PROVENANCE_LAYER);
  if (signed === undefined) throw noProvenance(from);
  const file = await ask(`blobs/sha256:${signed.digest}`, { maxBytes: MAX_PROVENANCE_BYTES });
  hold(file, signed.digest, 'the provenance file', reference);
  const name = fileName(reference, parseJson(manifest, reference.host));
  return { bytes, provenance: { text: Buffer.from(file).toString('utf8'), from, name } };
}

/**
 * The name that `helm package` gave the archive. By the tag that was asked for, which writes `+` as `_`; the registry only says it where a
 * digest was asked for, and that pins the chart already.
 */
function fileName({ repository, tag }: OciReference, manifest: unknown): string {
  const name = repository.slice(repository.lastIndexOf('/') + 1);
  if (tag !== undefined) return `${name}-${tag.replaceAll('_', '+')}.tgz`;
  const annotations = isMap(manifest) ? manifest['annotations'] : undefined;
  const version = isMap(annotations) ? annotations['org.opencontainers.image.version'] : undefined;
  return `${name}-${typeof version === 'string' ? version : ''}.tgz`;
}

function layersOf(bytes: Uint8Array, { host }: OciReference): readonly Layer[] {
  const manifest = parseJson(bytes, host);
  const layers = isMap(manifest) && Array.isArray(manifest['layers']) ? manifest['layers'].filter(isMap) : [];
  return layers.map(({ mediaType, digest, annotations }) => {
    const hex = typeof digest === 'string' ? /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1] : undefined;
    if (hex === undefined)
      throw new ChartSourceError('ChartInvalid', `${host} sends a manifest whose layers have no SHA-256`);
    return { mediaType: String(mediaType), digest: hex, annotations: isMap(annotations) ? annotations : {} };
  });
}

/** The bytes must be what their name says: a registry is not believed. */
function hold(bytes: Uint8Array, digest: string, what: string, { host }: OciReference): void {
  const found = sha256(bytes);
  if (found === digest) return;
  throw new ChartSourceError(
    'DigestMismatch',
    `${host} delivers ${what} with digest ${found}, not ${digest}; find out who changed it`,
  );
}

/** A signature of the key over this manifest, as `cosign sign --key` leaves it beside the chart. */
async function checkCosign(
  ask: Ask,
  reference: OciReference & { digest: string },
  key: string,
): Promise<void> {
  const { host, repository, digest } = reference;
  const tag = `sha256-${digest}.sig`;
  const manifest = await ask(`manifests/${tag}`, { accept: MANIFEST, maxBytes: MAX_MANIFEST_BYTES }).catch(
    (error: unknown) => {
      const isMissing = error instanceof ChartSourceError && error.code === 'ChartNotFound';
      throw isMissing ? notSigned(new URL(`https://${host}/${repository}:${tag}`)) : error;
    },
  );
  const signed = layersOf(manifest, reference).filter(({ mediaType }) => mediaType === SIGNED_LAYER);
  const failures: unknown[] = [];
  for (const layer of signed.slice(0, MAX_SIGNATURES)) {
    try {
      const payload = await ask(`blobs/sha256:${layer.digest}`, { maxBytes: MAX_SMALL_BYTES });
      const signature = layer.annotations[SIGNATURE];
      checkSignature(payload, typeof signature === 'string' ? signature : '', key);
      if (signedDigest(parseJson(payload, host)) === `sha256:${digest}`) return;
      failures.push(badSignature('the signature is over another chart'));
    } catch (error) {
      if (!(error instanceof ChartSourceError) || error.isTransient) throw error;
      failures.push(error);
    }
  }
  throw failures[0] ?? badSignature(`${host} has no signature where one should be`);
}

/** `critical.image.docker-manifest-digest` of what cosign signs. */
function signedDigest(payload: unknown): unknown {
  const critical = isMap(payload) ? payload['critical'] : undefined;
  const image = isMap(critical) ? critical['image'] : undefined;
  return isMap(image) ? image['docker-manifest-digest'] : undefined;
}

/**
 * Asks without credentials first, as public registries want it, and once more with what the registry's challenge asks for: a token of its
 * token server, or user and password themselves.
 */
function asker(download: ChartDownload, { repository }: OciReference, get: GetPage): Ask {
  const { url } = download;
  const known: { credentials: SourceCredentials | undefined } = {
    // A token that was given is shown at once: it is made for this.
    credentials:
      download.credentials !== undefined && 'token' in download.credentials
        ? download.credentials
        : undefined,
  };
  return async (path, more) => {
    const page = { ...more, url: new URL(`/v2/${repository}/${path}`, url) };
    const challenge: { header?: string } = {};
    try {
      return await get({
        ...page,
        credentials: known.credentials,
        challenged: (header) => (challenge.header = header),
      });
    } catch (error) {
      if (challenge.header === undefined || known.credentials !== undefined) throw error;
      const answer = await answerTo(challenge.header, download, repository, get);
      if (answer === undefined) throw error;
      known.credentials = answer;
    }
    return get({ ...page, credentials: known.credentials });
  };
}

async function answerTo(
  header: string,
  { url, credentials }: ChartDownload,
  repository: string,
  get: GetPage,
): Promise<SourceCredentials | undefined> {
  if (/^basic\b/i.test(header)) return credentials;
  const realm = /^bearer\b.*\brealm="([^"]{1,1000})"/i.exec(header)?.[1];
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const server = new URL(realm);
  const service = /\bservice="([^"]{0,300})"/i.exec(header)?.[1];
  if (service !== undefined) server.searchParams.set('service', service);
  // Not what the header says: nothing but reading this chart is asked for.
  server.searchParams.set('scope', `repository:${repository}:pull`);
  const shown = mayShow(url, server) ? credentials : undefined;
  const bytes = await get({ url: server, credentials: shown, maxBytes: MAX_SMALL_BYTES });
  const answer = parseJson(bytes, server.host);
  const token = isMap(answer) ? (answer['token'] ?? answer['access_token']) : undefined;
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? { token } : undefined;
}

/** User and password are for the registry: its token server gets them where it is one of the same domain and as well encrypted. */
function mayShow(registry: URL, server: URL): boolean {
  if (server.protocol !== registry.protocol) return false;
  const domain = (host: string): string => host.split('.').slice(-2).join('.');
  if (server.hostname === registry.hostname) return true;
  const isName = (host: string): boolean => /[a-z]$/i.test(host);
  return isName(server.hostname) && domain(server.hostname) === domain(registry.hostname);
}

function parseJson(bytes: Uint8Array, host: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new ChartSourceError(
      'ChartInvalid',
      `${host} does not answer as a registry does (no JSON); correct the chart URL`,
      { cause: error },
    );
  }
}
