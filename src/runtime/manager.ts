import type { Client } from '../client/client.ts';
import type { ObjectRef } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { AdmissionHandler } from './admission.ts';
import { createControllerLoop, type ControllerLoop } from './controller-loop.ts';
import type { Controller, Stores, Watch } from './controller.ts';
import { createEvents } from './events.ts';
import { fenced } from './fenced-client.ts';
import { startHealthServer } from './health-server.ts';
import { InformerSet } from './informer-set.ts';
import { createLeaderElection, type LeaderElection } from './leader-election.ts';
import type { Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { StatusBase } from './plan.ts';
import { createWebhooks, type WebhookOptions, type Webhooks } from './webhooks.ts';
import { alwaysWrite } from './write-lease.ts';

/** Milliseconds that looks under way get to end; then the process goes without them. Below the kubelet's 30 s. */
const STOP_MS = 20_000;
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
  readonly leaderElection?: { readonly leaseName: string };
  readonly webhooks?: WebhookOptions;
  /** Plain HTTP for /healthz, /readyz and /metrics; absent: none. */
  readonly health?: { readonly port: number; readonly host?: string };
}

/** Starts and stops everything that runs, in order; owns the informers and leadership. */
export interface Manager {
  readonly stores: Stores;
  readonly metrics: Metrics;
  /** Writes are refused unless this process leads: for what features write outside of plans. */
  readonly client: Client;
  /** Before or while the manager runs. Its informers run in every replica, its work only in the leader. */
  addController<T extends KubeObject, TWorld, TStatus extends StatusBase>(
    controller: Controller<T, TWorld, TStatus>,
  ): void;
  /** Resolves when nothing of it runs any more. Unknown names are no error. */
  removeController(name: string): Promise<void>;
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
  readonly webhookServer: Webhooks | undefined;
  readonly loops: Map<string, ControllerLoop>;
  /** What changes while running. */
  readonly now: { leading: boolean; started: boolean; ready: boolean; healthPort: number | undefined };
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
  const election =
    options.leaderElection === undefined
      ? undefined
      : createLeaderElection({ client, clock, log, identity, namespace, ...options.leaderElection });
  const writer = fenced(client, election?.lease ?? alwaysWrite);
  const events = createEvents({ client: writer, clock, log, identity });
  const handlers = new Map<string, AdmissionHandler>();
  const handlerAt = (path: string): AdmissionHandler | undefined => handlers.get(path);
  const webhookServer =
    options.webhooks &&
    createWebhooks({ ...options.webhooks, client, clock, log, metrics, namespace, handlerAt });
  const loops = new Map<string, ControllerLoop>();
  const now = { leading: false, started: false, ready: false, healthPort: undefined };
  const parts: Parts = { ...options, metrics, informers, election, webhookServer, loops, now };
  return {
    stores: informers.stores,
    metrics,
    client: writer,
    addController: (controller) => {
      if (loops.has(controller.name)) {
        throw new Error(`Manager: a controller named ${controller.name} is there already; remove it first`);
      }
      const loop = createControllerLoop(controller, {
        client: writer,
        informers,
        events,
        clock,
        log,
        metrics,
      });
      loops.set(controller.name, loop);
      if (now.leading) loop.start();
    },
    removeController: async (name) => {
      const loop = loops.get(name);
      loops.delete(name);
      await loop?.close();
    },
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
    enqueue: (controllerName, ref) => loops.get(controllerName)?.enqueue(ref),
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
    await electAndLead(parts, ending);
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

async function electAndLead(parts: Parts, signal: AbortSignal): Promise<void> {
  if (parts.election === undefined) return lead(parts, signal);
  const outcome = await parts.election.run(signal, (leading) => lead(parts, leading));
  if (outcome === 'lost') throw new LeadershipLost('The lease was lost; starting afresh.');
}

/** Controllers work until the signal aborts. Those added meanwhile start at once. */
async function lead(parts: Parts, signal: AbortSignal): Promise<void> {
  const { loops, metrics, now, clock, log } = parts;
  now.leading = true;
  metrics.leading(true);
  for (const loop of loops.values()) loop.start();
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  now.leading = false;
  metrics.leading(false);
  const stopped = Promise.all([...loops.values()].map((loop) => loop.stop()));
  const patience = new AbortController();
  const tired = clock.sleep(STOP_MS, patience.signal).then(
    () => log.error('Looks under way did not end in time', { ms: STOP_MS }),
    () => undefined,
  );
  await Promise.race([stopped, tired]);
  patience.abort();
}

function liveProblems({ election, now }: Parts): readonly string[] {
  const idleMs = now.started ? (election?.idleMs() ?? 0) : 0;
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
