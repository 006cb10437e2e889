import { isJsonObject, type JsonObject } from '../../../api/json-schema.ts';
import type { Json } from '../../../kube/object.ts';

/** What counts in the namespace of a virtual cluster. */
export interface Policies {
  readonly quota?: QuotaPolicy;
  readonly limits?: LimitPolicy;
}

interface Marks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface QuotaPolicy extends Marks {
  readonly spec: {
    readonly hard: Readonly<Record<string, string>>;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: JsonObject;
  };
}

export interface LimitPolicy extends Marks {
  readonly spec: { readonly limits: readonly LimitItem[] };
}

interface LimitItem {
  readonly type: 'Container';
  readonly default: Readonly<Record<string, string>>;
  readonly defaultRequest: Readonly<Record<string, string>>;
  readonly min?: Readonly<Record<string, string>>;
  readonly max?: Readonly<Record<string, string>>;
}

/** What vcluster's charts fill in where values say nothing else; a `null` takes a line away. */
export const POLICY_DEFAULTS = {
  quota: {
    'requests.cpu': '10',
    'requests.memory': '20Gi',
    'requests.storage': '100Gi',
    'requests.ephemeral-storage': '60Gi',
    'limits.cpu': '20',
    'limits.memory': '40Gi',
    'limits.ephemeral-storage': '160Gi',
    'services.nodeports': '0',
    'services.loadbalancers': '1',
    'count/endpoints': '40',
    'count/pods': '20',
    'count/services': '20',
    'count/secrets': '100',
    'count/configmaps': '100',
    'count/persistentvolumeclaims': '20',
  },
  default: { 'ephemeral-storage': '8Gi', memory: '512Mi', cpu: '1' },
  defaultRequest: { 'ephemeral-storage': '3Gi', memory: '128Mi', cpu: '100m' },
} as const;

/** The policies of values of either form. One that is not switched off comes with the other. */
export function readPolicies(values: JsonObject): Policies {
  const isolation = mapOf(values['isolation']);
  const isOlder = isolation['enabled'] === true;
  const from = isOlder ? isolation : mapOf(values['policies']);
  const [quota, limits] = [mapOf(from['resourceQuota']), mapOf(from['limitRange'])];
  const isOn = isOlder || quota['enabled'] === true || limits['enabled'] === true;
  return {
    ...(isOn && quota['enabled'] !== false ? { quota: quotaOf(quota) } : {}),
    ...(isOn && limits['enabled'] !== false ? { limits: limitsOf(limits) } : {}),
  };
}

function quotaOf(said: JsonObject): QuotaPolicy {
  const { scopes } = said;
  const expressions = mapOf(said['scopeSelector'])['matchExpressions'];
  return {
    ...marksOf(said),
    spec: {
      hard: textsOf(said['quota'], POLICY_DEFAULTS.quota),
      ...(Array.isArray(scopes) && scopes.length > 0 ? { scopes: scopes.map(String) } : {}),
      ...(Array.isArray(expressions) && expressions.length > 0
        ? { scopeSelector: { matchExpressions: expressions } }
        : {}),
    },
  };
}

function limitsOf(said: JsonObject): LimitPolicy {
  const [min, max] = [textsOf(said['min']), textsOf(said['max'])];
  const item: LimitItem = {
    type: 'Container',
    default: textsOf(said['default'], POLICY_DEFAULTS.default),
    defaultRequest: textsOf(said['defaultRequest'], POLICY_DEFAULTS.defaultRequest),
    ...(Object.keys(min).length > 0 ? { min } : {}),
    ...(Object.keys(max).length > 0 ? { max } : {}),
  };
  return { ...marksOf(said), spec: { limits: [item] } };
}

function marksOf(said: JsonObject): Marks {
  const [labels, annotations] = [textsOf(said['labels']), textsOf(said['annotations'])];
  return {
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/** The lines of a map as texts, over the defaults: YAML reads `5` as a number, and Kubernetes wants a quantity. */
export function textsOf(
  said: Json | undefined,
  defaults: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const lines = Object.entries({ ...defaults, ...mapOf(said) });
  return Object.fromEntries(
    lines.flatMap(([name, value]) =>
      value === null || typeof value === 'object' ? [] : [[name, String(value)]],
    ),
  );
}

/** A map of values; empty for anything else. */
export const mapOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
