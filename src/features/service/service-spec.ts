import { parseAppEndpoint } from '../../api/app-endpoint.ts';
import { DEFAULT_SERVICE_GROUP } from '../../api/names.ts';
import { podControlsOf } from '../../api/pod-controls.ts';
import { COUNT_KEYS, type QuotaCounts } from '../../api/quota-counts.ts';
import type { CompositionSpec } from '../../api/resource-composition.ts';
import { STRICT_QUOTA, type Quota, type RevisionSpec, type ServicePolicies } from '../../api/revision.ts';

/** Version of generated kinds when the composition names none; KubePlus knew no other. */
export const DEFAULT_SERVICE_VERSION = 'v1alpha1';

/** Order of the four keys, as KubePlus's text names them. */
export const QUOTA_KEYS = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'] as const;

/**
 * The API that a composition registers. In the operator's own namespace the group is KubePlus's; elsewhere one of the
 * namespace's own, so that two providers never fight for a kind.
 */
export function resourceOf(
  composition: { readonly metadata: { readonly namespace?: string }; readonly spec: CompositionSpec },
  operatorNamespace: string,
): RevisionSpec['resource'] {
  const { resource } = composition.spec.newResource;
  const { namespace = operatorNamespace } = composition.metadata;
  return {
    group: emptyAsUnset(resource.group) ?? ownGroupOf(namespace, operatorNamespace),
    version: emptyAsUnset(resource.version) ?? DEFAULT_SERVICE_VERSION,
    kind: resource.kind,
    plural: resource.plural,
  };
}

function ownGroupOf(namespace: string, operatorNamespace: string): string {
  return namespace === operatorNamespace ? DEFAULT_SERVICE_GROUP : `${namespace}.${DEFAULT_SERVICE_GROUP}`;
}

/** True for the group that services of a namespace get when their compositions name none: no other provider's kinds are in it. */
export function isOwnGroup(group: string, namespace: string, operatorNamespace: string): boolean {
  return group === ownGroupOf(namespace, operatorNamespace);
}

/** The policies of a composition with the defaults filled in. */
export function policiesOf(spec: CompositionSpec): ServicePolicies {
  const { policy } = spec.respolicy?.spec ?? {};
  const isStrict = spec.policies?.isolation === 'strict';
  const quota = quotaOf(spec) ?? (isStrict ? STRICT_QUOTA : undefined);
  const podResources = podResourcesOf(policy?.podconfig);
  const counts = countsOf(policy?.quota);
  return {
    ...(quota === undefined ? {} : { quota }),
    ...(counts === undefined ? {} : { counts }),
    ...(isStrict ? { isolation: 'strict' } : {}),
    podSecurity: isStrict ? 'restricted' : (spec.policies?.podSecurity ?? 'baseline'),
    fillResources: spec.policies?.fillResources ?? true,
    egress: spec.policies?.egress ?? 'default',
    ...(podResources === undefined ? {} : { podResources }),
    ...(isMonitored(spec) ? { monitored: true } : {}),
    ...podControlsOf(spec.policies),
    allowedClusterKinds: [...(spec.policies?.allowedClusterKinds ?? [])].sort(),
  };
}

/** Whether the operator asks the pods of instances for metrics of their own. */
export function isMonitored(spec: CompositionSpec): boolean {
  const parsed = parseAppEndpoint(spec.resmonitor?.spec?.appEndpoints);
  return parsed !== undefined && 'endpoint' in parsed;
}

/** The quota, if all four values are there. */
function quotaOf(spec: CompositionSpec): Quota | undefined {
  const quota = spec.respolicy?.spec?.policy?.quota ?? {};
  const [requestsCpu, requestsMemory, limitsCpu, limitsMemory] = QUOTA_KEYS.map((key) =>
    emptyAsUnset(quota[key]),
  );
  if (requestsCpu === undefined || requestsMemory === undefined) return undefined;
  if (limitsCpu === undefined || limitsMemory === undefined) return undefined;
  return {
    'requests.cpu': requestsCpu,
    'requests.memory': requestsMemory,
    'limits.cpu': limitsCpu,
    'limits.memory': limitsMemory,
  };
}

/** The keys that each stand by themselves. */
function countsOf(quota: QuotaCounts | undefined): QuotaCounts | undefined {
  return given(Object.fromEntries(COUNT_KEYS.map((key) => [key, quota?.[key]])));
}

type PodConfig = NonNullable<
  NonNullable<NonNullable<CompositionSpec['respolicy']>['spec']>['policy']
>['podconfig'];

function podResourcesOf(podconfig: PodConfig): ServicePolicies['podResources'] {
  const requests = given(podconfig?.requests);
  const limits = given(podconfig?.limits);
  if (requests === undefined && limits === undefined) return undefined;
  return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
}

function given(
  values: Readonly<Record<string, string | undefined>> | undefined,
): Record<string, string> | undefined {
  const entries = Object.entries(values ?? {}).flatMap(([key, value]): [string, string][] =>
    value === undefined || value === '' ? [] : [[key, value]],
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** KubePlus's examples carry empty strings where nothing is meant. */
export function emptyAsUnset(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
