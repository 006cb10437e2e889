import type { Instance } from '../../api/instance.ts';
import type { Revision } from '../../api/revision.ts';
import type { Reader } from '../../client/client.ts';
import { registryValues } from '../../helm/image-registry.ts';
import { RenderError, type RenderRequest, type Rendering } from '../../helm/rendering.ts';
import type { Kind } from '../../kube/kind.ts';
import { hiding } from '../../runtime/hide-values.ts';
import type { KindLookup } from './scope.ts';
import type { Charts } from './charts.ts';
import { desiredOf, hashesOf } from './desired.ts';
import { renderFailure, scopeFailure } from './failures.ts';
import { isAsFound } from './adoption.ts';
import { contentDigest, pendingRecord, renderingOf, type KeptRelease } from './kept-release.ts';
import { lookupIn } from './lookup.ts';
import { parseRendering, type ParsedRendering } from './manifests.ts';
import type { Identity } from './policies.ts';
import type { InstanceDeps, ServedKinds } from './service.ts';
import type { ReleaseRecord } from '../../helm/release.ts';
import { nodeNameOf, specValues, valuesOf, type Values } from './values.ts';
import type { Failure } from './world.ts';

/** What a new release is rendered from. */
export interface RenderTask {
  readonly instance: Instance;
  readonly identity: Identity;
  readonly revision: Revision;
  readonly number: number;
  readonly isUpgrade: boolean;
  readonly firstDeployed: string | undefined;
  readonly inputs: string;
  /** Values of the Secrets that the instance names. */
  readonly secretValues: readonly Values[];
  /** Texts that the notes, which stand in the status, may not repeat. */
  readonly secrets: readonly string[];
  /** As the service's account; undefined while the namespace does not exist, so that nothing is asked. */
  readonly account: Reader | undefined;
  readonly signal: AbortSignal;
  /** The release that is taken over with this one, if it is the first after. */
  readonly found?: ReleaseRecord | undefined;
}

type Outcome = KeptRelease | { readonly failure: Failure };

/** Renders a release and checks what came out. A failure is an answer; what may pass by itself is thrown. */
export async function renderRelease(
  deps: Pick<InstanceDeps, 'engine' | 'discovery' | 'clock' | 'settings'>,
  charts: Charts,
  task: RenderTask,
): Promise<Outcome> {
  const { identity, revision } = task;
  try {
    const chart = await charts.info(revision);
    const layers = {
      operator: registryValues(deps.settings.imageRegistry, chart.valuesSchema),
      provider: revision.spec.providerValues,
      spec: specValues(task.instance, chart.values),
    };
    const values = valuesOf(layers, task.secretValues);
    // The operator's own values count from the next release on, as its settings of pods do.
    const asFound = isAsFound(task.found, chart, valuesOf({ ...layers, operator: {} }, task.secretValues));
    const rendered =
      asFound && task.found !== undefined
        ? renderingOf(task.found)
        : await render(deps, charts, task, values);
    const rendering = { ...rendered, notes: hiding(task.secrets)(rendered.notes) };
    const record = pendingRecord({
      name: identity.release,
      namespace: identity.target,
      number: task.number,
      isUpgrade: task.isUpgrade,
      chart,
      values,
      rendering,
      now: deps.clock.now(),
      firstDeployed: task.firstDeployed,
    });
    return await keptRelease(deps.discovery, record, rendering, { ...task, asFound: asFound || undefined });
  } catch (error) {
    const failure = renderFailure(error);
    if (failure === undefined) throw error;
    return { failure };
  }
}

async function render(
  { engine, discovery }: Pick<InstanceDeps, 'engine' | 'discovery'>,
  charts: Charts,
  task: RenderTask,
  values: Values,
): Promise<Rendering> {
  const { identity, revision, account, signal } = task;
  const request: RenderRequest = {
    digest: revision.spec.chart.digest,
    release: {
      name: identity.release,
      namespace: identity.target,
      revision: task.number,
      isUpgrade: task.isUpgrade,
    },
    values,
    capabilities: await discovery.capabilities(),
    signal,
    ...(account === undefined ? {} : { lookup: lookupIn(identity.target, account, discovery, signal) }),
  };
  try {
    return await engine.render(request);
  } catch (error) {
    if (!(error instanceof RenderError) || error.code !== 'ChartInvalid') throw error;
    // The engine keeps a bounded number of charts and may have dropped this one: bring it once more.
    charts.forget(request.digest);
    await charts.info(revision);
    return engine.render(request);
  }
}

/** The release that a record keeps, made ready to be written with the same rules as when it was rendered. */
export async function keptRelease(
  discovery: Pick<ServedKinds, 'kindFor'>,
  record: ReleaseRecord,
  rendering: Rendering,
  task: Pick<RenderTask, 'instance' | 'identity' | 'revision' | 'inputs'> & {
    readonly asFound?: true | undefined;
  },
): Promise<Outcome> {
  const parsed = await parseRendering(rendering);
  const kindOf = await kindsOf(discovery, parsed);
  const { desired, findings } = desiredOf(parsed, {
    identity: task.identity,
    revision: task.revision.spec,
    nodeName: nodeNameOf(task.instance),
    kindOf,
    asFound: task.asFound === true,
  });
  if (findings.length > 0) return { failure: scopeFailure(findings) };
  const hashes = hashesOf(desired.objects);
  const { inputs, asFound } = task;
  return {
    ...desired,
    record,
    inputs,
    hashes,
    content: contentDigest(record),
    ...(asFound === undefined ? {} : { asFound }),
  };
}

async function kindsOf(
  discovery: Pick<ServedKinds, 'kindFor'>,
  parsed: ParsedRendering,
): Promise<KindLookup> {
  const kinds = new Map<string, Kind | undefined>();
  for (const { object } of [...parsed.objects, ...parsed.hooks]) {
    const key = `${object.apiVersion} ${object.kind}`;
    if (!kinds.has(key)) kinds.set(key, await discovery.kindFor(object.apiVersion, object.kind));
  }
  return (apiVersion, kind) => kinds.get(`${apiVersion} ${kind}`);
}
