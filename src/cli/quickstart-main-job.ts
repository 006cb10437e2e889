import { join } from 'node:path';
import type { Instance } from '../api/instance.ts';
import { RESOURCE_COMPOSITION } from '../api/resource-composition.ts';
import { readChart } from '../features/installation/read-chart.ts';
import { saveUpload } from '../helm/chart-store.ts';
import type { Kind } from '../kube/kind.ts';
import { shellCommand, shellQuote } from '../local/shell-quote.ts';
import type { CliIo } from './cli-io.ts';
import { applyFile } from './apply-file.ts';
import type { Connection } from './connect.ts';
import { DEFAULT_RELEASE, installInto } from './install.ts';
import { packageRoot } from './package-root.ts';
import { instanceTable } from './quickstart-table.ts';
import { showIsolation, showQuota, showSite, type Shown } from './quickstart-shows.ts';
import type { Site } from './quickstart-site.ts';
import { waitReady } from './wait-ready.ts';

const EXAMPLE = join('examples', 'multitenancy', 'wordpress');
const TENANTS = ['wp-for-tenant1', 'wp-for-tenant2'] as const;
const SERVICE_WAIT_MS = 60_000;
/** WordPress and MariaDB pull, start and set themselves up. */
const INSTANCE_WAIT_MS = 300_000;
const OPERATOR_WAIT = 180;

const WORDPRESS: Kind<Instance> = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'WordpressService',
  plural: 'wordpressservices',
  namespaced: true,
};

/** The main job, step by step, on whatever cluster: chart in, two isolated customers out, each claim shown by doing it. */
export async function runMainJob(
  io: CliIo,
  connection: Connection,
  site: Site & { readonly namespace: string },
): Promise<void> {
  const { client, discovery } = connection;
  const { namespace } = site;
  const folder = join(packageRoot(), EXAMPLE);
  const wait = { client, clock: io.clock, signal: io.signal };
  await installInto(io, connection, {
    namespace,
    name: DEFAULT_RELEASE,
    values: site.values,
    wait: true,
    timeout: OPERATOR_WAIT,
  });

  await io.progress.step('chart uploaded', async (note) => {
    const chart = await readChart(join(folder, 'chart'));
    const upload = await saveUpload(client, namespace, chart.name, chart.archive, io.clock.now());
    note(`${upload.name}, ${Math.ceil(upload.size / 1024)} KiB`);
  });
  await io.progress.step('WordpressService registered', async (note) => {
    await applyFile(client, discovery, join(folder, 'wordpress-service-composition.yaml'), namespace);
    await waitReady(
      RESOURCE_COMPOSITION,
      { namespace, name: 'wordpress-service-composition' },
      { ...wait, timeoutMs: SERVICE_WAIT_MS, note },
    );
  });
  discovery.invalidate();
  const instances = await io.progress.step('both customers ready', async (note) => {
    for (const file of ['tenant1.yaml', 'tenant2.yaml'])
      await applyFile(client, discovery, join(folder, file), namespace);
    return Promise.all(
      TENANTS.map((name) =>
        waitReady(WORDPRESS, { namespace, name }, { ...wait, timeoutMs: INSTANCE_WAIT_MS, note }),
      ),
    );
  });
  const [first, second] = instances;
  if (first === undefined || second === undefined) throw new Error('two instances were asked for');

  io.out('\nShown by doing it:\n');
  const context = { client, clock: io.clock, signal: io.signal, reach: site.reach };
  const urls: string[] = [];
  for (const instance of instances) {
    const shown = await show(io, `${instance.metadata.name} answers with its own title`, () =>
      showSite(context, instance),
    );
    // Through the API server is a way for this program; people take the cluster's own.
    urls.push(site.reach === undefined ? (instance.status?.url ?? '') : (shown.detail.split(' ')[0] ?? ''));
  }
  await Promise.all([
    show(io, 'the first reaches its own database', () => showIsolation(context, first, first, 'reached')),
    show(io, 'the first can’t reach the second’s database', () =>
      showIsolation(context, first, second, 'blocked'),
    ),
  ]);
  await show(io, 'the quota refuses a pod too many', () => showQuota(context, first));

  io.out(`\n${await instanceTable(client, instances, urls)}`);
  io.out(nextThings(io, site));
}

async function show(io: CliIo, claim: string, work: () => Promise<Shown>): Promise<Shown> {
  return io.progress.step(claim, async (note) => {
    const shown = await work();
    note(shown.detail);
    return shown;
  });
}

function nextThings(
  io: CliIo,
  { kubeconfig, namespace, reach }: Site & { readonly namespace: string },
): string {
  const self = shellCommand(io.self ?? ['tenantry']);
  // Only where the programs are ours: who has a cluster has a kubectl.
  const kubectl = `  export PATH="$(dirname "$(${self} tool kubectl)"):$PATH"   # the kubectl of this version`;
  return [
    '',
    'Next things to try:',
    ...(reach === undefined ? [] : [kubectl]),
    ...(kubeconfig === undefined ? [] : [`  export KUBECONFIG=${shellQuote(kubeconfig)}`]),
    `  kubectl explain wordpressservice.spec`,
    `  kubectl patch wordpressservice ${TENANTS[0]} -n ${namespace} --type merge -p '{"spec":{"title":"Renamed"}}'`,
    `  kubectl delete networkpolicy --all -n ${TENANTS[0]}; kubectl get networkpolicy -n ${TENANTS[0]} --watch   # they come back`,
    '',
  ].join('\n');
}
