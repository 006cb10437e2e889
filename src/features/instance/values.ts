import type { Instance } from '../../api/instance.ts';
import type { InstanceRevision } from '../../api/revision.ts';
import type { Json } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import { mergeValues } from '../../helm/merge-values.ts';

export type Values = Readonly<Record<string, Json>>;

/** KubePlus's own field in `spec`: the node all pods of the instance go to. */
export const NODE_NAME_FIELD = 'nodeName';

/** What a value Secret is, without its content: enough to notice that it changed, and nothing to guess passwords by. */
export interface ValuesSource {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What an instance is rendered with, apart from the values of Secrets. */
export interface ValueLayers {
  /** The operator's own (see `registryValues`), under everything else. */
  readonly operator?: Values;
  readonly provider: Values;
  readonly spec: Values;
}

/** The values in order: operator, provider, instance, then the Secrets it names. */
export function valuesOf(layers: ValueLayers, secrets: readonly Values[]): Values {
  return mergeValues(layers.operator, layers.provider, layers.spec, ...secrets);
}

/** The instance's own values. `nodeName` is taken out unless the chart knows such a value: a strict schema would refuse it. */
export function specValues(instance: Instance, chartDefaults: Values): Values {
  const spec = instance.spec ?? {};
  if (!Object.hasOwn(spec, NODE_NAME_FIELD) || Object.hasOwn(chartDefaults, NODE_NAME_FIELD)) return spec;
  const { [NODE_NAME_FIELD]: _nodeName, ...values } = spec;
  return values;
}

/** The node that the instance names; undefined if it names none. */
export function nodeNameOf(instance: Instance): string | undefined {
  const name = instance.spec?.[NODE_NAME_FIELD];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/**
 * Digest of everything that an instance's objects are made of. While it stays the same nothing is rendered again, so that
 * random values never change by themselves. Secrets count by version and not by content: the digest stands where people
 * who may not read the Secret can see it.
 */
export function inputsDigest(
  instance: Instance,
  revision: InstanceRevision['spec'],
  sources: readonly ValuesSource[],
  imageRegistry: string | undefined,
): string {
  const {
    quota,
    fillResources,
    podResources,
    allowedClusterKinds,
    isolation,
    nodePool,
    nodes,
    runtimeClass,
  } = revision.policies;
  const inputs = [
    revision.chart.digest,
    revision.providerValues,
    // An absent one leaves no trace: digests made before there was a choice stay what they are.
    { quota, fillResources, podResources, allowedClusterKinds, isolation, nodePool, nodes, runtimeClass },
    instance.spec ?? {},
    sources,
    imageRegistry ?? null,
  ];
  return shortHash(canonical(inputs), 24);
}

/** JSON with sorted keys: the API server may answer maps in another order than they were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
