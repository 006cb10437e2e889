import type { Client } from '../client/client.ts';
import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { onAbort } from '../lib/on-abort.ts';
import type { AdmissionHandler } from './admission.ts';
import { createControllerLoop, type Term } from './controller-loop.ts';
import type { Controller, Placement, Stores, Watch } from './controller.ts';
import { Crew } from './crew.ts';
import { createEvents } from './events.ts';
import { fenced } from './fenced-client.ts';
import { startHealthServer, type HealthServerOptions } from './health-server.ts';
import { InformerSet } from './informer-set.ts';
import { createLeaderElection, type LeaderElection } from './leader-election.ts';
import { hasShardWorkers, LeaseWatch } from './lease-family.ts';
import { RENEW_DEADLINE_MS, RETRY_PERIOD_MS } from './lease-record.ts';
import type { Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { StatusBase } from './plan.ts';
import { createShardHolder, type ShardHolder } from './shard-holder.ts';
import { shardOf } from './shards.ts';
import { createTaskLoop, type Task } from './task-loop.ts';
import { createWebhooks, type WebhookOptions, type Webhooks } from './webhooks.ts';
import { alwaysWrite, neverWrite, type WriteLease } from './write-lease.ts';

/** Milliseconds without any sign of the election loop after which only a restart helps; it moves every 2 s. */
const STANDSTILL_MS = 60_000;

/** Lets go of a watch; `synced` resolves when the store has been filled for the first time. */
export interface WatchHold {
  readonly synced: Promise<void>;
  release(): void;
}

/** What a manager is made of. */
export interface ManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Made here if not given. */
  readonly metrics?: Metrics;
  /** Unique name of this process (pod name and a random part): holder of the Lease, reporter of events. */
  readonly identity: string;
  /** Namespace of the Lease and of the certificates' Secret. */
  readonly namespace: string;
  /** Absent: there is no other replica, controllers start at once. */
  readonly leaderElection?: {
    readonly leaseName: string;
    /** Over how many shards the replicas divide what is placed there; 1 if not given: the leader does everything. */
    readonly shards?: number;
  };
  readonly webhooks?: WebhookOptions;
  /** Plain HTTP for /healthz, /readyz and /metrics; absent: none. */
  readonly health?: Pick<HealthServerOptions, 'port' | 'host' | 'page'>;
}

/** Starts and stops everything that runs, in order; owns the informers and leadership. */
export interface Manager {
  readonly stores: Stores;
  readonly metrics: Metrics;
  /** Writes are refused unless this process leads: for what features write outside of plans. */
  readonly client: Client;
  /** The part of all shards that this process holds now; 1 where it does everything. */
  share(): number;
  /** Before or while the manager runs. Its informers run in every replica, its work where it is placed. */
  addController<T extends KubeObject, TWorld, TStatus extends StatusBase>(
    controller: Controller<T, TWorld, TStatus>,
  ): void;
  /** Resolves when nothing of it runs any more. Unknown names are no error. */
  removeController(name: string): Promise<void>;
  /** Before or while the manager runs: work that follows no objects. */
  addTask(task: Task): void;
  /** Keeps a kind in the stores although no controller watches it (for admission). `wakes` is not asked. */
  ensureWatch(watch: Watch): WatchHold;
  addWebhook(handler: AdmissionHandler): void;
  /** Has the controller look at an object soon; does nothing where it does not run. */
  enqueue(controllerName: string, ref: ObjectRef): void;
  /** Ports that were opened, once they are: those given as 0 are free ones. */
  ports(): { readonly webhooks: number | undefined; readonly health: number | undefined };
  /**
   * Runs until the signal aborts: servers, informers, leadership, controllers; ends in reverse order. Rejects with
   * LeadershipLost when the lease is lost: the process then exits and starts afresh.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** Somebody else leads now, or nobody can tell. What this process knows may be old: it must not go on. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost';
}

interface Parts extends ManagerOptions {
  readonly metrics: Metrics;
  readonly informers: InformerSet;
  readonly election: LeaderElection | undefined;
  readonly holder: ShardHolder | undefined;
  readonly webhookServer: Webhooks | undefined;
  readonly crew: Crew;
  readonly lead: Term;
  /** Client and events of a term under a lease. */
  readonly termOf: (lease: WriteLease, owns?: Term['owns']) => Term;
  /** What changes while running. */
  readonly now: {
    started: boolean;
    ready: boolean;
    healthPort: number | undefined;
    readonly shards: Set<number>;
  };
}

