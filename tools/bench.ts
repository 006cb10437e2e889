// The bench: rows that are ratios within one run on one machine, each against a baseline measured beside it. On a local
// cluster of its own, which is gone afterwards.
//
//   --full        1,000 instances (ten minutes) instead of 100 (three)
//   --out FILE    the rows as JSON too
//   --only NAME   one family of rows (may be repeated)
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { admissionRows } from './bench/admission-rows.ts';
import { closeCluster, openCluster } from './bench/bench-cluster.ts';
import { FULL, SHORT, type BenchRun } from './bench/bench-run.ts';
import { fourObjects, registerService, uploadChart } from './bench/bench-service.ts';
import { deleteRows, upgradeRows } from './bench/change-rows.ts';
import { clusterRows } from './bench/cluster-rows.ts';
import { createMany, namesOf } from './bench/create-many.ts';
import { createRows } from './bench/create-rows.ts';
import { pluginRows } from './bench/plugin-rows.ts';
import { registerRows } from './bench/register-rows.ts';
import { renderRows } from './bench/render-rows.ts';
import { restRows } from './bench/rest-rows.ts';
import { isReached, tableOf, type Row } from './bench/row.ts';
import { startRows } from './bench/start-rows.ts';
import { messageOf } from '../src/lib/error-text.ts';

const CLUSTER = 'tenantry-bench';
const SERVICE = 'four';

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    out: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});
const sizes = options.full ? FULL : SHORT;

/** Rows that need no cluster, and those that follow each other on one. */
const ALONE: Readonly<Record<string, () => readonly Row[] | Promise<readonly Row[]>>> = {
  start: () => startRows(sizes.repeats),
  render: () => renderRows(sizes.repeats),
  cluster: () => clusterRows(CLUSTER, options.full ? 3 : 1),
};
const TOGETHER: Readonly<Record<string, (run: BenchRun) => readonly Row[] | Promise<readonly Row[]>>> = {
  create: createRows,
  rest: restRows,
  register: registerRows,
  admission: admissionRows,
  plugins: pluginRows,
  upgrade: upgradeRows,
  delete: deleteRows,
};

const names = [...Object.keys(ALONE), ...Object.keys(TOGETHER)];
const unknown = options.only?.find((name) => !names.includes(name));
if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${names.join(', ')}`);
const isWanted = (name: string): boolean => options.only?.includes(name) ?? true;

const rows: Row[] = [];
const failures: string[] = [];
/** A family that fails says so and leaves the others their turn. */
async function measure(family: string, work: () => readonly Row[] | Promise<readonly Row[]>): Promise<void> {
  process.stdout.write(`\n${family}\n`);
  try {
    const found = await work();
    rows.push(...found);
    process.stdout.write(tableOf(found));
  } catch (error) {
    failures.push(`${family}: ${messageOf(error)}`);
    process.stdout.write(`✗ ${messageOf(error)}\n`);
  }
}
try {
  // What is left of a bench that was killed.
  await closeCluster(CLUSTER);
  for (const [family, work] of Object.entries(ALONE)) if (isWanted(family)) await measure(family, work);
  const together = Object.entries(TOGETHER).filter(([family]) => isWanted(family));
  if (together.length > 0) {
    const cluster = await openCluster(CLUSTER);
    const chartURL = await uploadChart(cluster.client, 'four', fourObjects('0.1.0'));
    const kind = await registerService(cluster.client, SERVICE, chartURL);
    const run: BenchRun = { cluster, sizes, service: SERVICE, kind };
    // The other rows begin with the instances that `create` leaves.
    if (!isWanted('create')) await createMany(cluster.client, kind, namesOf('i', sizes.instances));
    for (const [family, work] of together) await measure(family, () => work(run));
    await cluster.close();
  }
} finally {
  await closeCluster(CLUSTER);
}
process.stdout.write(`\n${tableOf(rows)}`);
if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify({ rows, failures }, null, 2)}\n`);
for (const failure of failures) process.stdout.write(`✗ ${failure}\n`);
const missed = rows.filter((row) => row.binding && !isReached(row));
process.exit(missed.length === 0 && failures.length === 0 ? 0 : 1);
