// Whether Prometheus is told the truth: a service whose pods use known amounts, on a real cluster, and a real Prometheus that
// scrapes the operator for some minutes. Every query of the chart's rules and dashboard must answer, and the figures must be
// what was used.
//
//   --cluster NAME   a local cluster that is up is used and kept; else one is made and ended
//   --out FILE       everything as JSON
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { RESOURCE_COMPOSITION } from '../src/api/resource-composition.ts';
import { loadAccess } from '../src/client/load-access.ts';
import { nodeSurroundings } from '../src/client/surroundings.ts';
import { POD } from '../src/kube/builtin-kinds.ts';
import { findCondition } from '../src/kube/conditions.ts';
import { imageStores, requireRunning } from '../src/local/cluster-status.ts';
import { buildImages } from '../src/local/images/build-images.ts';
import { importImages } from '../src/local/images/import-images.ts';
import { imageOptions, localOptions } from '../src/cli/local-options.ts';
import {
  benchIo,
  closeCluster,
  NS,
  openCluster,
  OPERATOR_PODS,
  type BenchCluster,
} from './bench/bench-cluster.ts';
import { compositionOf, kindOfService, uploadChart } from './bench/bench-service.ts';
import { root } from './bench/programs.ts';
import { waitFor } from './bench/wait-for.ts';
import { BURNER, MONITOR } from './monitoring/burner.ts';
import { monitorsTaken } from './monitoring/monitors-taken.ts';
import { judgeFigures, judgeQueries, type Asked, type Finding } from './monitoring/judge.ts';
import { startPrometheus, type Prometheus, type Target } from './monitoring/prometheus.ts';
import { panelQueries, ruleQueries, type NamedQuery } from './monitoring/queries.ts';

const CLUSTER = 'tenantry-monitoring';
const SERVICE = 'burner';
/** Milliseconds that it may take until the figures hold: rates are over five minutes, of which two are enough. */
const PATIENCE_MS = 420_000;
const LOOK_MS = 10_000;
/** Alerts that the broken instance must raise, leaving out for how long. */
const RAISED = ['TenantryInstancePodsNotRunning', 'TenantryInstanceOomKilled'];
/** Without figures where all is well: claims on a node's disk have no file system of their own, and no controller has failed yet. */
const SILENT = ['TenantryInstanceStorageNearlyFull', 'TenantryReconcileFails'];

const { values: options } = parseArgs({
  options: { cluster: { type: 'string' }, out: { type: 'string' } },
});
const name = options.cluster ?? CLUSTER;
const say = (text: string): void =>
  void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** A service and two instances of it: one that works, one that does not. */
async function offer({ client }: BenchCluster): Promise<void> {
  const io = benchIo();
  const local = localOptions(io, name);
  const { paths, state } = await requireRunning(local);
  const images = await buildImages(['mariadb', 'http-echo'], imageOptions(io));
  await importImages(imageStores(paths, state, local), images, io.progress, io.signal);
  const chartURL = await uploadChart(client, SERVICE, BURNER);
  const composition = compositionOf(SERVICE, chartURL);
  await client.create(RESOURCE_COMPOSITION, { ...composition, spec: { ...composition.spec, ...MONITOR } });
  await waitFor('the service is ready', 60_000, async () => {
    const { status } = await client.get(RESOURCE_COMPOSITION, { namespace: NS, name: SERVICE });
    return findCondition(status?.conditions, 'Ready')?.status === 'True' ? true : undefined;
  });
  const kind = kindOfService(SERVICE);
  for (const [instance, broken] of [
    ['steady', false],
    ['broken', true],
  ] as const)
    await client.create(kind, {
      apiVersion: `${kind.group}/${kind.version}`,
      kind: kind.kind,
      metadata: { namespace: NS, name: instance },
      spec: { broken },
    });
}

async function targetOf({ client, kubeconfig }: BenchCluster): Promise<Target> {
  const access = await loadAccess({ kubeconfig }, nodeSurroundings(benchIo()));
  const { items } = await client.list(POD, { namespace: NS, labelSelector: OPERATOR_PODS });
  const paths = items.map(
    ({ metadata }) => `/api/v1/namespaces/${NS}/pods/${metadata.name}:8080/proxy/metrics`,
  );
  const { certificate } = await access.credentials.current();
  const { ca } = access;
  if (certificate === undefined || ca === undefined)
    throw new Error('the kubeconfig has no client certificate');
  return { server: new URL(access.server), paths, ca, ...certificate };
}

