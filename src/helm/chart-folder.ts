import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ARCHIVE_LIMITS, ArchiveError, type ChartFiles } from './archive.ts';
import { parseHelmignore, type Ignore } from './helmignore.ts';

/**
 * Reads a chart from a folder as `helm package` would, `.helmignore` included: give the answer to `packChart`. Links are refused:
 * what they point to may lie anywhere. Fails with ArchiveError or IgnoreError.
 */
export async function readChartFolder(folder: string): Promise<ChartFiles> {
  const hasChart = await stat(join(folder, 'Chart.yaml')).then(
    () => true,
    () => false,
  );
  // Looked for first: who names the wrong folder should not read about what happens to lie in it.
  if (!hasChart)
    throw new ArchiveError('NotAChart', `${folder} has no Chart.yaml: give the folder of a Helm chart`);
  const rules = await readFile(join(folder, '.helmignore'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const reading: Reading = { folder, ignore: parseHelmignore(rules), files: new Map(), bytes: 0 };
  await readBelow('', reading);
  if (!reading.files.has('Chart.yaml'))
    throw new ArchiveError('NotAChart', `${folder} has no Chart.yaml: give the folder of a Helm chart`);
  return { folder: basename(resolve(folder)), files: reading.files };
}

interface Reading {
  readonly folder: string;
  readonly ignore: Ignore;
  readonly files: Map<string, Uint8Array>;
  bytes: number;
}

async function readBelow(below: string, reading: Reading): Promise<void> {
  const entries = await readdir(join(reading.folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (reading.ignore(path, entry.isDirectory())) continue;
    if (entry.isDirectory()) {
      await readBelow(path, reading);
      continue;
    }
    if (!entry.isFile())
      throw new ArchiveError(
        'NotAFile',
        `${path} is a link or a special file: put a copy in its place, or name it in .helmignore`,
      );
    const full = join(reading.folder, path);
    reading.bytes += (await stat(full)).size;
    if (reading.bytes > ARCHIVE_LIMITS.unpacked || reading.files.size >= ARCHIVE_LIMITS.entries)
      throw new ArchiveError(
        'TooLarge',
        `the chart in ${reading.folder} is too large (at ${path}): leave files out by .helmignore`,
      );
    reading.files.set(path, await readFile(full));
  }
}
