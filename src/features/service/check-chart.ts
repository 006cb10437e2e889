import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';
import type { CompositionSpec } from '../../api/resource-composition.ts';
import type { PolicyRule, RevisionSpec } from '../../api/revision.ts';
import { registryValues } from '../../helm/image-registry.ts';
import { RenderError, type ChartInfo, type Rendering } from '../../helm/rendering.ts';
import { mergeValues } from '../../helm/merge-values.ts';
import { STORAGE_CLASS } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import { sha256 } from '../../lib/hash.ts';
import { distinct, kindKey, objectsOf, parseAll, scopeProblem, type ChartObject } from './chart-objects.ts';
import { ChartProblems, type ChartProblem } from './chart-problem.ts';
import { chartRights, kindsOfCrds } from './chart-rights.ts';
import type { ServiceDeps } from './dependencies.ts';
import { ownerOfGroup } from './spec-findings.ts';
import { missingRights } from './missing-rights.ts';
import type { ChartSample } from './policy-trial.ts';
import { runtimeClassProblems } from './runtime-class-problems.ts';
import { storageProblems } from './storage-problems.ts';

/** Namespace of the rendering at registration: no object may be for another one. */
const SAMPLE_NAMESPACE = 'tenantry-sample';

export interface ChartCheckInput {
  /** Of the composition. */
  readonly namespace: string;
  readonly spec: CompositionSpec;
  readonly resource: RevisionSpec['resource'];
  readonly bytes: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** A chart that is fit to be registered. */
export interface CheckedChart {
  readonly info: ChartInfo;
  readonly digest: string;
  readonly size: number;
  readonly kinds: RevisionSpec['kinds'];
  /** What the service's account needs beyond ClusterRole `tenantry-instance`. */
  readonly rules: readonly PolicyRule[];
  /** ClusterRoles that give it. */
  readonly roles: readonly string[];
  readonly crds: readonly AnyObject[];
}

/** A chart that is fit, and what it rendered: that is large and not kept. */
export interface ChartCheck {
  readonly checked: CheckedChart;
  readonly sample: ChartSample;
}

type Checks = Pick<ServiceDeps, 'client' | 'engine' | 'discovery' | 'settings'>;

/**
 * Loads a chart, renders it with its defaults and with every example, and checks what comes out. Nothing is written.
 * Throws ChartProblems with everything that was found, and KubeError.
 */
export async function checkChart(deps: Checks, input: ChartCheckInput): Promise<ChartCheck> {
  const { info, digest, crds } = await openChart(deps, input);
  const rendered = await renderAll(deps, input, { info, digest });
  const parsed = await Promise.all(rendered.renderings.map(objectsOf));
  const objects = parsed.flatMap((one) => one.objects);
  const kinds = await resolveKinds(deps, objects, crds);
  const allowedClusterKinds = input.spec.policies?.allowedClusterKinds ?? [];
  const scope = { namespace: SAMPLE_NAMESPACE, allowedClusterKinds, kinds };
  const judged = objects.map((object) => ({ object, problem: scopeProblem(object, scope) }));
  // Rights are asked for what may be written; nobody should grant them for what is refused anyway.
  const allowed = judged.flatMap(({ object, problem }) => (problem === undefined ? [object] : []));
  const needed = chartRights(allowed, kinds);
  const [missing, classes, unknownRuntime] = await Promise.all([
    missingRights(deps, { ...input, needed, clusterKinds: clusterKindsOf(allowed, kinds) }),
    deps.client.list(STORAGE_CLASS),
    runtimeClassProblems(deps.client, input.spec),
  ]);
  const problems = [
    ...rendered.problems,
    ...parsed.flatMap((one) => one.problems),
    ...missing.problems,
    ...storageProblems(objects, classes.items),
    ...unknownRuntime,
    ...judged.flatMap(({ problem }) => problem ?? []),
  ];
  if (problems.length > 0) throw new ChartProblems(distinct(problems));
  const { rules, roles } = missing;
  const seen = kindsSeen(objects, kinds);
  return {
    checked: { info, digest, size: input.bytes.byteLength, kinds: seen, rules, roles, crds },
    sample: {
      renderings: parsed.map((one) => one.objects),
      kinds,
      rules,
      seen,
      namespace: SAMPLE_NAMESPACE,
    },
  };
}

async function openChart(
  deps: Checks,
  { spec, bytes }: ChartCheckInput,
): Promise<{ info: ChartInfo; digest: string; crds: readonly AnyObject[] }> {
  const digest = sha256(bytes);
  const info = await loadInfo(deps, digest, bytes);
  const problems: ChartProblem[] = [];
  const { chartName } = spec.newResource;
  if (chartName !== undefined && chartName !== '' && chartName !== info.name) {
    problems.push({
      reason: 'ChartInvalid',
      message: `spec.newResource.chartName: the archive holds the chart ${info.name}, not ${chartName}; correct one of the two`,
    });
  }
  if (info.type === 'library') {
    problems.push({
      reason: 'ChartInvalid',
      message: `${info.name} is a library chart and has nothing to install; register a chart that uses it`,
    });
  }
  const crds = await parseAll(info.crds);
  problems.push(...crds.problems, ...crds.objects.flatMap(crdProblem));
  if (problems.length > 0) throw new ChartProblems(problems);
  return { info, digest, crds: crds.objects.map(({ object }) => object) };
}

/** Why an object in `crds/` is not written: the operator writes them itself, so they may do no more than define a kind. */
function crdProblem({ object, source }: ChartObject): readonly ChartProblem[] {
  const problem = (message: string): readonly ChartProblem[] => [
    { reason: 'ChartInvalid', message: `${source}: ${message}` },
  ];
  if (object.kind !== 'CustomResourceDefinition')
    return problem(`crds/ may hold CustomResourceDefinitions only, not ${object.kind}`);
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  const owner = typeof spec['group'] === 'string' ? ownerOfGroup(spec['group']) : undefined;
  if (owner !== undefined)
    return problem(
      `the group of ${object.metadata.name} belongs to ${owner}; its kinds are not a chart's to define`,
    );
  const { conversion } = spec;
  if (isJsonObject(conversion) && conversion['strategy'] === 'Webhook')
    return problem(
      `${object.metadata.name} has a conversion webhook, which the API server would call wherever it points to; take spec.conversion away, or let the cluster's owner install this CRD`,
    );
  return [];
}

/** What Helm says of a chart; ChartProblems if it can't be loaded. */
export async function loadInfo(
  deps: Pick<ServiceDeps, 'engine'>,
  digest: string,
  bytes: Uint8Array,
): Promise<ChartInfo> {
  try {
    return await deps.engine.load(digest, bytes);
  } catch (error) {
    if (!(error instanceof RenderError) || error.code === 'Cancelled') throw error;
    throw new ChartProblems(
      [{ reason: 'ChartInvalid', message: `the chart can not be read: ${error.message}` }],
      { cause: error },
    );
  }
}

/** The provider's values over the operator's; the chart's defaults lie below, a user's values above. */
export function baseValues(
  { settings }: Pick<ServiceDeps, 'settings'>,
  spec: CompositionSpec,
  chart: Pick<ChartInfo, 'valuesSchema'>,
): JsonObject {
  const given = registryValues(settings.imageRegistry, chart.valuesSchema);
  return mergeValues(given, spec.newResource.providerValues ?? {});
}

/**
 * Defaults first. A chart with mandatory values fails on those by design: that is no problem as long as there is an
 * example, for the examples then show what it renders.
 */
async function renderAll(
  deps: Checks,
  input: ChartCheckInput,
  { info, digest }: { readonly info: ChartInfo; readonly digest: string },
): Promise<{ renderings: Rendering[]; problems: ChartProblem[] }> {
  const capabilities = await deps.discovery.capabilities();
  const base = baseValues(deps, input.spec, info);
  const examples = input.spec.newResource.examples ?? [];
  const cases = [{ name: undefined, values: {} }, ...examples];
  const renderings: Rendering[] = [];
  const problems: ChartProblem[] = [];
  for (const { name, values } of cases) {
    try {
      renderings.push(
        await deps.engine.render({
          digest,
          release: {
            name: 'sample',
            namespace: SAMPLE_NAMESPACE,
            revision: 1,
            isUpgrade: false,
          },
          values: mergeValues(base, values),
          capabilities,
          lookup: () => Promise.resolve(undefined),
          ...(input.signal === undefined ? {} : { signal: input.signal }),
        }),
      );
    } catch (error) {
      const problem = renderProblem(error, name);
      if (name !== undefined || examples.length === 0) problems.push(problem);
    }
  }
  return { renderings, problems };
}

function renderProblem(error: unknown, example: string | undefined): ChartProblem {
  if (!(error instanceof RenderError) || error.code === 'Cancelled') throw error;
  const reason = error.code === 'LimitExceeded' ? 'TemplateFailed' : error.code;
  const mayLackValues =
    example === undefined && error.code !== 'LimitExceeded' && !error.message.startsWith('parse error ');
  const remedy = mayLackValues
    ? '; if it needs values, give them as spec.newResource.examples or providerValues'
    : '';
  const what = example === undefined ? 'with its defaults' : `with the example ${example}`;
  return { reason, message: `the chart does not render ${what}: ${error.message}${remedy}` };
}

async function resolveKinds(
  deps: Checks,
  objects: readonly ChartObject[],
  crds: readonly AnyObject[],
): Promise<ReadonlyMap<string, Kind | undefined>> {
  const own = kindsOfCrds(crds);
  const found = new Map<string, Kind | undefined>();
  for (const { object } of objects) {
    const key = kindKey(object);
    if (found.has(key)) continue;
    const fromChart = own.find(
      (kind) => `${kind.group}/${kind.version}` === object.apiVersion && kind.kind === object.kind,
    );
    found.set(key, fromChart ?? (await deps.discovery.kindFor(object.apiVersion, object.kind)));
  }
  return found;
}

function kindsSeen(
  objects: readonly ChartObject[],
  kinds: ReadonlyMap<string, Kind | undefined>,
): RevisionSpec['kinds'] {
  const seen = new Map<string, RevisionSpec['kinds'][number]>();
  for (const { object } of objects) {
    const namespaced = kinds.get(kindKey(object))?.namespaced ?? true;
    seen.set(kindKey(object), { apiVersion: object.apiVersion, kind: object.kind, namespaced });
  }
  return [...seen.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

/** Kinds that belong to no namespace, each once. */
function clusterKindsOf(
  objects: readonly ChartObject[],
  kinds: ReadonlyMap<string, Kind | undefined>,
): readonly Kind[] {
  const found = objects.flatMap(({ object }) => kinds.get(kindKey(object)) ?? []);
  return [...new Set(found)].filter(({ namespaced }) => !namespaced);
}
