// How it grows: instances of a chart with four objects and no pods, more and more of them, on a real cluster; what each step
// costs, and the same divided over three shards. Draws docs/growth.svg from what it found.
//
//   --sizes 1,10,100,1000   how many instances, step by step
//   --shards N              also with N shards and N replicas (3; 0: not)
//   --cluster NAME          a local cluster that is up is used and kept; else one is made and ended
//   --rest SECONDS          before memory is read (20)
//   --out FILE              everything as JSON
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { closeCluster, openCluster } from './bench/bench-cluster.ts';
import { fourObjects, registerService, uploadChart } from './bench/bench-service.ts';
import { root } from './bench/programs.ts';
import { drawCurve } from './growth/draw-curve.ts';
import { stepTable } from './growth/step-table.ts';
import { killHolder, untilDivided } from './growth/shard-steps.ts';
import { grow, removeAll, restart, type Growing } from './growth/steps.ts';

const CLUSTER = 'tenantry-growth';
const SERVICE = 'four';
/** What the figures of `design` allow at 1,000 instances; a run that misses one of them does not hold. */
const FLOORS = { restartWrites: 0, idleCalls: 0 };

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,10,100,1000' },
    shards: { type: 'string', default: '3' },
    cluster: { type: 'string' },
    rest: { type: 'string', default: '20' },
    out: { type: 'string' },
  },
});
const sizes = options.sizes.split(',').map(Number);
const shards = Number(options.shards);
const name = options.cluster ?? CLUSTER;
const say = (what: string, found: unknown): void => {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${what} ${JSON.stringify(found)}\n`);
};

async function oneByOne(growing: Growing) {
  const steps: Awaited<ReturnType<typeof grow>>[] = [];
  const restarts: Awaited<ReturnType<typeof restart>>[] = [];
  let have = 0;
  for (const count of sizes) {
    const step = await grow(growing, have, count);
    have = count;
    say('step', step);
    steps.push(step);
    const restarted = await restart(growing, count);
    say('restart', restarted);
    restarts.push(restarted);
  }
  return { steps, restarts };
}

async function divided(growing: Growing, have: number) {
  const more = Math.max(10, Math.round(have / 3));
  const reopened = await openCluster(name, { replicas: shards, shards });
  await reopened.close();
  const begun = await untilDivided(growing, shards, have);
  say('divided', begun);
  const step = await grow(growing, have, have + more);
  say('step', step);
  const killed = await killHolder(growing, shards);
  say('killed', killed);
  const again = await untilDivided(growing, shards, have + more);
  say('divided again', again);
  return { shards, begun, step, killed, again };
}

let holds = false;
try {
  const cluster = await openCluster(name, { replicas: 2, shards: 1 });
  const { client } = cluster;
  const chartURL = await uploadChart(client, 'four', fourObjects('0.1.0'));
  const kind = await registerService(client, SERVICE, chartURL);
  const growing: Growing = { cluster: name, client, kind, restMs: Number(options.rest) * 1000 };
  const { steps, restarts } = await oneByOne(growing);
  const sharded = shards > 1 ? await divided(growing, sizes.at(-1) ?? 0) : undefined;
  const removed = await removeAll(growing);
  say('removed', removed);
  await cluster.close();
  const result = { steps, restarts, sharded, removed };
  process.stdout.write(`\n${stepTable(steps, restarts)}\n`);
  writeFileSync(join(root, 'docs/growth.svg'), drawCurve(steps));
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
  holds =
    restarts.every(({ writes }) => writes <= FLOORS.restartWrites) &&
    steps.every(({ idleCalls }) => idleCalls <= FLOORS.idleCalls);
} finally {
  if (options.cluster === undefined) await closeCluster(name);
}
process.exit(holds ? 0 : 1);
