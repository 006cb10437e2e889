import { z } from 'zod';
import { readMirrors, type ChartMirror } from '../helm/chart-mirrors.ts';
import type { ProxySettings } from '../helm/proxy-rules.ts';
import type { LogLevel } from '../runtime/log.ts';

/** What the operator is told by its Deployment; every field comes from one environment variable. */
export interface OperatorSettings {
  /** TENANTRY_NAMESPACE: where the operator runs; instances created here get a namespace of their own name. */
  readonly operatorNamespace: string;
  /** TENANTRY_ACCOUNTS_NAMESPACE: holds the services' accounts and nothing else. */
  readonly accountsNamespace: string;
  /** TENANTRY_POD: who holds the lease. */
  readonly identity: string;
  /** TENANTRY_SHARDS: over how many shards the replicas divide the instances; 1 where the leader works on all. */
  readonly shards: number;
  /** TENANTRY_IMAGE_REGISTRY: given to charts as `global.imageRegistry`; undefined where nothing is redirected. */
  readonly imageRegistry: string | undefined;
  /** TENANTRY_PLANES: the chart's value `planes`. */
  readonly planes: PlaneSettings;
  /** TENANTRY_ALLOW_HTTP_CHARTS. */
  readonly allowHttp: boolean;
  /** TENANTRY_ALLOW_PRIVATE_CHART_HOSTS. */
  readonly allowPrivateHosts: boolean;
  /** TENANTRY_CHART_MIRRORS: the chart's value `charts.mirrors`. */
  readonly mirrors: readonly ChartMirror[];
  /** TENANTRY_CHART_CA_FILE: PEM file with further authorities for chart downloads. */
  readonly chartCaFile: string | undefined;
  /** TENANTRY_KUBELET_CA_FILE: PEM file with the authorities of kubelets' certificates; the cluster's if undefined. */
  readonly kubeletCaFile: string | undefined;
  /** TENANTRY_KUBELET_INSECURE: trust any certificate of a kubelet. */
  readonly kubeletInsecure: boolean;
  /** TENANTRY_POLICY_TRIAL: whether charts are tried on the cluster's policies when they are registered, and what a denial does. */
  readonly policyTrial: 'refuse' | 'warn' | 'off';
  /** TENANTRY_LOG_LEVEL. */
  readonly logLevel: LogLevel;
  /** HTTPS_PROXY, HTTP_PROXY, NO_PROXY and TENANTRY_PROXY_CHART_HOSTS, for chart downloads. */
  readonly proxy: ProxySettings;
}

const planeSettingsSchema = z.object({
  images: z.object({
    apiServer: z.string(),
    controllerManager: z.string(),
    etcd: z.string(),
    kine: z.string(),
    postgres: z.string(),
    coredns: z.string(),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  domain: z.string(),
  externalPort: z.number(),
});

/** How control planes are made here. */
export type PlaneSettings = z.infer<typeof planeSettingsSchema>;

type Environment = Readonly<Record<string, string | undefined>>;

/** More shards than replicas that the chart allows several times over; each costs a lease that is renewed every two seconds. */
const MAX_SHARDS = 32;
const TRIALS: readonly OperatorSettings['policyTrial'][] = ['refuse', 'warn', 'off'];
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Reads the settings; throws an Error that names every variable that is wrong. */
export function readOperatorSettings(env: Environment): OperatorSettings {
  const wrong: string[] = [];
  const optional = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const required = (name: string): string => {
    const value = optional(name);
    if (value === undefined) wrong.push(`${name} is missing`);
    return value ?? '';
  };
  const flag = (name: string): boolean => {
    const value = optional(name) ?? 'false';
    if (value !== 'true' && value !== 'false') wrong.push(`${name} is ${value}, not true or false`);
    return value === 'true';
  };
  const level = optional('TENANTRY_LOG_LEVEL') ?? 'info';
  const logLevel = LEVELS.find((known) => known === level);
  if (logLevel === undefined) wrong.push(`TENANTRY_LOG_LEVEL is ${level}, not one of ${LEVELS.join(', ')}`);
  const trial = optional('TENANTRY_POLICY_TRIAL') ?? 'refuse';
  const policyTrial = TRIALS.find((known) => known === trial);
  if (policyTrial === undefined)
    wrong.push(`TENANTRY_POLICY_TRIAL is ${trial}, not one of ${TRIALS.join(', ')}`);
  const shards = optional('TENANTRY_SHARDS') ?? '1';
  if (!/^[1-9]\d?$/.test(shards) || Number(shards) > MAX_SHARDS)
    wrong.push(`TENANTRY_SHARDS is ${shards}, not a number from 1 to ${MAX_SHARDS}`);
  const planes = planeSettingsSchema.safeParse(jsonOf(required('TENANTRY_PLANES')));
  if (!planes.success && optional('TENANTRY_PLANES') !== undefined)
    wrong.push(`TENANTRY_PLANES lacks ${planes.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
  const mirrors = readMirrors(optional('TENANTRY_CHART_MIRRORS') ?? '[]');
  if (typeof mirrors === 'string') wrong.push(`TENANTRY_CHART_MIRRORS ${mirrors}`);
  const settings: Omit<OperatorSettings, 'planes'> = {
    operatorNamespace: required('TENANTRY_NAMESPACE'),
    accountsNamespace: required('TENANTRY_ACCOUNTS_NAMESPACE'),
    identity: required('TENANTRY_POD'),
    shards: Number(shards),
    imageRegistry: optional('TENANTRY_IMAGE_REGISTRY'),
    allowHttp: flag('TENANTRY_ALLOW_HTTP_CHARTS'),
    allowPrivateHosts: flag('TENANTRY_ALLOW_PRIVATE_CHART_HOSTS'),
    mirrors: typeof mirrors === 'string' ? [] : mirrors,
    chartCaFile: optional('TENANTRY_CHART_CA_FILE'),
    kubeletCaFile: optional('TENANTRY_KUBELET_CA_FILE'),
    kubeletInsecure: flag('TENANTRY_KUBELET_INSECURE'),
    policyTrial: policyTrial ?? 'refuse',
    logLevel: logLevel ?? 'info',
    proxy: {
      https: optional('HTTPS_PROXY'),
      http: optional('HTTP_PROXY'),
      none: optional('NO_PROXY'),
      allowedHosts: (optional('TENANTRY_PROXY_CHART_HOSTS') ?? '').split(',').filter((host) => host !== ''),
    },
  };
  if (wrong.length > 0 || !planes.success)
    throw new Error(
      `the operator's settings are wrong: ${wrong.join('; ')} (they come from the chart's Deployment)`,
    );
  return { ...settings, planes: planes.data };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