async function askAll(prometheus: Prometheus, queries: readonly NamedQuery[]): Promise<readonly Asked[]> {
  return Promise.all(queries.map(async (one) => ({ ...one, series: await prometheus.query(one.query) })));
}

/** Looks until everything holds, or the patience is over; answers what was found last. */
async function judge(prometheus: Prometheus, rules: string): Promise<readonly Finding[]> {
  const { records, alerts, alertFigures } = ruleQueries(rules);
  const panels = panelQueries(readFileSync(join(root, 'deploy/chart/files/dashboard.json'), 'utf8'));
  const figures = alertFigures.filter((one) => !SILENT.includes(one.name));
  const look = async (): Promise<readonly Finding[]> => {
    const asked = await askAll(prometheus, [...records, ...panels, ...figures]);
    // What is recorded is asked by its own name: the rules must have been evaluated.
    const steady = async (record: string) =>
      [record, (await prometheus.query(`${record}{name="steady"}`))[0]?.value] as const;
    const values = new Map(
      await Promise.all([...records.map((one) => one.name), 'tenantry_instance_application'].map(steady)),
    );
    const raised = await askAll(
      prometheus,
      alerts.filter((one) => RAISED.includes(one.name)),
    );
    const quiet = await askAll(prometheus, alerts);
    return [
      ...judgeFigures((record) => values.get(record)),
      ...judgeQueries(asked),
      ...raised.map(({ name: alert, series }) =>
        of(
          `${alert} for the broken instance`,
          series.filter(({ metric }) => metric['name'] === 'broken').length,
          1,
        ),
      ),
      of(
        'alerts for the instance that works',
        quiet.flatMap(({ series }) => series).filter(({ metric }) => metric['name'] === 'steady').length,
        0,
      ),
    ];
  };
  const last: { findings: readonly Finding[] } = { findings: [] };
  await waitFor(
    'everything holds',
    PATIENCE_MS,
    async () => {
      last.findings = await look();
      const open = last.findings.filter(({ holds }) => !holds);
      say(
        `${last.findings.length - open.length} of ${last.findings.length} hold; open: ${open.map(({ what, found }) => `${what} (${found})`).join(', ')}`,
      );
      return open.length === 0 ? true : undefined;
    },
    LOOK_MS,
  ).catch(() => undefined);
  return last.findings;
}

const of = (what: string, found: number, wanted: number): Finding => ({
  what,
  found,
  wanted: String(wanted),
  holds: found === wanted,
});

async function clear({ client }: BenchCluster): Promise<void> {
  const kind = kindOfService(SERVICE);
  for (const instance of ['steady', 'broken']) await client.delete(kind, { namespace: NS, name: instance });
  await waitFor('the instances are gone', 120_000, async () =>
    (await client.list(kind, { namespace: NS })).items.length === 0 ? true : undefined,
  );
  await client.delete(RESOURCE_COMPOSITION, { namespace: NS, name: SERVICE });
}

const cluster = await openCluster(name);
try {
  await offer(cluster);
  say('offered; Prometheus starts');
  const rules = readFileSync(join(root, 'deploy/chart/files/rules.yaml'), 'utf8');
  const prometheus = await startPrometheus(await targetOf(cluster), rules);
  try {
    const findings = [...(await monitorsTaken(cluster.client)), ...(await judge(prometheus, rules))];
    for (const { what, found, wanted, holds } of findings)
      process.stdout.write(`${holds ? '✓' : '✗'} ${what}: ${found} (${wanted})\n`);
    if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify({ findings }, null, 2)}\n`);
    process.exitCode = findings.length > 0 && findings.every(({ holds }) => holds) ? 0 : 1;
  } finally {
    await prometheus.stop();
    await clear(cluster);
  }
} finally {
  await cluster.close();
  if (options.cluster === undefined) await closeCluster(name);
}