/** Makes a manager; nothing starts before `run`. */
export function createManager(options: ManagerOptions): Manager {
  const { client, clock, log, identity, namespace } = options;
  const metrics = options.metrics ?? createMetrics();
  const informers = new InformerSet({
    client,
    clock,
    log,
    onWatchError: (kind) => metrics.watchFailed(kind),
  });
  metrics.watchStores(() => informers.sizes());
  const count = options.leaderElection?.shards ?? 1;
  const part = options.leaderElection && {
    client,
    clock,
    log,
    identity,
    namespace,
    ...options.leaderElection,
  };
  const election = part && createLeaderElection(part);
  const holder = part && count > 1 ? createShardHolder({ ...part, count }) : undefined;
  const termOf: Parts['termOf'] = (lease, owns) => {
    const writer = fenced(client, lease);
    const events = createEvents({ client: writer, clock, log, identity });
    return { client: writer, events, lateMs: lease.lateMs, ...(owns === undefined ? {} : { owns }) };
  };
  const lead = termOf(election?.lease ?? alwaysWrite);
  const handlers = new Map<string, AdmissionHandler>();
  const handlerAt = (path: string): AdmissionHandler | undefined => handlers.get(path);
  const webhookServer =
    options.webhooks &&
    createWebhooks({ ...options.webhooks, client, clock, log, metrics, namespace, handlerAt });
  const crew = new Crew(clock, log);
  const now = { started: false, ready: false, healthPort: undefined, shards: new Set<number>() };
  const parts: Parts = {
    ...options,
    metrics,
    informers,
    election,
    holder,
    webhookServer,
    crew,
    termOf,
    lead,
    now,
  };
  return {
    stores: informers.stores,
    metrics,
    client: lead.client,
    share: () => (holder === undefined ? 1 : now.shards.size / count),
    addController: (controller) => {
      if (crew.has(controller.name)) {
        throw new Error(`Manager: a controller named ${controller.name} is there already; remove it first`);
      }
      crew.add(createControllerLoop(controller, { informers, clock, log, metrics }));
    },
    removeController: (name) => crew.remove(name),
    addTask: (task) => crew.add(createTaskLoop(task, log)),
    ensureWatch: (watch) => {
      const hold = informers.hold(watch);
      const release = (): void => {
        hold.release().catch((error: unknown) => log.error('Watch not released', { error }));
      };
      return { synced: hold.informer.synced, release };
    },
    addWebhook: (handler) => {
      handlers.set(handler.path, handler);
    },
    enqueue: (controllerName, ref) => crew.enqueue(controllerName, ref),
    ports: () => ({ webhooks: webhookServer?.port(), health: now.healthPort }),
    run: (signal) => run(parts, signal),
  };
}

async function run(parts: Parts, signal: AbortSignal): Promise<void> {
  const { informers, log, clock, health, webhookServer, now } = parts;
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  const cleanups: (() => Promise<void>)[] = [];
  try {
    if (health !== undefined) {
      const checks = { live: () => liveProblems(parts), ready: () => readyProblems(parts) };
      const server = await startHealthServer({ ...health, ...checks, metrics: parts.metrics, clock });
      now.healthPort = server.port;
      cleanups.push(() => server.close());
    }
    // Not waited for: a webhook server that lacks its certificate must not keep controllers from their work.
    const webhooks = webhookServer?.run(ending).catch((error: unknown) => failed.abort(error));
    cleanups.push(async () => webhooks);
    const initial = informers.synced();
    informers.start();
    cleanups.push(() => informers.stop());
    initial.then(
      () => (now.ready = true),
      () => undefined,
    );
    now.started = true;
    log.info('Started');
    await workByLease(parts, ending);
    failed.signal.throwIfAborted();
  } finally {
    now.started = false;
    // Whatever ended us ends the others, too.
    failed.abort();
    for (const cleanup of cleanups.toReversed()) await cleanup();
    parts.metrics.close();
    log.info('Stopped');
  }
}

