import type { Pod } from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isMap } from '../../lib/narrow.ts';
import { parseQuantity } from '../../lib/quantity.ts';

/** What was measured of one pod. A figure that nobody told is undefined; it is never taken for 0. */
export interface PodStats {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Containers that the kubelet told of. */
  readonly containers: number;
  readonly cpuMillicores: number | undefined;
  /** Since the containers that run now were started. */
  readonly cpuSeconds: number | undefined;
  /** Working set: what the kernel can't take back, and what limits are held to. */
  readonly memoryBytes: number | undefined;
  readonly receivedBytes: number | undefined;
  readonly transmittedBytes: number | undefined;
  /** Layers, logs and emptyDir volumes on the node's disk; the kubelet has added the volumes up already. */
  readonly ephemeralBytes: number | undefined;
  readonly claims: readonly ClaimStats[];
}

/** The file system that a claim's volume is on. */
export interface ClaimStats {
  readonly name: string;
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** Of metrics.k8s.io: what metrics-server tells of a pod. */
export interface PodMetrics extends KubeObject {
  readonly containers?: readonly {
    readonly usage?: { readonly cpu?: string; readonly memory?: string };
  }[];
}

const NANO_TO_MILLI = 1e6;
const NANO = 1e9;

/** Reads a kubelet's `stats/summary`. Throws SyntaxError for what is no JSON; what is missing in it is undefined. */
export function parseSummary(text: string): readonly PodStats[] {
  const summary: unknown = JSON.parse(text);
  return mapsAt(summary, 'pods').map((pod) => ({
    uid: textAt(pod, 'podRef', 'uid') ?? '',
    namespace: textAt(pod, 'podRef', 'namespace') ?? '',
    name: textAt(pod, 'podRef', 'name') ?? '',
    containers: mapsAt(pod, 'containers').length,
    cpuMillicores: divide(numberOrSum(pod, 'cpu', 'usageNanoCores'), NANO_TO_MILLI),
    cpuSeconds: divide(numberOrSum(pod, 'cpu', 'usageCoreNanoSeconds'), NANO),
    memoryBytes: numberOrSum(pod, 'memory', 'workingSetBytes'),
    receivedBytes: networkOf(pod, 'rxBytes'),
    transmittedBytes: networkOf(pod, 'txBytes'),
    ephemeralBytes: numberAt(pod, 'ephemeral-storage', 'usedBytes'),
    claims: mapsAt(pod, 'volume').flatMap(claimOf),
  }));
}

/** The same of metrics-server, for whoever may not ask kubelets: CPU and memory only. */
export function statsOfMetrics(metrics: readonly PodMetrics[], pods: readonly Pod[]): readonly PodStats[] {
  const uids = new Map(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
  return metrics.map(({ metadata, containers = [] }) => {
    const sum = (key: 'cpu' | 'memory'): number | undefined =>
      addAll(containers.map(({ usage }) => quantityOf(usage?.[key])));
    const cpu = sum('cpu');
    return {
      uid: uids.get(metadata.name) ?? '',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      containers: containers.length,
      cpuMillicores: cpu === undefined ? undefined : cpu * 1000,
      cpuSeconds: undefined,
      memoryBytes: sum('memory'),
      receivedBytes: undefined,
      transmittedBytes: undefined,
      ephemeralBytes: undefined,
      claims: [],
    };
  });
}

/** A quantity as a number of units. */
export function quantityOf(value: string | undefined): number | undefined {
  const quantity = value === undefined ? undefined : parseQuantity(value);
  return quantity === undefined ? undefined : Number(quantity.nano) / NANO;
}

/** The sum of what is known; undefined where nothing is. */
export function addAll(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

/** Of the pod as a whole; some runtimes tell it of the containers only. */
function numberOrSum(pod: unknown, part: string, key: string): number | undefined {
  return numberAt(pod, part, key) ?? addAll(mapsAt(pod, 'containers').map((one) => numberAt(one, part, key)));
}

/** All interfaces; a runtime that lists none tells of the default one beside the list. */
function networkOf(pod: unknown, key: string): number | undefined {
  const network = isMap(pod) ? pod['network'] : undefined;
  const listed = mapsAt(network, 'interfaces').filter((one) => one['name'] !== 'lo');
  return addAll(listed.map((one) => numberAt(one, key))) ?? numberAt(network, key);
}

function claimOf(volume: unknown): readonly ClaimStats[] {
  const name = textAt(volume, 'pvcRef', 'name');
  const usedBytes = numberAt(volume, 'usedBytes');
  const capacityBytes = numberAt(volume, 'capacityBytes');
  if (name === undefined || usedBytes === undefined || capacityBytes === undefined) return [];
  return [{ name, usedBytes, capacityBytes }];
}

const divide = (value: number | undefined, by: number): number | undefined =>
  value === undefined ? undefined : value / by;

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inside, key) => (isMap(inside) ? inside[key] : undefined), value);
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, path);
  return typeof found === 'number' ? found : undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : undefined;
}

function mapsAt(value: unknown, key: string): readonly Readonly<Record<string, unknown>>[] {
  const found = valueAt(value, [key]);
  return Array.isArray(found) ? found.filter(isMap) : [];
}
