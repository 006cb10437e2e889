import { OPERATOR_NAME } from '../../src/api/names.ts';
import type { Client } from '../../src/client/client.ts';
import { LEASE, POD } from '../../src/kube/builtin-kinds.ts';
import { NS, OPERATOR_PODS } from './bench-cluster.ts';

const HEALTH_PORT = 8080;
const MEBIBYTE = 1_048_576;

/** What an operator process says of itself. The event loop's delay is that since the last reading. */
export interface OperatorMetrics {
  readonly leads: boolean;
  /** Objects that wait to be looked at or are being looked at. */
  readonly queued: number;
  readonly residentMib: number;
  /** Calls since the start, by verb; `update` is the lease's renewal, `get` lists too. */
  readonly calls: Readonly<Record<string, number>>;
  /** Looks since the start, by controller. */
  readonly looks: Readonly<Record<string, number>>;
  readonly stallP99Ms: number;
  readonly stallMaxMs: number;
  /** Admission reviews of instances by their highest time in seconds (Prometheus buckets). */
  readonly admissions: readonly { readonly belowMs: number; readonly count: number }[];
}

/** Verbs that change something. The lease is renewed by `update`, which nothing else uses. */
const WRITES: ReadonlySet<string> = new Set(['create', 'apply', 'patch', 'delete']);

/** All writes since the start, the lease's apart. */
export function writesOf({ calls }: Pick<OperatorMetrics, 'calls'>): number {
  return Object.entries(calls).reduce((sum, [verb, count]) => sum + (WRITES.has(verb) ? count : 0), 0);
}

/** The pod that leads; undefined while nobody does. */
export async function leaderPod(client: Client): Promise<string | undefined> {
  const lease = await client.find(LEASE, { namespace: NS, name: OPERATOR_NAME });
  const holder = lease?.spec?.holderIdentity;
  return holder === undefined || holder === '' ? undefined : holder;
}

/** Names of the operator's pods that are not going away. */
export async function operatorPods(client: Client): Promise<readonly string[]> {
  const { items } = await client.list(POD, { namespace: NS, labelSelector: OPERATOR_PODS });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);
}

/** Reads the metrics of one operator process, through the API server. Throws KubeError. */
export async function readMetrics(client: Client, pod: string): Promise<OperatorMetrics> {
  const path = `/api/v1/namespaces/${NS}/pods/${pod}:${HEALTH_PORT}/proxy/metrics`;
  const { text } = await client.raw({ method: 'GET', path });
  return parseMetrics(text);
}

/** The metrics of whoever leads. */
export async function leaderMetrics(client: Client): Promise<OperatorMetrics> {
  const pod = await leaderPod(client);
  if (pod === undefined) throw new Error('no operator leads');
  return readMetrics(client, pod);
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parseMetrics(text: string): OperatorMetrics {
  const samples = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = '', labels = '', value]): Sample => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', word = '']) => [key, word]),
      ),
      value: Number(value),
    }),
  );
  const all = (name: string): readonly Sample[] => samples.filter((sample) => sample.name === name);
  const sum = (name: string): number => all(name).reduce((total, { value }) => total + value, 0);
  const stall = (quantile: string): number =>
    1000 *
    (all('tenantry_event_loop_delay_seconds').find(({ labels }) => labels['quantile'] === quantile)?.value ??
      0);
  return {
    leads: sum('tenantry_leader') === 1,
    queued: sum('tenantry_queue_keys'),
    residentMib: sum('process_resident_memory_bytes') / MEBIBYTE,
    calls: sumBy(all('tenantry_api_call_seconds_count'), 'verb'),
    looks: sumBy(all('tenantry_reconcile_seconds_count'), 'controller'),
    stallP99Ms: stall('0.99'),
    stallMaxMs: stall('1'),
    admissions: bucketsOf(
      all('tenantry_admission_seconds_bucket').filter(
        ({ labels }) => labels['path'] === '/validate/instances',
      ),
    ),
  };
}

function sumBy(samples: readonly Sample[], label: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { labels, value } of samples)
    sums[labels[label] ?? ''] = (sums[labels[label] ?? ''] ?? 0) + value;
  return sums;
}

function bucketsOf(samples: readonly Sample[]): OperatorMetrics['admissions'] {
  return Object.entries(sumBy(samples, 'le'))
    .map(([le, count]) => ({ belowMs: le === '+Inf' ? Infinity : Number(le) * 1000, count }))
    .toSorted((a, b) => a.belowMs - b.belowMs);
}