/** The leader's work and, where it is divided, that of shards, each under its own lease. One that is lost ends everything. */
async function workByLease(parts: Parts, signal: AbortSignal): Promise<void> {
  const { election, holder, crew, termOf } = parts;
  if (election === undefined) return lead(parts, EVERYTHING, signal);
  if (holder === undefined) {
    return leadOrThrow(election.run(signal, (leading) => leadAlone(parts, leading)));
  }
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  const works = [
    leadOrThrow(election.run(ending, (leading) => lead(parts, ['leader'], leading))),
    leadOrThrow(holder.run(ending, (shard, lease, term) => workOnShard(parts, shard, lease, term))),
    crew.work(['replicas'], termOf(neverWrite), ending),
  ];
  for (const work of works) work.catch(() => failed.abort());
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function leadOrThrow(outcome: Promise<'stopped' | 'lost'>): Promise<void> {
  if ((await outcome) === 'lost') throw new LeadershipLost('The lease was lost; starting afresh.');
}

const EVERYTHING: readonly Placement[] = ['leader', 'shards', 'replicas'];

/** Controllers work until the signal aborts. Those added meanwhile start at once. */
async function lead(parts: Parts, placements: readonly Placement[], signal: AbortSignal): Promise<void> {
  parts.metrics.leading(true);
  const off = onAbort(signal, () => parts.metrics.leading(false));
  await parts.crew.work(placements, parts.lead, signal);
  off();
}

/** Replicas that divide the work may still be there while the chart's value is changed back. */
async function leadAlone(parts: Parts, signal: AbortSignal): Promise<void> {
  const { client, clock, log, namespace, leaderElection } = parts;
  const leases = new LeaseWatch(client, clock, namespace);
  while (!signal.aborted) {
    try {
      const { holding } = await leases.look(RENEW_DEADLINE_MS, Infinity);
      if (!hasShardWorkers(holding, leaderElection?.leaseName ?? '')) break;
      log.warn('Other replicas divide the work by shards: waiting for them to go');
    } catch (error) {
      log.warn('Leases not read; read again', { error });
    }
    await clock.sleep(RETRY_PERIOD_MS, signal).catch(() => undefined);
  }
  await lead(parts, EVERYTHING, signal);
}

async function workOnShard(
  parts: Parts,
  shard: number,
  lease: WriteLease,
  signal: AbortSignal,
): Promise<void> {
  const { crew, metrics, now, termOf, leaderElection } = parts;
  const count = leaderElection?.shards ?? 1;
  now.shards.add(shard);
  metrics.holding(now.shards.size);
  await crew.work(
    ['shards'],
    termOf(lease, (uid) => shardOf(uid, count) === shard),
    signal,
  );
  now.shards.delete(shard);
  metrics.holding(now.shards.size);
}

function liveProblems({ election, holder, now }: Parts): readonly string[] {
  const idleMs = now.started ? Math.max(election?.idleMs() ?? 0, holder?.idleMs() ?? 0) : 0;
  return idleMs > STANDSTILL_MS ? [`leader election has stood still for ${Math.round(idleMs / 1000)} s`] : [];
}

/** Ready once is ready for good as far as stores go: a kind that comes later must not take us out of service. */
function readyProblems({ informers, webhookServer, now }: Parts): readonly string[] {
  if (!now.started) return ['not started'];
  const problems: string[] = [];
  if (!now.ready) problems.push(`not yet in the stores: ${informers.unsynced().join(', ')}`);
  if (webhookServer !== undefined && webhookServer.port() === undefined)
    problems.push('webhooks: no certificate yet');
  return problems;
}
