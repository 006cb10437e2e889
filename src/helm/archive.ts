import { createGunzip, gzipSync, type Gunzip } from 'node:zlib';
import { expandedYamlSize, MAX_YAML_NODES } from './yaml-size.ts';
import { readTar, TarError, writeTar, type TarEntry } from './tar.ts';
import { concat } from '../lib/concat.ts';

/** What a chart archive may hold. Sizes in bytes. */
export interface ArchiveLimits {
  readonly packed: number;
  /** All files together, those of nested archives too. */
  readonly unpacked: number;
  readonly entries: number;
  /** Unpacked to packed. Text packs to a tenth, at best a fiftieth; only a bomb does better. */
  readonly ratio: number;
  readonly path: number;
  /** Of values.yaml, Chart.yaml and the like: they are parsed as a whole, and the largest public ones have a quarter of this. */
  readonly yaml: number;
  /** Archives in archives: charts/a.tgz has charts/b.tgz, … */
  readonly depth: number;
}

const MEBIBYTE = 1_048_576;

/** The largest public charts unpack to about 10 MiB (thousands of lines of CRDs) in about 1500 files. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  packed: 20 * MEBIBYTE,
  unpacked: 32 * MEBIBYTE,
  entries: 10_000,
  ratio: 150,
  path: 512,
  yaml: MEBIBYTE,
  depth: 5,
};

/** gzip level for archives that are read again at once. */
const FAST = 1;
/** Below this many unpacked bytes a ratio says nothing: an empty folder packs very well. */
const RATIO_FROM = 2 * MEBIBYTE;
/** Read by Helm or by us as YAML when the chart is loaded. */
const YAML_FILES = new Set([
  'Chart.yaml',
  'Chart.lock',
  'values.yaml',
  'requirements.yaml',
  'requirements.lock',
]);

/** Why an archive is refused. */
export type ArchiveErrorCode =
  | 'TooLarge'
  | 'TooManyEntries'
  | 'Bomb'
  | 'YamlBomb'
  | 'NotAnArchive'
  | 'Damaged'
  | 'UnsafePath'
  | 'NotAFile'
  | 'Duplicate'
  | 'NotAChart';

/** An archive that no program should unpack, or that is no chart; the message names the entry and the remedy. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: ArchiveErrorCode;
  constructor(code: ArchiveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A chart as files: paths are relative to the chart's folder, with `/`. Nested archives stay files (`charts/a.tgz`), packed anew. */
