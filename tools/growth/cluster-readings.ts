import type { Client } from '../../src/client/client.ts';
import { NS } from '../bench/bench-cluster.ts';
import { leaderPod, operatorPods } from '../bench/operator-metrics.ts';
import { parseSamples, total, totalBy, type Samples } from './prometheus.ts';

const HEALTH_PORT = 8080;
const MEBIBYTE = 1_048_576;

/** What one process of the operator says of itself. */
export interface OperatorReading {
  readonly pod: string;
  readonly leads: boolean;
  readonly shards: number;
  readonly queued: number;
  readonly residentMib: number;
  readonly heapMib: number;
  readonly storeObjects: number;
  readonly watches: number;
  readonly looks: number;
  /** Of the event loop since the last reading, in milliseconds. */
  readonly stallP99Ms: number;
  readonly stallMaxMs: number;
  /** Writes since the start, leases apart. */
  readonly writes: number;
  /** Calls since the start by verb. */
  readonly calls: Readonly<Record<string, number>>;
  readonly samples: Samples;
}

/** Verbs that change something; `update` is only used for leases. */
const WRITES = ['create', 'apply', 'patch', 'delete'];

/** Reads one process, through the API server. Throws KubeError. */
export async function readOperator(client: Client, pod: string): Promise<OperatorReading> {
  const path = `/api/v1/namespaces/${NS}/pods/${pod}:${HEALTH_PORT}/proxy/metrics`;
  const samples = parseSamples((await client.raw({ method: 'GET', path })).text);
  const calls = totalBy(samples, 'tenantry_api_call_seconds_count', 'verb');
  const stalls = totalBy(samples, 'tenantry_event_loop_delay_seconds', 'quantile');
  return {
    pod,
    leads: total(samples, 'tenantry_leader') === 1,
    shards: total(samples, 'tenantry_shards_held'),
    queued: total(samples, 'tenantry_queue_keys'),
    residentMib: total(samples, 'process_resident_memory_bytes') / MEBIBYTE,
    heapMib: total(samples, 'tenantry_heap_used_bytes') / MEBIBYTE,
    storeObjects: total(samples, 'tenantry_store_objects'),
    watches: (samples.get('tenantry_store_objects') ?? []).length,
    looks: instanceLooks(samples),
    stallP99Ms: (stalls['0.99'] ?? 0) * 1000,
    stallMaxMs: (stalls['1'] ?? 0) * 1000,
    writes: WRITES.reduce((sum, verb) => sum + (calls[verb] ?? 0), 0),
    calls,
    samples,
  };
}

/** All processes of the operator, the leader first. */
export async function readOperators(client: Client): Promise<readonly OperatorReading[]> {
  const leader = await leaderPod(client);
  const pods = await operatorPods(client);
  const order = pods.toSorted((a, b) => Number(b === leader) - Number(a === leader));
  return Promise.all(order.map((pod) => readOperator(client, pod)));
}

function instanceLooks(samples: Samples): number {
  const byController = totalBy(samples, 'tenantry_reconcile_seconds_count', 'controller');
  return Object.entries(byController).reduce(
    (sum, [controller, count]) => sum + (controller.startsWith('instance ') ? count : 0),
    0,
  );
}

/** What the API server says of itself. */
export interface ServerReading {
  readonly requests: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  readonly residentMib: number;
  /** Of the database file of etcd. */
  readonly storeMib: number;
  readonly storeObjects: number;
  readonly openWatches: number;
}

/** Reads the API server's metrics. Throws KubeError. */
export async function readServer(client: Client): Promise<ServerReading> {
  const samples = parseSamples((await client.raw({ method: 'GET', path: '/metrics' })).text);
  const objects = ['apiserver_resource_objects', 'apiserver_storage_objects'].find((name) =>
    samples.has(name),
  );
  return {
    requests: totalBy(samples, 'apiserver_request_total', 'verb'),
    cpuSeconds: total(samples, 'process_cpu_seconds_total'),
    residentMib: total(samples, 'process_resident_memory_bytes') / MEBIBYTE,
    storeMib: total(samples, 'apiserver_storage_size_bytes') / MEBIBYTE,
    storeObjects: objects === undefined ? 0 : total(samples, objects),
    openWatches: total(samples, 'apiserver_longrunning_requests'),
  };
}

/** Bounds in milliseconds below which half and 99 of 100 admission reviews of instances were answered, between two readings. */
export function admissionBounds(
  before: readonly OperatorReading[],
  after: readonly OperatorReading[],
): { readonly count: number; readonly p50Ms: number; readonly p99Ms: number } {
  const counts = new Map<number, number>();
  const add = (readings: readonly OperatorReading[], sign: number): void => {
    for (const { samples } of readings)
      for (const { labels, value } of samples.get('tenantry_admission_seconds_bucket') ?? []) {
        if (labels['path'] !== '/validate/instances') continue;
        const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']) * 1000;
        counts.set(bound, (counts.get(bound) ?? 0) + sign * value);
      }
  };
  add(after, 1);
  add(before, -1);
  const count = counts.get(Infinity) ?? 0;
  const below = (part: number): number =>
    [...counts].toSorted(([a], [b]) => a - b).find(([, n]) => n >= count * part)?.[0] ?? 0;
  return { count, p50Ms: below(0.5), p99Ms: below(0.99) };
}
