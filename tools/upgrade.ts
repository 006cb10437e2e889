// Tenantry is upgraded under live tenants, from the build of an earlier commit to that of this checkout: by `tenantry install`, back
// again, and by `helm upgrade`. No pod of a tenant may be restarted, no release written, nothing left over; afterwards changes work.
//
//   --from COMMIT    the earlier one; default: the newest tag, or the one before this where there is none
//   --cluster NAME   a local cluster without Tenantry that is up is used and kept; else one is made and ended
//   --out FILE       everything as JSON
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { crdManifests } from '../src/api/crds.ts';
import { DEFAULT_RELEASE } from '../src/cli/install.ts';
import { imageOptions, localOptions } from '../src/cli/local-options.ts';
import { createDiscovery } from '../src/client/discovery.ts';
import { createClient } from '../src/client/http-client.ts';
import { loadAccess } from '../src/client/load-access.ts';
import { nodeSurroundings } from '../src/client/surroundings.ts';
import { systemClock } from '../src/lib/clock.ts';
import { upCluster } from '../src/local/cluster-up.ts';
import { importPlaneImages } from '../src/local/plane-images.ts';
import { benchIo, closeCluster, NS } from './bench/bench-cluster.ts';
import { root } from './local-programs.ts';
import { differences, settledPicture, type Picture } from './upgrade/cluster-picture.ts';
import { buildEarlier, type EarlierBuild } from './upgrade/earlier-build.ts';
import {
  definitionsFine,
  definitionsStay,
  leftOver,
  untouched,
  writesNothing,
  type Finding,
} from './upgrade/judge-upgrade.ts';
import { makeTenants, type Tenants } from './upgrade/live-tenants.ts';
import {
  helmUpgrade,
  importFrom,
  installBy,
  rendered,
  runProgram,
  type Build,
  type Host,
} from './upgrade/operator-release.ts';

const CLUSTER = 'upgrade';
const SUBNET = '10.99.0.0/24';

const { values: options } = parseArgs({
  options: { from: { type: 'string' }, cluster: { type: 'string' }, out: { type: 'string' } },
});
const say = (text: string): void =>
  void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** One way of getting from one build to the other, and what was found afterwards. */
interface Step {
  readonly step: string;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Objects outside the operator's namespace that were written, as `~ kind namespace/name`. */
  readonly written: readonly string[];
}

/** Where steps are taken. */
interface Site {
  readonly host: Host;
  readonly tenants: Tenants;
}

const look = ({ client, discovery }: Host): Promise<Picture> => settledPicture(client, discovery);

/** Takes a step and judges what it left. */
async function take(
  { host, tenants }: Site,
  step: string,
  work: () => Promise<void>,
  isBack = false,
): Promise<Step> {
  say(step);
  const before = await look(host);
  const begin = performance.now();
  await work();
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  // An earlier build may have had faults that were mended since: it must work, and leave alone what runs.
  if (!isBack) await tenants.ready();
  await tenants.repaired();
  const after = await look(host);
  const definitions = crdManifests().map(({ metadata }) => metadata.name);
  const findings = [
    ...untouched(before, after, NS),
    definitionsFine(after, definitions),
    ...(isBack ? [definitionsStay(before, after, definitions)] : []),
    leftOver(after, DEFAULT_RELEASE, await rendered(host)),
  ];
  const written = differences(before, after).filter((line) => !line.includes(` ${NS}/`));
  return told({ step, seconds, findings, written });
}

function told(step: Step): Step {
  say(`${step.step}: ${step.seconds} s, ${step.written.length} objects elsewhere written`);
  for (const { what, holds, found } of step.findings) say(`${holds ? '✓' : '✗'} ${what}: ${found}`);
  return step;
}

/** What is installed is installed once more. */
async function again(host: Host, build: Build, image: string): Promise<Step> {
  const step = 'installed once more';
  say(step);
  const before = await look(host);
  const begin = performance.now();
  await installBy(build, host, image);
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  const after = await look(host);
  return told({ step, seconds, findings: [writesNothing(before, after, DEFAULT_RELEASE)], written: [] });
}

async function prove(host: Host, earlier: EarlierBuild): Promise<readonly Step[]> {
  const ours: Build = { folder: root, program: join(root, 'dist/tenantry.mjs') };
  const [old, now] = [
    await importFrom(earlier, host),
    await importFrom(ours, host, ['wordpress', 'mariadb', 'http-echo']),
  ];
  const io = benchIo();
  await importPlaneImages(localOptions(io, host.cluster), imageOptions(io));
  await installBy(earlier, host, old);
  const program = (...words: readonly string[]): Promise<void> => runProgram(earlier, host, ...words);
  const tenants = await makeTenants({ ...host, program });
  const site = { host, tenants };
  try {
    const steps: Step[] = [];
    steps.push(await take(site, 'upgraded by `tenantry install`', () => installBy(ours, host, now)));
    await tenants.changed(1);
    steps.push(await again(host, ours, now));
    steps.push(await take(site, 'back to the earlier one', () => installBy(earlier, host, old), true));
    await tenants.changed(2);
    steps.push(await take(site, 'upgraded by `helm upgrade`', () => helmUpgrade(ours, host, now)));
    await tenants.changed(3);
    await tenants.rolled();
    say('changes work');
    return steps;
  } finally {
    await tenants.close();
  }
}

const cluster = options.cluster ?? CLUSTER;
const earlier = buildEarlier(options.from);
try {
  say(`from ${earlier.commit.slice(0, 10)} (${earlier.subject})`);
  const io = benchIo();
  const { paths } = await upCluster(
    localOptions(io, cluster),
    options.cluster === undefined ? { nodes: SUBNET } : {},
  );
  const { kubeconfig } = paths;
  const access = await loadAccess({ kubeconfig }, nodeSurroundings(io));
  const client = createClient(access, { clock: systemClock, userAgent: 'tenantry-proof' });
  try {
    const host = { cluster, kubeconfig, client, discovery: createDiscovery(client, systemClock) };
    const steps = await prove(host, earlier);
    const { commit, subject } = earlier;
    if (options.out !== undefined)
      writeFileSync(options.out, `${JSON.stringify({ from: { commit, subject }, steps }, null, 2)}\n`);
    process.exitCode = steps.every(({ findings }) => findings.every(({ holds }) => holds)) ? 0 : 1;
  } finally {
    await client.close();
  }
} finally {
  earlier.remove();
  if (options.cluster === undefined) await closeCluster(cluster);
}