export interface ChartFiles {
  /** The one top folder of the archive; the chart's name as a rule. */
  readonly folder: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What is left of the limits while nested archives are opened. */
interface Budget {
  readonly limits: ArchiveLimits;
  bytes: number;
  entries: number;
}

/**
 * Unpacks a chart archive into memory and checks everything on the way: sizes before they are taken, paths, links, names
 * that collide, aliases. Fails with ArchiveError. Nothing is ever written to a disk.
 */
export async function openChart(
  archive: Uint8Array,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<ChartFiles> {
  return openNested(archive, { limits, bytes: limits.unpacked, entries: limits.entries }, 0);
}

/**
 * Packs files as a chart archive, deterministically: sorted, one time for all, no owner. Two packings of the same files
 * by the same program have the same digest. `level` is gzip's, 0 to 9.
 */
export function packChart(
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
  level = 9,
): Uint8Array {
  const encoder = new TextEncoder();
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const tar = writeTar(
    sorted.map(([path, data]) => [
      `${folder}/${path}`,
      typeof data === 'string' ? encoder.encode(data) : data,
    ]),
  );
  const packed = gzipSync(tar, { level });
  // The byte of the header that names the operating system: 255 is "unknown".
  packed[9] = 255;
  return packed;
}

async function openNested(archive: Uint8Array, budget: Budget, depth: number): Promise<ChartFiles> {
  const { limits } = budget;
  if (archive.length > limits.packed)
    throw new ArchiveError(
      'TooLarge',
      `the chart archive has ${mebibytes(archive.length)}, at most ${mebibytes(limits.packed)} are allowed: leave files out by .helmignore`,
    );
  const tar = await unzip(archive, budget);
  const chart = collect(tar, budget);
  checkChart(chart, limits);
  const files = new Map(chart.files);
  for (const [path, data] of chart.files) {
    if (!/^charts\/[^/]+\.tgz$/.test(path)) continue;
    if (depth >= limits.depth)
      throw new ArchiveError('Bomb', `${path}: charts are packed into charts more than ${limits.depth} deep`);
    try {
      const nested = await openNested(data, budget, depth + 1);
      // What was checked is what Helm gets: another reader of tar could understand the original in another way.
      files.set(path, packChart(nested.folder, nested.files, FAST));
    } catch (error) {
      if (error instanceof ArchiveError)
        throw new ArchiveError(error.code, `${path}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return { folder: chart.folder, files };
}

async function unzip(archive: Uint8Array, budget: Budget): Promise<Uint8Array> {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b)
    throw new ArchiveError(
      'NotAnArchive',
      'this is not a gzip archive: give the .tgz that `helm package` makes, not a folder, a YAML file or a web page',
    );
  const gunzip = createGunzip();
  const chunks: Uint8Array[] = [];
  let size = 0;
  gunzip.end(archive);
  try {
    // Leaving the loop early destroys the stream: nothing is unpacked beyond the chunk that broke the limit.
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      checkSize(size, gunzip, budget);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError(
      'Damaged',
      'the gzip data is damaged or breaks off: fetch or pack the chart again',
      {
        cause: error,
      },
    );
  }
  budget.bytes -= size;
  return concat(chunks);
}

function checkSize(size: number, gunzip: Gunzip, { bytes, limits }: Budget): void {
  if (size > RATIO_FROM && size > limits.ratio * Math.max(1, gunzip.bytesWritten))
    throw new ArchiveError(
      'Bomb',
      `the chart archive unpacks to more than ${limits.ratio} times its size: no chart does, it was made to fill the memory`,
    );
  // Tar adds a header of 512 bytes to each entry and fills the last block.
  if (size > bytes + limits.entries * 1024)
    throw new ArchiveError(
      'TooLarge',
      `the chart unpacks to more than ${mebibytes(limits.unpacked)}: leave files out by .helmignore`,
    );
}

function collect(tar: Uint8Array, budget: Budget): ChartFiles {
  const files = new Map<string, Uint8Array>();
  const lowered = new Map<string, string>();
  let folder: string | undefined;
  for (const entry of entriesOf(tar)) {
    if (--budget.entries < 0)
      throw new ArchiveError(
        'TooManyEntries',
        `the chart has more than ${budget.limits.entries} entries: leave files out by .helmignore`,
      );
    const parts = safePath(entry, budget.limits.path);
    const [top, ...below] = parts;
    if (top === undefined || entry.type === 'folder') continue;
    const path = below.join('/');
    if (path === '')
      throw new ArchiveError(
        'NotAChart',
        `${entry.path} lies beside the chart's folder: pack the folder, as \`helm package\` does`,
      );
    folder ??= top;
    if (top !== folder)
      throw new ArchiveError(
        'NotAChart',
        `the archive has two folders, ${folder} and ${top}: pack one chart into one archive`,
      );
    const folded = path.normalize('NFC').toLowerCase();
    const other = lowered.get(folded);
    if (other !== undefined)
      throw new ArchiveError(
        'Duplicate',
        `${path} is there twice${other === path ? '' : `, the other time as ${other}`}: keep one`,
      );
    lowered.set(folded, path);
    files.set(path, entry.data);
  }
  return { folder: folder ?? '', files };
}

function* entriesOf(tar: Uint8Array): Generator<TarEntry> {
  try {
    yield* readTar(tar);
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    throw new ArchiveError(
      'Damaged',
      `the archive cannot be read: ${error.message}; fetch or pack the chart again`,
      {
        cause: error,
      },
    );
  }
}

/** The parts of an entry's path, or the refusal of anything that could mean another place than it says. */
function safePath(entry: TarEntry, longest: number): string[] {
  const shown = JSON.stringify(entry.path.slice(0, longest));
  if (entry.type === 'link' || entry.type === 'device' || entry.type === 'unknown')
    throw new ArchiveError(
      'NotAFile',
      `${shown} is a ${entry.type === 'unknown' ? 'special file' : entry.type}: a chart has files only, pack it with \`helm package\``,
    );
  // Archives made on Windows have backslashes; Helm reads them as separators, too.
  const path = entry.path.replaceAll('\\', '/');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isUnsafe =
    path.startsWith('/') ||
    parts.includes('..') ||
    parts.some((part) => /^[a-z]:$/i.test(part)) ||
    hasControl(path);
  if (isUnsafe || path.length > longest)
    throw new ArchiveError(
      'UnsafePath',
      `the entry ${shown} has a path that is absolute, leaves the chart, has control characters or is longer than ${longest}: pack the chart with \`helm package\``,
    );
  return parts;
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) < 0x20) return true;
  return false;
}

function checkChart({ files, folder }: ChartFiles, limits: ArchiveLimits): void {
  if (!files.has('Chart.yaml'))
    throw new ArchiveError(
      'NotAChart',
      `there is no ${folder === '' ? 'Chart.yaml' : `${folder}/Chart.yaml`} in the archive: it is no Helm chart`,
    );
  for (const [path, data] of files) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!YAML_FILES.has(name) || !/^(charts\/[^/]+\/)*[^/]+$/.test(path)) continue;
    if (data.length > limits.yaml)
      throw new ArchiveError(
        'TooLarge',
        `${path} has ${mebibytes(data.length)}, at most ${mebibytes(limits.yaml)} are allowed: move data into files of their own`,
      );
    if (expandedYamlSize(new TextDecoder().decode(data)) > MAX_YAML_NODES)
      throw new ArchiveError(
        'YamlBomb',
        `${path} has aliases that stand for more than ${MAX_YAML_NODES} values: write them out or remove them`,
      );
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
