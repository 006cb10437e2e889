import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { systemClock } from '../../src/lib/clock.ts';
import { mapLimit } from '../../src/lib/limit.ts';
import type { ChartFiles } from './bench-service.ts';
import { toolPath } from './programs.ts';

const run = promisify(execFile);

/** A chart as a folder that programs can read, for as long as the work takes. */
export async function withChartFolder<T>(
  files: ChartFiles,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-bench-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Releases a second that a stock helm reaches with so many installs at a time, each into a namespace of its own. */
export async function helmPerSecond(
  files: ChartFiles,
  kubeconfig: string,
  { names, inFlight }: { readonly names: readonly string[]; readonly inFlight: number },
): Promise<number> {
  const helm = toolPath('helm');
  return withChartFolder(files, async (folder) => {
    const begin = systemClock.monotonic();
    await mapLimit(names, inFlight, (name) =>
      run(helm, ['install', name, folder, '--namespace', name, '--create-namespace'], {
        env: { ...process.env, KUBECONFIG: kubeconfig },
      }),
    );
    return (names.length * 1000) / (systemClock.monotonic() - begin);
  });
}
