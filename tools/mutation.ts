// Mutation tests of the pure folders: every operator, condition and text of the code is changed in turn, and some test must
// notice. `--out FILE` writes the scores; ends with 1 where a folder is below the floor. A part of `npm run proof`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../src/cli/table.ts';

/** Percent of the mutants that tests must find, in each folder. */
const FLOOR = 80;

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number } };
}

/** What Stryker writes (mutation-testing-report-schema 2), as far as it is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'tools/mutation');
const outAt = process.argv.indexOf('--out');

/** Stryker asks for a newer Node than our floor: the one that the operator's image runs. */
function environment(): NodeJS.ProcessEnv {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/tenantry.mjs'), 'tool', 'node'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const bin = join(root, '.cache/mutation/bin');
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, 'node'))) symlinkSync(stdout.trim().split('\n').at(-1) ?? '', join(bin, 'node'));
  return { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
}

function run(env: NodeJS.ProcessEnv, cwd: string, command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

/** Mutants that some test found, and all that could be found: those that no runnable program was made of do not count. */
function score(mutants: readonly Mutant[]): { readonly found: number; readonly all: number } {
  const found = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const lost = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').length;
  return { found, all: found + lost };
}

const percent = ({ found, all }: ReturnType<typeof score>): number => (all === 0 ? 100 : (100 * found) / all);

const env = environment();
run(env, folder, 'npm', ['ci', '--ignore-scripts', '--legacy-peer-deps', '--loglevel=error']);
run(env, root, 'node', [
  join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js'),
  'run',
  join(folder, 'stryker.config.json'),
]);
// True by the schema that the report names.
const report = JSON.parse(readFileSync(join(root, '.cache/mutation/report.json'), 'utf8')) as Report;
const folders = [...new Set(Object.keys(report.files).map((path) => dirname(path)))].sort();
const rows = folders.map((path) => {
  const files = Object.entries(report.files).filter(([file]) => dirname(file) === path);
  const { found, all } = score(files.flatMap(([, { mutants }]) => mutants));
  return { folder: path, found, all, percent: Number(percent({ found, all }).toFixed(1)) };
});
const survivors = Object.entries(report.files).flatMap(([path, { source, mutants }]) =>
  mutants
    .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
    .map(({ mutatorName, replacement = '', location: { start } }) => ({
      at: `${path}:${start.line}`,
      code: source.split('\n')[start.line - 1]?.trim() ?? '',
      mutant: `${mutatorName}: ${replacement.slice(0, 80)}`,
    })),
);
for (const { at, code, mutant } of survivors) process.stdout.write(`${at}  ${code}  ⇒  ${mutant}\n`);
process.stdout.write(
  formatTable(
    ['FOLDER', 'FOUND', 'OF', 'PERCENT'],
    rows.map(({ folder: path, found, all, percent: part }) => [path, `${found}`, `${all}`, `${part}`]),
  ),
);
if (outAt > 0)
  writeFileSync(
    process.argv[outAt + 1] ?? 'mutation.json',
    `${JSON.stringify({ floor: FLOOR, rows, survivors: survivors.length }, null, 2)}\n`,
  );
process.exit(rows.every((row) => row.percent >= FLOOR) ? 0 : 1);
