import type { CompositionSpec } from '../../api/resource-composition.ts';
import type { Revision, RevisionSpec, ServicePolicies } from '../../api/revision.ts';
import { policiesOf } from '../../features/service/service-spec.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { JsonObject } from '../../api/json-schema.ts';

/** What of an earlier revision its own record does not say by itself. */
export interface Earlier {
  readonly target: RevisionSpec;
  /** Where its chart is to be had; undefined: the composition names the same bytes. */
  readonly chartURL: string | undefined;
  /** Whether values had a schema of the composition's own, and which; `kept`: the composition says the same now. */
  readonly schema: 'kept' | JsonObject | undefined;
}

/**
 * The spec by which a composition says what an earlier revision said: chart, the provider's values, the schema and the policies. What
 * revisions don't record stays: examples, monitoring, protection, the node that instances may name. Pure.
 */
export function earlierSpec(
  spec: CompositionSpec,
  effective: ServicePolicies,
  earlier: Earlier,
): CompositionSpec {
  const { target } = earlier;
  const { providerValues: _values, schema: ownSchema, ...rest } = spec.newResource;
  const schema = earlier.schema === 'kept' ? ownSchema : earlier.schema;
  const newResource = {
    ...rest,
    // Signatures and credentials were for the place where the chart came from; its digest holds for the bytes that are kept.
    ...(earlier.chartURL === undefined
      ? {}
      : { chartURL: earlier.chartURL, chartName: target.chart.name, chart: { digest: target.chart.digest } }),
    ...(Object.keys(target.providerValues).length === 0
      ? {}
      : { providerValues: { ...target.providerValues } }),
    ...(schema === undefined ? {} : { schema }),
  };
  return withPolicies({ ...spec, newResource }, effective, target.policies);
}

/** Fields that come out of `spec.respolicy`; the others are those of `spec.policies`. */
const POLICY_FIELDS = new Set(['quota', 'counts', 'podResources']);

/** Only what differs is written: a field that nobody set stays unset where its default is what is wanted. */
function withPolicies(spec: CompositionSpec, now: ServicePolicies, wanted: ServicePolicies): CompositionSpec {
  const fields = differingPolicies(now, wanted);
  if (fields.length === 0) return spec;
  const isOwn = (field: string): boolean => !POLICY_FIELDS.has(field);
  const own = fields.some(isOwn) ? { policies: ownPolicies(spec, wanted, fields.filter(isOwn)) } : {};
  const respolicy = fields.every(isOwn) ? {} : { respolicy: resourcePolicy(spec, wanted) };
  return { ...spec, ...own, ...respolicy };
}

function ownPolicies(
  spec: CompositionSpec,
  wanted: ServicePolicies,
  fields: readonly string[],
): CompositionSpec['policies'] {
  // Strict isolation says which level that is, whatever the field says.
  const settable = wanted.isolation === 'strict' ? fields.filter((field) => field !== 'podSecurity') : fields;
  const kept = Object.entries(spec.policies ?? {}).filter(([field]) => !settable.includes(field));
  const set = Object.entries(wanted).filter(([field]) => settable.includes(field));
  return Object.fromEntries([...kept, ...set]);
}

function resourcePolicy(spec: CompositionSpec, wanted: ServicePolicies): CompositionSpec['respolicy'] {
  const { respolicy } = spec;
  const { nodeSelector } = respolicy?.spec?.policy?.podconfig ?? {};
  const podconfig = { ...wanted.podResources, ...(nodeSelector === undefined ? {} : { nodeSelector }) };
  const quota = { ...wanted.quota, ...wanted.counts };
  const policy = {
    ...(Object.keys(podconfig).length === 0 ? {} : { podconfig }),
    ...(Object.keys(quota).length === 0 ? {} : { quota }),
  };
  return { ...respolicy, spec: { ...respolicy?.spec, policy } };
}

/** Names of the policies that two texts say differently. What is measured is not among them: revisions don't record it. */
export function differingPolicies(one: ServicePolicies, other: ServicePolicies): readonly string[] {
  const { monitored: _one, ...left } = one;
  const { monitored: _other, ...right } = other;
  const [a, b]: readonly Readonly<Record<string, unknown>>[] = [left, right];
  const fields = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...fields].filter((field) => !deepEqual(a?.[field], b?.[field])).sort();
}

/** What an earlier revision's policies are not set back to, for something is laid over the composition. */
export function overruledPolicies(
  spec: CompositionSpec,
  target: RevisionSpec,
  lay: (spec: CompositionSpec) => CompositionSpec,
): readonly string[] {
  return differingPolicies(policiesOf(lay(spec)), target.policies);
}

/** What makes a revision another one than that before it, in words for a table. */
export function changesOf(before: Revision | undefined, { spec }: Pick<Revision, 'spec'>): string {
  if (before === undefined) return 'registered';
  const old = before.spec;
  const policies = differingPolicies(old.policies, spec.policies);
  const changes = [
    ...(old.chart.digest === spec.chart.digest ? [] : ['chart']),
    ...(deepEqual(old.providerValues, spec.providerValues) ? [] : ['provider values']),
    ...(deepEqual(old.valuesSchema ?? null, spec.valuesSchema ?? null) ? [] : ['schema']),
    ...policies,
    ...(deepEqual(old.policies.monitored, spec.policies.monitored) ? [] : ['monitoring']),
    ...(deepEqual(old.rules, spec.rules) && deepEqual(old.kinds, spec.kinds) ? [] : ['what it may write']),
  ];
  return changes.join(', ') || 'nothing that instances see';
}
