// A control plane with two API servers is raised by a minor of Kubernetes while clients go on: no request may fail for longer than
// five seconds, nothing that was acknowledged may be lost, and what can't be is refused.
//
//   --cluster NAME   a local cluster that is up is used and kept; else one is made and ended
//   --out FILE       everything as JSON
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { localOptions, imageOptions } from '../src/cli/local-options.ts';
import { localPlaneImages, importPlaneImages } from '../src/local/plane-images.ts';
import { releaseNamed } from '../src/local/kubernetes-release.ts';
import { benchIo, closeCluster, openCluster, type BenchCluster } from './bench/bench-cluster.ts';
import { continuousRequests, type Stretch } from './plane-upgrade/continuous-requests.ts';
import { makePlane, removePlane, versionOf, type RaisedPlane } from './plane-upgrade/raised-plane.ts';
import { waitFor } from './bench/wait-for.ts';

const CLUSTER = 'plane-upgrade';
const SUBNET = '10.91.0.0/24';
const [FROM, TO] = ['1.36', '1.37'];
/** Longest time without an answer. */
const GAP_MS = 5000;
/** For pods of two API servers to be replaced one after the other, on a machine that does other things. */
const RAISE_MS = 420_000;

const { values: options } = parseArgs({ options: { cluster: { type: 'string' }, out: { type: 'string' } } });
const say = (text: string): void =>
  void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

interface Result {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
  readonly requests: readonly Stretch[];
  readonly lost: number;
  readonly downgrade: string;
}

/** Raises the plane while requests go on. */
async function raise(plane: RaisedPlane): Promise<Result> {
  const from = await versionOf(plane.client);
  const requests = continuousRequests(plane);
  const begin = performance.now();
  await plane.ask({ version: TO });
  await waitFor(`the plane runs ${TO}`, RAISE_MS, () => plane.isAt(TO), 500);
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  say(`raised after ${seconds} s`);
  // A connection that is kept ends with the old server, which takes its time.
  const isNew = async (): Promise<true | undefined> =>
    (await versionOf(plane.client)).startsWith(`v${TO}.`) ? true : undefined;
  await waitFor('clients have left the old API servers', 60_000, isNew, 500);
  const stretches = await requests.end();
  const lost = await requests.lost();
  const to = await versionOf(plane.client);
  await plane.client.raw({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { metadata: { name: 'after' } },
  });
  await waitFor('the controllers of the new version work', 60_000, () => plane.hasAccount('after'));
  const downgrade = await plane.ask({ version: FROM }).then(
    () => 'taken',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return { from, to, seconds, requests: stretches, lost, downgrade };
}

async function raiseAndRemove(cluster: BenchCluster, plane: RaisedPlane): Promise<Result> {
  try {
    return await raise(plane);
  } finally {
    await removePlane(cluster, plane);
  }
}

function failures({ from, to, requests, lost, downgrade }: Result): readonly string[] {
  return [
    ...(from.startsWith(`v${FROM}.`) && to.startsWith(`v${TO}.`) ? [] : [`it went from ${from} to ${to}`]),
    ...requests
      .filter(({ longestGapMs }) => longestGapMs > GAP_MS)
      .map(({ what, longestGapMs }) => `${what}: ${longestGapMs} ms without an answer`),
    ...requests.filter(({ answered }) => answered < 20).map(({ what }) => `${what}: hardly asked`),
    ...(lost === 0 ? [] : [`${lost} objects that were acknowledged are not there`]),
    ...(downgrade.includes("can't be lowered") ? [] : [`the way back was not refused: ${downgrade}`]),
  ];
}

const name = options.cluster ?? CLUSTER;
const choice = options.cluster === undefined ? { nodes: SUBNET } : {};
try {
  const cluster = await openCluster(name, { planes: { images: localPlaneImages() } }, choice);
  try {
    const io = benchIo();
    for (const version of [FROM, TO])
      await importPlaneImages(localOptions(io, name), imageOptions(io), releaseNamed(version));
    await cluster.scale(1);
    const plane = await makePlane(cluster, name, FROM);
    say(`a plane of ${FROM} with two API servers is ready`);
    const result = await raiseAndRemove(cluster, plane);
    for (const { what, answered, failed, longestGapMs } of result.requests)
      say(`${what}: ${answered} answered, ${failed} failed, longest without an answer ${longestGapMs} ms`);
    const wrong = failures(result);
    for (const line of wrong) say(`✗ ${line}`);
    if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
    process.exitCode = wrong.length === 0 ? 0 : 1;
  } finally {
    await cluster.close();
  }
} finally {
  if (options.cluster === undefined) await closeCluster(name);
}
