import { ChartSourceError } from './chart-source-error.ts';

/** A chart in an OCI registry. */
export interface OciReference {
  /** Host and port of the registry. */
  readonly host: string;
  /** Path in the registry, without the slash in front. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** SHA-256 of the manifest (hex). */
  readonly digest: string | undefined;
}

/** Where a chart comes from, as its URL says. */
export type ChartUrl =
  | { readonly from: 'upload'; readonly name: string }
  | { readonly from: 'web'; readonly url: URL }
  | { readonly from: 'oci'; readonly reference: OciReference };

/** Characters of a chart URL; longer ones are not typed by anybody. */
const MAX_URL = 2048;
/** Name of an uploaded archive: one path segment, as `kubectl upload chart` sends it. */
const UPLOAD_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.(?:tgz|tar\.gz)$/;
/** As the specification of registries has it: host, path of small letters, tag, digest. */
const OCI =
  /^oci:\/\/(?<host>[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9a-fA-F:.]+\](?::\d{1,5})?)\/(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@sha256:(?<digest>[0-9a-f]{64}))?$/;

/** Reads `newResource.chartURL`. Throws ChartSourceError (UrlNotAllowed) with what is allowed. */
export function parseChartUrl(text: string): ChartUrl {
  if (text.startsWith('file://')) {
    const name = text.slice('file:///'.length);
    if (text.startsWith('file:///') && UPLOAD_NAME.test(name)) return { from: 'upload', name };
    throw notAllowed(`${quote(text)} does not name an uploaded chart; write file:///<name>.tgz`);
  }
  if (text.startsWith('oci://')) return { from: 'oci', reference: parseOci(text) };
  const url = URL.canParse(text) && text.length <= MAX_URL ? new URL(text) : undefined;
  if (url === undefined) throw notAllowed(`${quote(text)} is not a URL`);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw notAllowed(
      `${url.protocol}// is not supported; write https://….tgz, oci://<registry>/<path>:<version> or file:///<name>.tgz`,
    );
  }
  if (url.username !== '' || url.password !== '') throw holdsPassword();
  return { from: 'web', url };
}

function parseOci(text: string): OciReference {
  const found = text.length <= MAX_URL ? OCI.exec(text)?.groups : undefined;
  const { host = '', repository = '', tag, digest } = found ?? {};
  // The path may hold no two slashes and no steps up; what a regular expression says of it is too loose.
  if (found === undefined || repository.split('/').some((part) => !/^[a-z0-9]/.test(part))) {
    if (/^oci:\/\/[^/]*@/.test(text)) throw holdsPassword();
    throw notAllowed(
      `${quote(text)} does not name a chart in a registry; write oci://<registry>/<path>:<version>`,
    );
  }
  return { host, repository, tag, digest };
}

function holdsPassword(): ChartSourceError {
  return notAllowed(
    'the URL holds a user name or password; put them into a Secret and name it in chart.secretRef',
  );
}

function notAllowed(message: string): ChartSourceError {
  return new ChartSourceError('UrlNotAllowed', message);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
