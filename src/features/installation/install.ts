import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import type { Discovery } from '../../client/discovery.ts';
import { MANAGED_BY_LABEL, MANAGED_BY_VALUE } from '../../api/names.ts';
import { crdManifests } from '../../api/crds.ts';
import { openChart, packChart } from '../../helm/archive.ts';
import { readChartFolder } from '../../helm/chart-folder.ts';
import {
  RenderError,
  type ChartInfo,
  type Engine,
  type Rendering,
  type RenderRequest,
} from '../../helm/rendering.ts';
import { chartOfRelease, manifestText, withStatus, type ReleaseRecord } from '../../helm/release.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject, Json } from '../../kube/object.ts';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Progress } from '../../lib/progress.ts';
import { joinedOperator, requireClusterPart, runsOperator } from './cluster-part.ts';
import { keepValues } from './kept-values.ts';
import { ensureOwnCrds } from './own-crds.ts';
import { readHistory, trimHistory, writeRelease } from './release-history.ts';
import {
  isOfRelease,
  obsolete,
  releaseObjects,
  type ReleaseName,
  type ReleaseObject,
} from './release-objects.ts';
import { waitForOperator } from './wait-for-operator.ts';
import { waitForWebhooks } from './wait-for-webhooks.ts';
import { messageOf } from '../../lib/error-text.ts';
import { writeObjects } from './write-objects.ts';

export interface InstallOptions {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Folder of the operator's chart. */
  readonly chartFolder: string;
  readonly release: ReleaseName;
  readonly values: Readonly<Record<string, Json>>;
  /** Whether values of the installation before hold where `values` says nothing. */
  readonly keepValues: boolean;
  readonly version: string;
  /** Milliseconds the operator may take to become ready; 0 does not wait. */
  readonly waitMs: number;
}

/** What was installed. */
export interface Installed {
  /** Namespace of the operator that the cluster has already and that this release joined. */
  readonly joined: string | undefined;
  /** Names of the values that were kept from the installation before. */
  readonly kept: readonly string[];
}

interface LoadedChart {
  readonly archive: Uint8Array;
  readonly digest: string;
  readonly info: ChartInfo;
}

/**
 * Installs or upgrades the operator from its chart, as a Helm release that a stock helm can list, upgrade and delete: the same engine
 * renders it, the same record is kept. Objects of another release are refused. Safe to run again. Throws KubeError,
 * RenderError, or an Error with a remedy.
 */
export async function installOperator(asked: InstallOptions): Promise<Installed> {
  const { client, progress, release, clock } = asked;
  const chart = await loadChart(asked);
  const history = await readHistory(client, release);
  const { values, kept } = keepValues(asked.keepValues ? history : [], asked.values);
  const options = { ...asked, values };
  // Before anything is written: this is where wrong values show.
  const rendering = await render(options, chart, history);
  await progress.step('kinds', async (note) => {
    const written = await ensureOwnCrds(client, crdManifests(), options.version);
    note(written.length === 0 ? 'up to date' : `${written.length} written`);
  });
  await progress.step(`namespace ${release.namespace}`, () => ensureNamespace(client, release.namespace));
  const objects = await releaseObjects(rendering.manifests, release, options.discovery);
  await requireClusterPart(client, objects);
  await trimHistory(client, release, history);
  const pending = await record(options, chart, rendering, history);
  await writeRelease(client, pending, clock.now());
  try {
    await progress.step('objects', async (note) => {
      await writeObjects(options, objects, note);
      await deleteObsolete(options, history, objects);
      note(`${objects.length} written`);
    });
  } catch (error) {
    const description = messageOf(error);
    await writeRelease(client, withStatus(pending, 'failed', description), clock.now());
    throw error;
  }
  await writeRelease(
    client,
    withStatus(pending, 'deployed', pending.version === 1 ? 'Install complete' : 'Upgrade complete'),
    clock.now(),
  );
  await Promise.all(
    history
      .filter(({ info }) => info.status === 'deployed')
      .map((old) => writeRelease(client, withStatus(old, 'superseded', old.info.description), clock.now())),
  );
  const joined = await joinedOperator(client, objects, release.namespace);
  if (options.waitMs === 0 || !runsOperator(objects)) return { joined, kept };
  await progress.step('operator ready', async (note) => {
    await waitForOperator(options, note);
    await waitForWebhooks(options);
  });
  return { joined, kept };
}

