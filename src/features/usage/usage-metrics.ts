import { Counter, Gauge, type Registry } from 'prom-client';
import { POD, PVC } from '../../kube/builtin-kinds.ts';
import type { Stores } from '../../runtime/controller.ts';
import { measuredInstances, podsOf, type Counted, type MeasuredInstance } from './instance-pods.ts';
import { measureUsage, type Usage } from './measure-usage.ts';
import type { NamespaceUsage, UsageBook } from './usage-book.ts';

/**
 * Instances that have series of their own; about 14 each. The others, by their namespaces' names the last ones, are counted in
 * `tenantry_usage_instances_left_out`: a text of ten megabytes at each scrape would cost more than it tells.
 */
const MAX_INSTANCES = 2000;

/** Whose series it is. Pods are no label: they come and go, and with them would the series. */
const LABELS = ['kind', 'name', 'owner_namespace', 'target_namespace'] as const;

/** A figure out of what is known; undefined has no sample. */
type Figure = (usage: Usage, book: NamespaceUsage) => number | undefined;

const GAUGES: readonly (readonly [name: string, help: string, pick: Figure])[] = [
  ['cpu_cores', 'Processors that the instance uses now.', ({ cpuMillicores }) => scaled(cpuMillicores, 1000)],
  ['memory_working_set_bytes', 'Memory that limits are held to.', ({ memoryBytes }) => memoryBytes],
  ['storage_requested_bytes', 'Size of the claims.', ({ storageBytes }) => storageBytes],
  ['storage_used_bytes', 'What lies in the claims.', ({ storageUsedBytes }) => storageUsedBytes],
  ['ephemeral_storage_bytes', 'Layers, logs and emptyDir volumes.', ({ ephemeralBytes }) => ephemeralBytes],
  ['pods', 'Pods.', ({ pods }) => pods],
  [
    'pods_not_running',
    'Pods that neither run nor have done their work.',
    ({ notRunningPods }) => notRunningPods,
  ],
  ['containers', 'Containers of the pods.', ({ containers }) => containers],
  ['nodes', 'Nodes that the pods are on.', ({ nodes }) => nodes],
  ['container_restarts', 'Restarts of the containers that there are.', ({ restarts }) => restarts],
  ['oom_kills', 'Containers that ended last for want of memory.', ({ oomKills }) => oomKills],
];

/** What only grows. Without a sample where no kubelet has told it. */
const COUNTERS: readonly (readonly [name: string, help: string, pick: Figure])[] = [
  [
    'cpu_seconds_total',
    'Processor time since this operator leads.',
    (_usage, { totals }) => totals.cpuSeconds,
  ],
  [
    'network_receive_bytes_total',
    'Bytes received since this operator leads.',
    (usage, { totals }) => usage.receivedBytes && totals.receivedBytes,
  ],
  [
    'network_transmit_bytes_total',
    'Bytes sent since this operator leads.',
    (usage, { totals }) => usage.transmittedBytes && totals.transmittedBytes,
  ],
];

/** Where the figures come from. */
export interface UsageSource {
  readonly stores: Stores;
  readonly book: UsageBook;
  /** Which pods of a service's instances count. */
  readonly countedOf: (serviceUid: string) => Counted;
}

/** What one instance uses, as the operator knows it; undefined before the first round. */
export function usageOf(
  { stores, book, countedOf }: UsageSource,
  { target, serviceUid }: MeasuredInstance,
): { readonly usage: Usage; readonly known: NamespaceUsage } | undefined {
  const known = book.of(target);
  if (known === undefined) return undefined;
  const pods = podsOf(stores.list(POD, target), known.pods, countedOf(serviceUid));
  return { usage: measureUsage(pods, stores.list(PVC, target), known.pods), known };
}

/** Puts each instance's usage beside the runtime's own metrics. Only the leader has figures, so a sum over replicas counts nothing twice. */
export function publishUsage(registry: Registry, source: UsageSource): void {
  const registers = [registry];
  const left = new Gauge({
    name: 'tenantry_usage_instances_left_out',
    help: 'Instances without series of their own, for there are too many.',
    registers,
    // The first to be collected: it fills in all the others, which prom-client reads behind it.
    collect: () => fill(),
  });
  const prefix = 'tenantry_instance_';
  const gauges = GAUGES.map(([name, help, pick]) => {
    const gauge = new Gauge({ name: prefix + name, help, labelNames: LABELS, registers });
    return {
      reset: () => gauge.reset(),
      put: (labels: Labels, value: number) => gauge.set(labels, value),
      pick,
    };
  });
  const counters = COUNTERS.map(([name, help, pick]) => {
    const counter = new Counter({ name: prefix + name, help, labelNames: LABELS, registers });
    return {
      reset: () => counter.reset(),
      put: (labels: Labels, value: number) => counter.inc(labels, value),
      pick,
    };
  });
  const own = new Gauge({
    name: `${prefix}application`,
    help: 'Metrics of the application that the service names, each the sum over its pods.',
    labelNames: [...LABELS, 'metric'],
    registers,
  });
  const all = [...gauges, ...counters];
  const fill = (): void => {
    for (const { reset } of all) reset();
    own.reset();
    const told = measuredInstances(source.stores)
      .flatMap((instance) => {
        const found = usageOf(source, instance);
        return found === undefined ? [] : [{ instance, ...found }];
      })
      .sort((one, other) => (one.instance.target < other.instance.target ? -1 : 1));
    for (const { instance, usage, known } of told.slice(0, MAX_INSTANCES)) {
      const labels = labelsOf(instance);
      for (const { put, pick } of all) {
        const value = pick(usage, known);
        if (value !== undefined) put(labels, value);
      }
      for (const { name, value } of known.application) own.set({ ...labels, metric: name }, value);
    }
    left.set(Math.max(0, told.length - MAX_INSTANCES));
  };
}

type Labels = Readonly<Record<(typeof LABELS)[number], string>>;

function labelsOf({ kind, name, namespace, target }: MeasuredInstance): Labels {
  return { kind, name, owner_namespace: namespace, target_namespace: target };
}

const scaled = (value: number | undefined, by: number): number | undefined =>
  value === undefined ? undefined : value / by;
