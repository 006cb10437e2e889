import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './cli-io.ts';

/**
 * The folder that holds package.json, deploy/ and examples/: the nearest above this file, whether it runs as source, as
 * `dist/tenantry.mjs` or as a chunk beside it.
 */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'deploy', 'chart', 'Chart.yaml'))) return folder;
    if (folder === dirname(folder))
      throw new UserError(
        'the folder deploy/chart is not beside this program',
        'Install the whole package tenantry anew.',
      );
  }
}

/** This program's version, from package.json. */
export async function readVersion(): Promise<string> {
  const text = await readFile(join(packageRoot(), 'package.json'), 'utf8');
  // True by package.json's own form.
  return (JSON.parse(text) as { version: string }).version;
}
