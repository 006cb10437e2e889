// Exactness of charts: every chart of the corpus with 50 drawn sets of values, rendered by our engine and by the stock
// helm of the same version. A difference is printed with the command that shows it again.
//
//   tsx tools/chart-proof.ts --out FILE [--seed N] [--sets N] [--chart NAME]
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { compareRenderings } from '../test/charts/compare-renderings.ts';
import { CORPUS, type CorpusChart } from '../test/charts/corpus.ts';
import { randomValues } from '../test/charts/random-values.ts';
import {
  casesOf,
  loadFolder,
  renderOurs,
  renderStock,
  stockApiVersions,
} from '../test/charts/render-both.ts';
import { startEngine } from '../test/component/helm-engine.ts';
import type { HelmEngine } from '../src/helm/engine.ts';

interface Row {
  readonly chart: string;
  readonly origin: string;
  readonly sets: number;
  readonly same: number;
  readonly bothFail: number;
  readonly different: number;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const seed = Number(option('--seed') ?? Date.now() % 1_000_000);
const sets = Number(option('--sets') ?? 50);
const only = option('--chart');
const out = option('--out');

/** The stock helm, built if it has to be. */
function stockHelm(): string {
  const program = join(root, 'dist/tenantry.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'tool', 'helm'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Runs the work items, as many at a time as there are cores. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const line = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: cpus().length }, line));
}

async function compareChart(engine: HelmEngine, chart: CorpusChart, apis: readonly string[]): Promise<Row> {
  const folder = await chart.folder();
  const { digest, info } = await loadFolder(engine, folder);
  const cases = casesOf(randomValues({ values: info.values, schema: info.valuesSchema }, seed, sets));
  const counts = { same: 0, 'both fail': 0, different: 0 };
  await inParallel([...cases.entries()], async ([index, asked]) => {
    const [ours, theirs] = await Promise.all([
      renderOurs(engine, digest, asked, apis),
      renderStock(folder, asked),
    ]);
    const { outcome, difference } = compareRenderings(ours, theirs, chart.volatile);
    counts[outcome]++;
    if (outcome !== 'different') return;
    process.stdout.write(
      `✗ ${chart.name}, set ${index}: ${JSON.stringify(asked)}\n${difference.slice(0, 3000)}\n` +
        `  again: npx tsx tools/chart-proof.ts --chart ${chart.name} --seed ${seed} --sets ${sets}\n`,
    );
  });
  const { same, 'both fail': bothFail, different } = counts;
  return { chart: chart.name, origin: chart.origin, sets: cases.length, same, bothFail, different };
}

process.env['HELM'] ??= stockHelm();
process.stdout.write(`seed ${seed}, ${sets} sets for each chart\n`);
const engine = await startEngine();
const rows: Row[] = [];
try {
  const apis = await stockApiVersions();
  for (const chart of CORPUS.filter(({ name }) => only === undefined || name === only)) {
    const row = await compareChart(engine, chart, apis);
    rows.push(row);
    process.stdout.write(
      `${row.different === 0 ? '✓' : '✗'} ${row.chart.padEnd(20)} ${row.same} same, ${row.bothFail} refused by both, ${row.different} different\n`,
    );
  }
} finally {
  await engine.close();
}
const different = rows.reduce((sum, row) => sum + row.different, 0);
process.stdout.write(
  `${rows.length} charts, ${rows.reduce((sum, row) => sum + row.sets, 0)} pairs of renderings, ${different} differ\n`,
);
if (out !== undefined) writeFileSync(out, `${JSON.stringify({ seed, rows }, null, 2)}\n`);
process.exit(different === 0 ? 0 : 1);
