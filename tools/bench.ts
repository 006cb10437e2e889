// The bench: rows that are ratios within one run, each against a baseline measured beside it. `--full` repeats more often,
// `--out FILE` writes the rows as JSON.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { formatTable } from '../src/cli/table.ts';
import { packChart } from '../src/helm/archive.ts';
import { readChartFolder } from '../src/helm/chart-folder.ts';
import { createEngine } from '../src/helm/engine.ts';
import { systemClock } from '../src/lib/clock.ts';
import { sha256 } from '../src/lib/hash.ts';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline: string;
  readonly floor: number;
  readonly method: string;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, 'dist/tenantry.mjs');
const full = process.argv.includes('--full');
const outAt = process.argv.indexOf('--out');
const runs = full ? 31 : 11;

/** Milliseconds that a command takes, started to ended. */
function commandMs(command: string, args: readonly string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return performance.now() - begin;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Path of a tool of ours, built if it has to be. */
function tool(name: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'tool', name], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n').at(-1) ?? '';
}

function startRow(): Row {
  // In turns, so that what else the machine does meets both; the median of the differences, not the difference of medians.
  const pairs = Array.from({ length: runs }, () => ({
    bare: commandMs(process.execPath, ['-e', '0']),
    ours: commandMs(process.execPath, [program, 'version', '--client']),
  }));
  return {
    what: 'CLI, cold, over a bare Node',
    value: median(pairs.map(({ bare, ours }) => ours - bare)),
    unit: 'ms',
    baseline: `bare Node ${median(pairs.map(({ bare }) => bare)).toFixed(0)} ms`,
    floor: 80,
    method: `median of ${runs} differences between \`tenantry version --client\` and \`node -e 0\`, started in turns`,
  };
}

/** CPU of one rendering in this process against the CPU of `helm template` of the same chart. */
async function renderRow(): Promise<Row> {
  const folder = join(root, 'examples/multitenancy/wordpress/chart');
  const chart = await readChartFolder(folder);
  const archive = packChart(chart.folder, chart.files);
  const engine = createEngine({
    wasm: readFileSync(join(root, 'dist/helm-engine.wasm')),
    workerUrl: pathToFileURL(join(root, 'dist/helm-worker.mjs')),
    clock: systemClock,
    maxWorkers: 1,
  });
  try {
    const digest = sha256(archive);
    await engine.load(digest, archive);
    const render = (revision: number): Promise<unknown> =>
      engine.render({
        digest,
        release: { name: 'bench', namespace: 'bench', revision, isUpgrade: false },
        values: { title: `run ${revision}` },
        capabilities: { kubeVersion: 'v1.37.1', apiVersions: ['v1', 'apps/v1'] },
      });
    await render(1);
    const count = full ? 300 : 100;
    const before = process.cpuUsage();
    for (let revision = 2; revision < count + 2; revision++) await render(revision);
    const used = process.cpuUsage(before);
    const ours = (used.user + used.system) / 1000 / count;
    const helm = cpuMs(tool('helm'), ['template', 'bench', folder]);
    return {
      what: 'rendering, CPU ÷ helm template’s (WordPress, 7 objects)',
      value: ours / helm,
      unit: '×',
      baseline: `ours ${ours.toFixed(1)} ms, helm ${helm.toFixed(0)} ms`,
      floor: 0.3,
      method: `${count} renderings with values that differ, after one to warm up; helm: mean CPU of ${runs} runs`,
    };
  } finally {
    await engine.close();
  }
}

/** Mean CPU milliseconds (user and system) of a command, as the kernel counts it for ended children. */
function cpuMs(command: string, args: readonly string[]): number {
  const script = `for i in $(seq ${runs}); do "$0" "$@" >/dev/null || exit 1; done; times`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, command, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const children = stdout.trim().split('\n').at(-1) ?? '';
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    (match) => Number(match[1]) * 60 + Number(match[2]),
  );
  return (seconds.reduce((sum, value) => sum + value, 0) * 1000) / runs;
}

const rows = [startRow(), await renderRow()];
process.stdout.write(
  formatTable(
    ['ROW', 'VALUE', 'FLOOR', 'BASELINE'],
    rows.map(({ what, value, unit, baseline, floor }) => [
      what,
      `${value.toFixed(2)} ${unit}`,
      `${floor} ${unit}`,
      baseline,
    ]),
  ),
);
if (outAt > 0)
  writeFileSync(process.argv[outAt + 1] ?? 'bench.json', `${JSON.stringify({ rows }, null, 2)}\n`);
