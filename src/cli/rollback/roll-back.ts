import { companionFor } from '../../api/companion.ts';
import {
  RESOURCE_COMPOSITION,
  type CompositionSpec,
  type ResourceComposition,
} from '../../api/resource-composition.ts';
import { RESOURCE_POLICY } from '../../api/resource-policy.ts';
import type { Revision, RevisionSpec } from '../../api/revision.ts';
import type { Client } from '../../client/client.ts';
import { withPolicy } from '../../features/service/laid-over.ts';
import { policiesOf } from '../../features/service/service-spec.ts';
import { findUpload, loadChart, saveUpload } from '../../helm/chart-store.ts';
import type { Engine } from '../../helm/rendering.ts';
import { valuesSchemaOf } from '../../helm/values-schema.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isJsonObject } from '../../api/json-schema.ts';
import { UserError } from '../cli-io.ts';
import { isRegistered, namesChartOf, type ServiceHistory } from './service-history.ts';
import { earlierSpec, overruledPolicies, type Earlier } from './earlier-spec.ts';

export interface RollBack {
  readonly client: Client;
  readonly clock: Clock;
  /** Reads a chart's own schema; asked only where revisions have different ones. */
  readonly engine: Pick<Engine, 'load'>;
  /** Says what would change, and writes nothing. */
  readonly dryRun: boolean;
}

export interface RolledBack {
  readonly spec: CompositionSpec;
  /** False where the composition says all of it already. */
  readonly changed: boolean;
  /** Fields of the composition that change. */
  readonly fields: readonly string[];
  /** Where the chart came from until now, if that changes. */
  readonly leftSource: string | undefined;
  /** Policies that stay otherwise, and the ResourcePolicy that is laid over them. */
  readonly overruled: { readonly fields: readonly string[]; readonly by: string } | undefined;
}

/** Has a composition say what an earlier revision said; the operator makes a new revision of it. Throws UserError and KubeError. */
export async function rollBack(
  context: RollBack,
  { composition, newest }: ServiceHistory,
  { spec: target }: Revision,
): Promise<RolledBack> {
  const { client, dryRun } = context;
  const { spec, metadata } = composition;
  const policies = await client.list(RESOURCE_POLICY, { namespace: metadata.namespace });
  const over = companionFor(target.resource, policies.items);
  const lay = (one: CompositionSpec): CompositionSpec => withPolicy(one, over).spec;
  const earlier = await recover(context, { composition, newest, target });
  const wanted = earlierSpec(spec, policiesOf(lay(spec)), earlier);
  const changed = !deepEqual(wanted, spec);
  // The whole object, with the version that was read: what somebody changes at the same time is not undone unseen.
  if (changed && !dryRun) await client.replace(RESOURCE_COMPOSITION, { ...composition, spec: wanted });
  const left = overruledPolicies(wanted, target, lay);
  const { chartURL } = spec.newResource;
  return {
    spec: wanted,
    changed,
    fields: changedFields(spec, wanted),
    leftSource: wanted.newResource.chartURL === chartURL ? undefined : chartURL,
    overruled: over === undefined || left.length === 0 ? undefined : { fields: left, by: over.metadata.name },
  };
}

function changedFields(before: CompositionSpec, after: CompositionSpec): readonly string[] {
  const under = (path: string, one: object, other: object): string[] => {
    const [a, b] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
    return [...new Set([...a.keys(), ...b.keys()])]
      .filter((field) => !deepEqual(a.get(field), b.get(field)))
      .map((field) => `${path}.${field}`);
  };
  const { newResource: one, ...rest } = before;
  const { newResource: other, ...others } = after;
  return [...under('spec.newResource', one, other), ...under('spec', rest, others)];
}

interface Question {
  readonly composition: ResourceComposition;
  readonly newest: Revision;
  readonly target: RevisionSpec;
}

/** Finds the chart's bytes where the revision keeps them, and what schema it had. */
async function recover(context: RollBack, { composition, newest, target }: Question): Promise<Earlier> {
  const { namespace = '' } = composition.metadata;
  const isSameChart = newest.spec.chart.digest === target.chart.digest && namesChartOf(composition, newest);
  const isSameSchema =
    deepEqual(newest.spec.valuesSchema ?? null, target.valuesSchema ?? null) &&
    isRegistered(composition, newest);
  if (isSameChart && isSameSchema) return { target, chartURL: undefined, schema: 'kept' };
  const bytes = await keptChart(context.client, namespace, target);
  const chartURL = isSameChart ? undefined : await uploadOf(context, namespace, target, bytes);
  if (isSameSchema) return { target, chartURL, schema: 'kept' };
  const chart = await context.engine.load(target.chart.digest, bytes);
  const fromChart = valuesSchemaOf({ chart, providerValues: target.providerValues }).admission;
  const isOwn = !deepEqual(fromChart ?? null, target.valuesSchema ?? null);
  return {
    target,
    chartURL,
    schema: isOwn && isJsonObject(target.valuesSchema) ? target.valuesSchema : undefined,
  };
}

async function keptChart(client: Client, namespace: string, { chart }: RevisionSpec): Promise<Uint8Array> {
  try {
    return await loadChart(client, namespace, chart.chunks, chart.digest);
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
    throw new UserError(
      `the chart ${chart.name} ${chart.version} of that revision is kept no more: ${error.message}`,
      'Set spec.newResource.chartURL of the ResourceComposition to where it is, or upload it: tenantry chart upload.',
      { cause: error },
    );
  }
}

/** Digits of the digest in a file name; only uploads of one chart and version are told apart by them. */
const SHORT_DIGEST = 12;

/** An address of the bytes that does not depend on where they came from: an upload, the one of before if there was one. */
async function uploadOf(
  { client, clock, dryRun }: RollBack,
  namespace: string,
  { chart }: RevisionSpec,
  bytes: Uint8Array,
): Promise<string> {
  const stem = `${chart.name}-${chart.version.replaceAll('+', '_')}`;
  const plain = await findUpload(client, namespace, `${stem}.tgz`);
  if (plain?.digest === chart.digest) return `file:///${stem}.tgz`;
  const name = plain === undefined ? `${stem}.tgz` : `${stem}-${chart.digest.slice(0, SHORT_DIGEST)}.tgz`;
  if (!dryRun) await saveUpload(client, namespace, name, bytes, clock.now());
  return `file:///${name}`;
}
