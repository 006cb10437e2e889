import type { Usage } from './measure-usage.ts';
import type { ApplicationMetric } from './usage-book.ts';
import type { UsageForm } from './usage-forms.ts';

/** Whose usage it is, for the forms that say so. */
export interface Measured {
  /** As the instance writes it: WordpressService. */
  readonly kind: string;
  readonly name: string;
  /** Who created the instance. */
  readonly account: string;
  readonly usage: Usage;
  /** Metrics of the application's own. */
  readonly application: readonly ApplicationMetric[];
  /** When it was measured, in milliseconds since 1970. */
  readonly at: number;
}

const MI = 2 ** 20;
const GI = 2 ** 30;
/** What stands for a figure that nobody could tell. */
const UNKNOWN = 'unknown';
const LINE = '----------------------------------------------------------';

/** The text in one of KubePlus's forms. What KubePlus does not have comes behind what it has. */
export function printUsage(form: UsageForm, measured: Measured): string {
  if (form === 'json') return `${JSON.stringify(jsonOf(measured))}\n`;
  return form === 'prometheus' ? prometheusOf(measured) : prettyOf(measured);
}

/** All values are texts, as there. */
function jsonOf({ usage, account, application }: Measured): Readonly<Record<string, string>> {
  return {
    accountidentity: account,
    subresources: '-',
    pods: String(usage.pods),
    containers: String(usage.containers),
    nodes: String(usage.nodes),
    cpu: withUnit(usage.cpuMillicores, 1, ' m'),
    memory: withUnit(usage.memoryBytes, MI, ' Mi'),
    storage: withUnit(usage.storageBytes, GI, ' Gi'),
    networkReceiveBytes: withUnit(usage.receivedBytes, 1, ' bytes'),
    networkTransmitBytes: withUnit(usage.transmittedBytes, 1, ' bytes'),
    notRunningPods: String(usage.notRunningPods),
    oom_events: String(usage.oomKills),
    restarts: String(usage.restarts),
    cpuTime: withUnit(usage.cpuSeconds, 1, ' s'),
    storageUsed: withUnit(usage.storageUsedBytes, GI, ' Gi'),
    ephemeralStorageUsed: withUnit(usage.ephemeralBytes, MI, ' Mi'),
    ...Object.fromEntries(application.map((metric) => [metric.name, String(metric.value)])),
  };
}

/** Samples without HELP and TYPE, in KubePlus's names and units; a figure that is not known has no sample. */
function prometheusOf({ kind, name, usage, application, at }: Measured): string {
  const label = `custom_resource="${kind.toLowerCase()}-${name.toLowerCase()}"`;
  const sample = (metric: string, value: number | undefined, labels = label): string =>
    value === undefined ? '' : `${metric}{${labels}} ${value} ${at}\n`;
  const ofPods = usage.perPod.flatMap((pod) => {
    const prefix = metricName(pod.name);
    // Names that differ in a sign of their own only would be one series.
    const labels = `${label},pod="${pod.name}"`;
    return [
      sample(`${prefix}_cpu`, pod.cpuMillicores, labels),
      sample(`${prefix}_memory`, scaled(pod.memoryBytes, MI), labels),
    ];
  });
  return [
    sample('cpu', usage.cpuMillicores),
    sample('memory', scaled(usage.memoryBytes, MI)),
    sample('storage', scaled(usage.storageBytes, GI)),
    sample('pods', usage.pods),
    sample('containers', usage.containers),
    sample('network_receive_bytes_total', usage.receivedBytes),
    sample('network_transmit_bytes_total', usage.transmittedBytes),
    sample('not_running_pods', usage.notRunningPods),
    sample('oom_events', usage.oomKills),
    sample('nodes', usage.nodes),
    sample('restarts', usage.restarts),
    sample('cpu_seconds_total', usage.cpuSeconds),
    sample('memory_bytes', usage.memoryBytes),
    sample('storage_bytes', usage.storageBytes),
    sample('storage_used_bytes', usage.storageUsedBytes),
    sample('ephemeral_storage_used_bytes', usage.ephemeralBytes),
    ...ofPods,
    ...application.map((metric) => sample(metric.name, metric.value)),
  ].join('');
}

function prettyOf({ usage, application }: Measured): string {
  const lines = [
    // KubePlus's first line has a space at the end.
    `${LINE} `,
    'Kubernetes Resources created:',
    '    Number of Sub-resources: -',
    `    Number of Pods: ${usage.pods}`,
    `        Number of Containers: ${usage.containers}`,
    `        Number of Nodes: ${usage.nodes}`,
    `        Number of Not Running Pods: ${usage.notRunningPods}`,
    `        Number of Restarts: ${usage.restarts}`,
    `        Number of OOM Kills: ${usage.oomKills}`,
    // Its spelling, for who looks for the line.
    'Underlying Physical Resoures consumed:',
    `    Total CPU(cores): ${withUnit(usage.cpuMillicores, 1, 'm')}`,
    `    Total MEMORY(bytes): ${withUnit(usage.memoryBytes, MI, 'Mi')}`,
    `    Total Storage(bytes): ${withUnit(usage.storageBytes, GI, 'Gi')}`,
    `    Total Storage used(bytes): ${withUnit(usage.storageUsedBytes, GI, 'Gi')}`,
    `    Total Ephemeral storage used(bytes): ${withUnit(usage.ephemeralBytes, MI, 'Mi')}`,
    `    Total Network bytes received: ${withUnit(usage.receivedBytes, 1, '')}`,
    `    Total Network bytes transferred: ${withUnit(usage.transmittedBytes, 1, '')}`,
    ...(application.length === 0 ? [] : ['Custom application metrics:']),
    ...application.map(({ help, value }) => `    ${help}: ${value}`),
    LINE,
  ];
  return `${lines.join('\n')}\n`;
}

const scaled = (value: number | undefined, unit: number): number | undefined =>
  value === undefined ? undefined : value / unit;

/** At most three digits behind the point. */
const withUnit = (value: number | undefined, unit: number, name: string): string =>
  value === undefined ? UNKNOWN : `${Math.round((value / unit) * 1000) / 1000}${name}`;

/** As Prometheus takes names: no dashes and dots, no digit in front. */
const metricName = (pod: string): string => pod.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_');