async function loadChart({ engine, chartFolder }: InstallOptions): Promise<LoadedChart> {
  const { files } = await readChartFolder(chartFolder);
  const archive = packChart('tenantry', files);
  const digest = sha256(archive);
  return { archive, digest, info: await engine.load(digest, archive) };
}

/** Looked at first: a provider has a namespace and may not make one. */
async function ensureNamespace(client: Client, name: string): Promise<void> {
  const labels = { [MANAGED_BY_LABEL]: MANAGED_BY_VALUE };
  const existing = await client.find(NAMESPACE, { name });
  if (existing === undefined)
    await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  else if (existing.metadata.labels?.[MANAGED_BY_LABEL] !== MANAGED_BY_VALUE)
    await client.patch(NAMESPACE, { name }, { type: 'merge', body: { metadata: { labels } } });
}

async function render(
  { client, discovery, engine, release, values, signal }: InstallOptions,
  chart: LoadedChart,
  history: readonly ReleaseRecord[],
): Promise<Rendering> {
  const revision = (history.at(-1)?.version ?? 0) + 1;
  const request: RenderRequest = {
    digest: chart.digest,
    release: { ...release, revision, isUpgrade: revision > 1 },
    values,
    capabilities: await discovery.capabilities(),
    lookup: async ({ apiVersion, kind: name, namespace, name: object }) => {
      const kind = await discovery.kindFor(apiVersion, name);
      if (kind === undefined || object === '') return undefined;
      // True because what the API server sent is JSON.
      return (await client.find<AnyObject>(anyOf(kind), { namespace, name: object })) as Json | undefined;
    },
    signal,
  };
  try {
    return await engine.render(request);
  } catch (error) {
    if (!(error instanceof RenderError) || error.code === 'Cancelled') throw error;
    const remedy = 'Correct what --set and --values say; values.schema.json of the chart has the rules.';
    throw Object.assign(error, { remedy });
  }
}

const anyOf = ({ group, version, kind, plural, namespaced }: Kind): Kind<AnyObject> => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});

async function record(
  { clock, release, values }: InstallOptions,
  chart: LoadedChart,
  rendering: Rendering,
  history: readonly ReleaseRecord[],
): Promise<ReleaseRecord> {
  const now = new Date(clock.now()).toISOString();
  const version = (history.at(-1)?.version ?? 0) + 1;
  return {
    name: release.name,
    namespace: release.namespace,
    version,
    info: {
      firstDeployed: history[0]?.info.firstDeployed ?? now,
      lastDeployed: now,
      description: version === 1 ? 'Initial install underway' : 'Preparing upgrade',
      status: version === 1 ? 'pending-install' : 'pending-upgrade',
      notes: rendering.notes,
    },
    chart: chartOfRelease(chart.info, await openChart(chart.archive)),
    config: values,
    manifest: manifestText(rendering.manifests),
    hooks: rendering.hooks,
    applyMethod: 'ssa',
  };
}

/** What the newest release wrote and this one does not. */
async function deleteObsolete(
  { client, discovery, release }: InstallOptions,
  history: readonly ReleaseRecord[],
  objects: readonly ReleaseObject[],
): Promise<void> {
  const last = history.at(-1);
  if (last === undefined) return;
  const before = await releaseObjects(
    [{ source: 'previous release', content: last.manifest }],
    release,
    discovery,
  );
  for (const { kind, object } of obsolete(before, objects)) {
    const { namespace, name } = object.metadata;
    const stored = await client.find<AnyObject>(anyOf(kind), { namespace, name });
    if (stored?.metadata.uid === undefined || !isOfRelease(stored, release)) continue;
    await client.delete(kind, { namespace, name }, { uid: stored.metadata.uid, propagation: 'Background' });
  }
}

/** The chart's folder inside the package. */
export const chartFolderOf = (packageRoot: string): string => join(packageRoot, 'deploy', 'chart');
