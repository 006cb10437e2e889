import { serviceClusterRoleName } from '../../api/instance.ts';
import type { ResourceComposition } from '../../api/resource-composition.ts';
import type { Revision, RevisionSpec, ServicePolicies } from '../../api/revision.ts';
import { ChartSourceError } from '../../helm/chart-source-error.ts';
import { CHART_DIGEST_LABEL, chartChunks, loadChart } from '../../helm/chart-store.ts';
import { valuesSchemaOf } from '../../helm/values-schema.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { mapLimit } from '../../lib/limit.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Read } from '../../runtime/controller.ts';
import { parseAll } from './chart-objects.ts';
import { checkChart, loadInfo, type CheckedChart } from './check-chart.ts';
import type { ServiceDeps } from './dependencies.ts';
import { ChartProblems } from './chart-problem.ts';
import { operatorProblems } from './operator-rights.ts';
import { getChart } from './get-chart.ts';
import { tryPolicies } from './policy-trial.ts';
import {
  INPUTS_ANNOTATION,
  inputsHashOf,
  SOURCE_ANNOTATION,
  sourceHashOf,
  uidOf,
} from './service-objects.ts';
import type { PreparedChart } from './world.ts';

/** Milliseconds for asking the cluster's policies about a chart; what they were not asked by then, instances find out. */
const TRIAL_BUDGET_MS = 60_000;
/** Reads of chunks at the same time. */
const PARALLEL = 4;

/**
 * What was worked out about charts, by UID of the composition: a look at a composition whose inputs did not change reads
 * no chart and renders nothing. A cache only; after a restart it is filled again from what is kept in the cluster.
 */
export class ChartMemory {
  readonly #prepared = new Map<string, { readonly inputs: string; readonly chart: PreparedChart }>();

  get(uid: string, inputs: string): PreparedChart | undefined {
    const kept = this.#prepared.get(uid);
    return kept?.inputs === inputs ? kept.chart : undefined;
  }

  set(uid: string, inputs: string, chart: PreparedChart): void {
    this.#prepared.set(uid, { inputs, chart });
  }

  /** Forgets compositions that are not among `uids`. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#prepared.keys()) if (!uids.has(uid)) this.#prepared.delete(uid);
  }
}

export interface PrepareContext {
  readonly resource: RevisionSpec['resource'];
  readonly current: Revision | undefined;
  /** What every instance gets around its release. */
  readonly policies: ServicePolicies;
  readonly read: Read;
  readonly deps: ServiceDeps;
  readonly memory: ChartMemory;
}

/**
 * The chart of a composition, checked and compiled. Fetched only when its source changed, rendered only when something
 * in the composition did. Throws ChartProblems and KubeError.
 */
export async function prepareChart(
  composition: ResourceComposition,
  context: PrepareContext,
): Promise<PreparedChart> {
  const { current, memory, deps, read, resource } = context;
  const inputs = inputsHashOf(composition);
  const isRecorded = current?.metadata.annotations?.[INPUTS_ANNOTATION] === inputs;
  const kept = memory.get(uidOf(composition), inputs);
  if (kept !== undefined && isRecorded) return withoutBytes(kept, composition, context);
  const bytes = (await keptBytes(composition, context)) ?? (await fetchBytes(composition, context));
  const { signal } = read;
  const lacking = current === undefined ? await operatorProblems(deps.client, resource, signal) : [];
  if (lacking.length > 0) throw new ChartProblems(lacking);
  const isSameChart = current?.spec.chart.digest === sha256(bytes);
  const checked =
    isRecorded && isSameChart
      ? await recall(current, bytes, deps)
      : await checkAnew(composition, bytes, context);
  const { providerValues, schema } = composition.spec.newResource;
  const values = valuesSchemaOf({ chart: checked.info, ownSchema: schema, providerValues });
  const { stored, secrets } = chartChunks(composition.metadata.namespace ?? '', bytes);
  const missingChunks = await notKept(secrets, read);
  const chart: PreparedChart = { ...checked, values, stored, missingChunks };
  memory.set(uidOf(composition), inputs, chart);
  return chart;
}

/** All that admission looks at, for it may have been down, and policies of the cluster are others each time. */
async function checkAnew(
  { metadata, spec }: ResourceComposition,
  bytes: Uint8Array,
  { resource, policies, read: { signal }, deps }: PrepareContext,
): Promise<CheckedChart> {
  const { namespace = '' } = metadata;
  const { checked, sample } = await checkChart(deps, { namespace, spec, resource, bytes, signal });
  if (deps.policyTrial?.mode === 'refuse') {
    const { denials } = await tryPolicies(deps, {
      resource,
      policies,
      sample,
      budgetMs: TRIAL_BUDGET_MS,
      signal,
    });
    if (denials.length > 0) throw new ChartProblems(denials);
  }
  return checked;
}

/** Once the revision stands, its chunks are kept and their bytes need no memory here. */
function withoutBytes(
  chart: PreparedChart,
  composition: ResourceComposition,
  { memory }: PrepareContext,
): PreparedChart {
  if (chart.missingChunks.length === 0) return chart;
  const light = { ...chart, missingChunks: [] };
  memory.set(uidOf(composition), inputsHashOf(composition), light);
  return light;
}

/** The bytes that the current revision runs, if the composition still names the same source and they are unharmed. */
async function keptBytes(
  composition: ResourceComposition,
  { current, read }: PrepareContext,
): Promise<Uint8Array | undefined> {
  if (
    current === undefined ||
    current.metadata.annotations?.[SOURCE_ANNOTATION] !== sourceHashOf(composition)
  )
    return undefined;
  const { chunks, digest } = current.spec.chart;
  try {
    return await loadChart(read.live, composition.metadata.namespace ?? '', chunks, digest);
  } catch (error) {
    // Chunks that somebody deleted or replaced: the source has them, and if it has others, that is a new revision.
    if (isKubeError(error, 'NotFound') || error instanceof ChartSourceError) return undefined;
    throw error;
  }
}

function fetchBytes(composition: ResourceComposition, { read, deps }: PrepareContext): Promise<Uint8Array> {
  const sources = { live: read.live, fetchChart: deps.fetchChart };
  const namespace = composition.metadata.namespace ?? '';
  return getChart(sources, { spec: composition.spec, namespace, signal: read.signal });
}

/** What the check found when the revision was made: it is written there and needs no rendering. */
async function recall(current: Revision, bytes: Uint8Array, deps: ServiceDeps): Promise<CheckedChart> {
  const { chart, kinds, rules, roles = rolesOfEarlier(current) } = current.spec;
  const info = await loadInfo(deps, chart.digest, bytes);
  const crds = (await parseAll(info.crds)).objects.map(({ object }) => object);
  return { info, digest: chart.digest, size: chart.size, kinds, rules, roles, crds };
}

/** Earlier versions knew one role, and did not write which. */
function rolesOfEarlier({ spec }: Revision): readonly string[] {
  return spec.rules.length === 0 ? [] : [serviceClusterRoleName(spec.resource)];
}

async function notKept(secrets: readonly Secret[], read: Read): Promise<readonly Secret[]> {
  const missing = await mapLimit(secrets, PARALLEL, async (secret) => {
    const { namespace, name, labels } = secret.metadata;
    const present = await read.live.find(SECRET, { namespace, name });
    const label = labels?.[CHART_DIGEST_LABEL];
    return present?.metadata.labels?.[CHART_DIGEST_LABEL] === label ? [] : [secret];
  });
  return missing.flat();
}
