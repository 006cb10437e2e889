import { parseYaml } from '../kube/yaml.ts';
import { isMap } from '../lib/narrow.ts';
import { ChartSourceError } from './chart-source-error.ts';
import type { ChartDownload } from './chart-source.ts';
import type { GetPage, SourceRequest } from './source-request.ts';

/** A chart of a Helm repository. */
export interface RepositoryEntry {
  readonly name: string;
  /** The whole version: ranges would mean another chart tomorrow. */
  readonly version: string;
}

/** Bytes of an `index.yaml`; the largest public ones have twenty megabytes. */
const MAX_INDEX_BYTES = 32 * 1024 * 1024;
/** Bytes of what the index says of one chart, which alone is parsed: parsing all of it would hold everything up for seconds. */
const MAX_ENTRY_BYTES = 2 * 1024 * 1024;

/** Where an archive is, and the digest that the index promises. */
export interface Located {
  readonly request: SourceRequest;
  readonly digest: string | undefined;
}

/** Looks a chart up in the `index.yaml` of the repository at `download.url`. Credentials are for its server alone. */
export async function findInRepository(
  download: ChartDownload,
  entry: RepositoryEntry,
  get: GetPage,
): Promise<Located> {
  const { url, credentials } = download;
  const base = new URL(url);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const index = new URL('index.yaml', base);
  index.search = url.search;
  const bytes = await get({ url: index, credentials, maxBytes: MAX_INDEX_BYTES });
  const found = findEntry(Buffer.from(bytes).toString('utf8'), entry, index);
  const [first] = Array.isArray(found['urls']) ? found['urls'] : [];
  if (typeof first !== 'string' || !URL.canParse(first, base.href))
    throw invalid(`${index.host} names no address of ${entry.name} ${entry.version}`);
  const target = new URL(first, base);
  const { digest } = found;
  const hex =
    typeof digest === 'string' ? /^(?:sha256:)?([0-9a-f]{64})$/i.exec(digest)?.[1]?.toLowerCase() : undefined;
  return {
    request: { url: target, credentials: target.origin === url.origin ? credentials : undefined },
    digest: hex,
  };
}

function findEntry(
  text: string,
  { name, version }: RepositoryEntry,
  index: URL,
): Readonly<Record<string, unknown>> {
  const versions = versionsOf(text, name);
  if (versions === undefined)
    throw new ChartSourceError(
      'ChartNotFound',
      `the repository ${index.host}${index.pathname} has no chart ${name}; correct chartName`,
    );
  const wanted = versions.filter(isMap).find((one) => one['version'] === version);
  if (wanted !== undefined) return wanted;
  const some = versions
    .filter(isMap)
    .flatMap((one) => (typeof one['version'] === 'string' ? [one['version']] : []));
  throw new ChartSourceError(
    'ChartNotFound',
    `the repository ${index.host}${index.pathname} has no version ${version} of ${name}, but ${some.slice(0, 5).join(', ')}; correct chart.version`,
  );
}

/** What an index says of one chart. Others are not parsed; an index may also be JSON. */
export function versionsOf(text: string, name: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = text.trimStart().startsWith('{')
      ? JSON.parse(text)
      : parseYaml(entryText(text, name));
    const entries = isMap(parsed) ? parsed['entries'] : undefined;
    const found = isMap(entries) && Object.hasOwn(entries, name) ? entries[name] : undefined;
    return Array.isArray(found) ? found : undefined;
  } catch (error) {
    throw invalid('index.yaml can not be read; give the address of the archive itself', error);
  }
}

/**
 * The lines of an index from `entries:` that are about one chart, as an index of its own. Helm and everything that makes indexes writes them as
 * blocks: names of charts are indented alike, and what is said of them further.
 */
function entryText(text: string, name: string): string {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => /^entries:\s*$/.test(line));
  const first =
    lines.slice(begin + 1).find((line) => line.trim() !== '' && !line.trimStart().startsWith('#')) ?? '';
  const indent = first.length - first.trimStart().length;
  if (begin < 0 || indent === 0) return '';
  const keyOf = (line: string): string | undefined => {
    const isKey = line.length > indent && line.search(/\S/) === indent && !/^\s*[-#]/.test(line);
    return isKey
      ? line
          .trim()
          .replace(/:\s*$/, '')
          .replaceAll(/^["']|["']$/g, '')
      : undefined;
  };
  const at = lines.findIndex((line, index) => index > begin && keyOf(line) === name);
  if (at < 0) return '';
  const length = lines.slice(at + 1).findIndex((line) => keyOf(line) !== undefined || /^\S/.test(line));
  const own = lines.slice(at, length < 0 ? undefined : at + 1 + length).join('\n');
  if (own.length > MAX_ENTRY_BYTES)
    throw invalid(`index.yaml says more of ${name} than ${MAX_ENTRY_BYTES / 1024} KiB`);
  return `entries:\n${own}\n`;
}

function invalid(message: string, cause?: unknown): ChartSourceError {
  return new ChartSourceError('ChartInvalid', message, { cause });
}
