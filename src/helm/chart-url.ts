import { ChartSourceError } from './chart-source-error.ts';

/** Where a chart comes from, as its URL says. */
export type ChartUrl =
  { readonly from: 'upload'; readonly name: string } | { readonly from: 'web'; readonly url: URL };

/** Characters of a chart URL; longer ones are not typed by anybody. */
const MAX_URL = 2048;
/** Name of an uploaded archive: one path segment, as `kubectl upload chart` sends it. */
const UPLOAD_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.(?:tgz|tar\.gz)$/;

/** Reads `newResource.chartURL`. Throws ChartSourceError (UrlNotAllowed) with what is allowed. */
export function parseChartUrl(text: string): ChartUrl {
  if (text.startsWith('file://')) {
    const name = text.slice('file:///'.length);
    if (text.startsWith('file:///') && UPLOAD_NAME.test(name)) return { from: 'upload', name };
    throw notAllowed(`${quote(text)} does not name an uploaded chart; write file:///<name>.tgz`);
  }
  const url = URL.canParse(text) && text.length <= MAX_URL ? new URL(text) : undefined;
  if (url === undefined) throw notAllowed(`${quote(text)} is not a URL`);
  if (url.protocol === 'oci:') {
    throw notAllowed(
      'oci:// is not supported yet; use the https:// address of the archive, or upload the chart',
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw notAllowed(`${url.protocol}// is not supported; write https://….tgz or file:///<name>.tgz`);
  }
  if (url.username !== '' || url.password !== '') {
    throw notAllowed(
      'the URL holds a user name or password; put them into a Secret and name it in chart.secretRef',
    );
  }
  return { from: 'web', url };
}

function notAllowed(message: string): ChartSourceError {
  return new ChartSourceError('UrlNotAllowed', message);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
