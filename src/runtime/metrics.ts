import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Failure } from './outcome.ts';

/** How a look ended: well (`done`), the object is gone, to be looked at again, or one of the failures. */
export type LookOutcome = 'done' | 'again' | 'gone' | Failure;

/** Seconds: looks take a few milliseconds from stores, seconds where a chart is rendered. */
const LOOK_BUCKETS = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds: API calls and admissions. */
const CALL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10];
/** Milliseconds between samples of the event loop's delay. */
const STALL_RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;
const NANOSECONDS_PER_MS = 1e6;

/** What the runtime measures; names of its own begin with `tenantry_`. */
export interface Metrics {
  /** For further metrics of features. */
  readonly registry: Registry;
  looked(controller: string, outcome: LookOutcome, seconds: number): void;
  /** Reads the depth when the metrics are asked for. */
  watchQueue(controller: string, depth: () => { readonly waiting: number; readonly working: number }): void;
  forgetQueue(controller: string): void;
  /** One API call; `code` is the HTTP status, or the error code where no answer came. */
  called(verb: string, code: string, seconds: number): void;
  /** One write that was carried out; `resource` is in the form of RBAC, as in `deployments.apps/status`. */
  wrote(verb: string, resource: string): void;
  watchFailed(kind: string): void;
  admitted(path: string, outcome: 'allowed' | 'denied' | 'failed', seconds: number): void;
  leading(yes: boolean): void;
  /** Reads how many objects of each kind the stores hold when the metrics are asked for. */
  watchStores(sizes: () => Readonly<Record<string, number>>): void;
  /** How many shards this replica works on. */
  holding(shards: number): void;
  certificateExpires(atMs: number): void;
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
  /** Ends the sampling of the event loop. */
  close(): void;
}

/** Makes the metrics with a registry of their own, so that two managers in one process do not collide. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const looks = new Histogram({
    name: 'tenantry_reconcile_seconds',
    help: 'Time of one look at an object, by how it ended.',
    labelNames: ['controller', 'outcome'],
    buckets: LOOK_BUCKETS,
    registers,
  });
  const calls = new Histogram({
    name: 'tenantry_api_call_seconds',
    help: 'Time of calls to the API server.',
    labelNames: ['verb', 'code'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const writes = new Counter({
    name: 'tenantry_api_writes_total',
    help: 'Writes that the API server carried out, by what was written.',
    labelNames: ['verb', 'resource'],
    registers,
  });
  const watchFailures = new Counter({
    name: 'tenantry_watch_failures_total',
    help: 'Watches that failed and were begun again.',
    labelNames: ['kind'],
    registers,
  });
  const admissions = new Histogram({
    name: 'tenantry_admission_seconds',
    help: 'Time of admission reviews, by their answer.',
    labelNames: ['path', 'outcome'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const leader = new Gauge({ name: 'tenantry_leader', help: '1 while this replica leads.', registers });
  const shards = new Gauge({
    name: 'tenantry_shards_held',
    help: 'Shards that this replica works on; 0 where the work is not divided.',
    registers,
  });
  const expiry = new Gauge({
    name: 'tenantry_webhook_certificate_expiry_seconds',
    help: 'When the serving certificate ends, in seconds since the epoch.',
    registers,
  });
  const queues = watchQueues(registry);
  watchMemory(registry);
  const stopSampling = sampleStalls(registry);
  return {
    registry,
    looked: (controller, outcome, seconds) => looks.observe({ controller, outcome }, seconds),
    watchQueue: queues.add,
    forgetQueue: queues.remove,
    called: (verb, code, seconds) => calls.observe({ verb, code }, seconds),
    wrote: (verb, resource) => writes.inc({ verb, resource }),
    watchFailed: (kind) => watchFailures.inc({ kind }),
    admitted: (path, outcome, seconds) => admissions.observe({ path, outcome }, seconds),
    leading: (yes) => leader.set(yes ? 1 : 0),
    watchStores: (sizes) => watchStores(registry, sizes),
    holding: (count) => shards.set(count),
    certificateExpires: (atMs) => expiry.set(Math.floor(atMs / 1000)),
    text: () => registry.metrics(),
    close: stopSampling,
  };
}

interface Queues {
  readonly add: Metrics['watchQueue'];
  readonly remove: Metrics['forgetQueue'];
}

function watchQueues(registry: Registry): Queues {
  const depths = new Map<string, () => { readonly waiting: number; readonly working: number }>();
  // prom-client registers a metric when it is made; nothing else holds it.
  void new Gauge({
    name: 'tenantry_queue_keys',
    help: 'Objects that wait to be looked at or are being looked at.',
    labelNames: ['controller', 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [controller, read] of depths) {
        const { waiting, working } = read();
        this.set({ controller, state: 'waiting' }, waiting);
        this.set({ controller, state: 'working' }, working);
      }
    },
  });
  return {
    add: (controller, read) => depths.set(controller, read),
    remove: (controller) => depths.delete(controller),
  };
}

function watchStores(registry: Registry, sizes: () => Readonly<Record<string, number>>): void {
  void new Gauge({
    name: 'tenantry_store_objects',
    help: 'Objects that the process keeps in memory, by kind; one watch each.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [kind, count] of Object.entries(sizes())) this.set({ kind }, count);
    },
  });
}

/** Memory of the process, by the name that Prometheus' own exporters use. */
function watchMemory(registry: Registry): void {
  void new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  void new Gauge({
    name: 'tenantry_heap_used_bytes',
    help: 'Memory that JavaScript objects take, those not collected yet among them.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
}

/** Delay of the event loop since the last scrape: whatever blocks it blocks every tenant. */
function sampleStalls(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS });
  delay.enable();
  void new Gauge({
    name: 'tenantry_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      this.set({ quantile: '0.5' }, lateBySeconds(delay.percentile(50)));
      this.set({ quantile: '0.99' }, lateBySeconds(delay.percentile(99)));
      this.set({ quantile: '1' }, lateBySeconds(delay.max));
      delay.reset();
    },
  });
  return () => delay.disable();
}

/** How late the sampling timer was: Node's histogram holds the whole interval between two samples, which is never below the resolution. */
export function lateBySeconds(intervalNs: number): number {
  return Math.max(0, (intervalNs - STALL_RESOLUTION_MS * NANOSECONDS_PER_MS) / NANOSECONDS);
}
