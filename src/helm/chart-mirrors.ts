import { z } from 'zod';
import { ChartSourceError, type ChartSourceCode } from './chart-source-error.ts';
import type { ChartDownload } from './chart-source.ts';
import type { SourceCredentials, SourceRequest } from './source-request.ts';

/** Another server that has what a host of chart sources has, and is asked first. */
export interface ChartMirror {
  /** Host and port as chart URLs name it; without the port where that is the usual one. */
  readonly host: string;
  /** Server and, as far as it has one, the path under which it has the host's things. */
  readonly url: URL;
  /** Secret in the operator's namespace with what the mirror asks for: nothing else is ever shown to it. */
  readonly secretName: string | undefined;
}

const schema = z.array(
  z.strictObject({ host: z.string(), mirror: z.string(), secretName: z.string().optional() }),
);
const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Reads the chart's value `charts.mirrors` (JSON). Answers the mirrors, or a text that says what is wrong. */
export function readMirrors(text: string): readonly ChartMirror[] | string {
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) return 'is no list of host, mirror and secretName';
  const mirrors: ChartMirror[] = [];
  for (const { host, mirror, secretName } of parsed.data) {
    const address = mirror.includes('://') ? mirror : `https://${mirror}`;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!HOST.test(host))
      return `has ${JSON.stringify(host)}, which is no host (example.com, example.com:5000)`;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
      return `has ${JSON.stringify(mirror)}, which is no address of a mirror (mirror.example.com:5000/path)`;
    if (url.username !== '' || url.password !== '')
      return `has a password in the address of the mirror of ${host}; put it into a Secret and name it in secretName`;
    const { host: usual } = new URL(`https://${host}`);
    if (usual === url.host) return `has ${host} as a mirror of itself`;
    mirrors.push({ host: usual, url, secretName: secretName === '' ? undefined : secretName });
  }
  return mirrors;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A slash or backslash in disguise: what a server makes of it may lead out of the mirror's path. */
const DISGUISED = /%2f|%5c|\\/i;

/** The mirror that has what is at a URL. */
export function mirrorFor(url: URL, mirrors: readonly ChartMirror[] | undefined): ChartMirror | undefined {
  return DISGUISED.test(url.pathname) ? undefined : mirrors?.find(({ host }) => host === url.host);
}

/** The same download from a mirror. Credentials and authorities of the host are for the host: the mirror gets its own or none. */
export function fromMirror(
  download: ChartDownload,
  mirror: ChartMirror,
  credentials: SourceCredentials | undefined,
): ChartDownload {
  const { oci } = download;
  const prefix = prefixOf(mirror).slice(1);
  return {
    ...download,
    url: oci === undefined ? mirrored(download.url, mirror) : new URL('/', mirror.url),
    // Below /v2/ the path is part of the repository's name.
    oci:
      oci === undefined
        ? undefined
        : {
            ...oci,
            host: mirror.url.host,
            repository: prefix === '' ? oci.repository : `${prefix}/${oci.repository}`,
          },
    // The mirror's owner is the operator's, who chose this address.
    http: mirror.url.protocol === 'http:' ? 'allowed' : 'forbidden',
    caBundle: undefined,
    credentials,
  };
}

/** A page of the host as the mirror has it: an index may name its archives by the host's own address. */
export function pageFromMirror(
  page: SourceRequest,
  mirror: ChartMirror,
  credentials: SourceCredentials | undefined,
): SourceRequest {
  if (mirrorFor(page.url, [mirror]) === undefined) return page;
  return { ...page, url: mirrored(page.url, mirror), credentials };
}

function mirrored(url: URL, mirror: ChartMirror): URL {
  const moved = new URL(mirror.url);
  moved.pathname = `${prefixOf(mirror)}${url.pathname}`;
  moved.search = url.search;
  return moved;
}

function prefixOf({ url }: ChartMirror): string {
  return url.pathname.replace(/\/+$/, '');
}

/** What a mirror may fail by without anybody being deceived: the host itself is asked then. */
const HARMLESS: ReadonlySet<ChartSourceCode> = new Set([
  'ChartNotFound',
  'ChartForbidden',
  'BadCertificate',
  'ChartTruncated',
  'NotSigned',
  'UrlNotAllowed',
  'HostNotAllowed',
  'SourceUnavailable',
  'SourceTimeout',
]);

/** Throws, in the mirror's name, what must not be passed over: a mirror that delivers something else than what was asked for. */
export function passOver(error: unknown, { url }: ChartMirror): ChartSourceError {
  if (!(error instanceof ChartSourceError)) throw error;
  if (HARMLESS.has(error.code)) return error;
  throw new ChartSourceError(error.code, `${error.message} (the mirror ${url.host} delivered it)`, {
    cause: error,
  });
}

/** What the host said, and before it the mirror. */
export function bothFailed(error: ChartSourceError, ofMirror: ChartSourceError): ChartSourceError {
  const message = `${error.message}; before, its mirror failed: ${ofMirror.message}`;
  return new ChartSourceError(error.code, message, { cause: error });
}
