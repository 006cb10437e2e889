import { FINALIZER } from '../../src/api/names.ts';
import type { Instance } from '../../src/api/instance.ts';
import type { Client } from '../../src/client/client.ts';
import { clientOver } from '../../src/client/http-client.ts';
import { findCondition, formatTime } from '../../src/kube/conditions.ts';
import { apiVersionOf, type Kind } from '../../src/kube/kind.ts';
import type { Json } from '../../src/kube/object.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { shortHash } from '../../src/lib/hash.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager, type Manager } from '../../src/runtime/manager.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { OPERATOR } from '../component/instance-rig.ts';
import { createApi, type Api } from '../fakeapi/api.ts';
import type { RequestRecord } from '../fakeapi/faults.ts';
import type { Stored } from '../fakeapi/json.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';
import { storeOf } from '../fakeapi/resources.ts';
import type { Change } from '../fakeapi/store.ts';
import { Interceptor, type FaultScript } from './interceptor.ts';
import { memoryTransport } from './memory-transport.ts';
import { breathe, drive, type Simulated } from './simulation.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds that a hook's Job runs. */
const JOB_MS = 1_000;
/** Milliseconds until a Deployment was looked at. */
const DEPLOYMENT_MS = 500;
/** Metrics cost more than a short run, and none is looked at here: one for all. */
const metrics = { ...createMetrics(), watchStores: () => undefined, close: () => undefined };
metrics.registry.clear();

/** Everything that stands in a cluster. */
export type StoredObjects = ReturnType<Api['store']['all']>;

/** A process of the operator, as the outside sees it. */
export interface Process {
  readonly interceptor: Interceptor;
  /** Ends it without a word, as SIGKILL does, and gives its memory back. */
  end(): Promise<void>;
}

/** A cluster in memory, processes of the operator on it, and a clock that stands until somebody turns it. */
export abstract class SimulatedCluster implements Simulated {
  readonly clock = new FakeClock();
  readonly api: Api;
  readonly requests: RequestRecord[] = [];
  readonly tester: Client;
  readonly watchdog: Watchdog;
  /** Renderings so far, also of processes that are dead by now. */
  protected rendered = 0;
  #changes = 0;
  readonly #processes: Process[] = [];

  protected constructor(options: FakeApiOptions) {
    this.api = createApi(options, this.clock);
    this.tester = this.#client('tester');
    this.watchdog = new Watchdog(this.api.store, this.requests);
    this.api.store.onChange((change) => {
      if (change.object.kind !== 'Lease') this.#changes += 1;
      this.#runJob(change);
      this.#runDeployment(change);
    });
  }

  /** Gives a process its controllers. */
  protected abstract equip(manager: Manager, interceptor: Interceptor): void;

  get store(): Api['store'] {
    return this.api.store;
  }

  readonly activity = (): number => this.requests.length + this.rendered;

  readonly changes = (): number => this.#changes;

  /** Has the cluster hold what another one held. */
  protected async hold(stored: StoredObjects): Promise<void> {
    // Not copied to the ground: what is stored is never changed in place, apart from its version.
    for (const { store, object } of stored)
      this.store.put(store, { ...object, metadata: { ...object.metadata } });
    await breathe(this);
  }

  #client(user: string, interceptor?: Interceptor): Client {
    const transport = memoryTransport(this.api, user, (request) => this.requests.push(request));
    return clientOver(interceptor?.over(transport) ?? transport, { clock: this.clock });
  }

  /** Starts a process; with `leader` it takes part in choosing one under that name. */
  spawn(script: FaultScript = {}, leader?: string): Process {
    const interceptor = new Interceptor(this.clock, script);
    const manager = createManager({
      client: this.#client('operator', interceptor),
      clock: this.clock,
      log: silentLog,
      metrics,
      identity: leader ?? 'only',
      namespace: OPERATOR,
      ...(leader === undefined ? {} : { leaderElection: { leaseName: 'operator' } }),
    });
    this.equip(manager, interceptor);
    const stop = new AbortController();
    const state = { ended: false };
    const running = manager.run(stop.signal).then(
      () => (state.ended = true),
      // Leadership lost: the process ends.
      () => (state.ended = true),
    );
    const process: Process = {
      interceptor,
      end: async () => {
        interceptor.kill();
        stop.abort();
        await breathe(this);
        while (!state.ended) await this.clock.advance(Math.max(1, this.clock.untilNext ?? 1));
        await running;
      },
    };
    this.#processes.push(process);
    return process;
  }

  async close(): Promise<void> {
    for (const process of this.#processes) await process.end();
    this.api.stop();
  }

  /** Turns the clock until `isDone` and everything rests. */
  until(what: string, isDone: () => boolean): Promise<number> {
    return drive(what, this, isDone);
  }

  /** An instance as admission leaves it, with a UID that is the same in every run: digests depend on it. */
  protected putInstance(kind: Kind, name: string, spec: Record<string, Json>): void {
    const digits = BigInt(`0x${shortHash(name, 9)}`)
      .toString()
      .padStart(12, '0')
      .slice(-12);
    this.store.put(storeOf(kind), {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: {
        name,
        namespace: OPERATOR,
        uid: `22222222-2222-4222-8222-${digits}`,
        creationTimestamp: formatTime(this.clock.now()),
        generation: 1,
        finalizers: [FINALIZER],
        resourceVersion: '',
      },
      spec,
    });
  }

  /** Jobs run for a while and end well. */
  #runJob({ object, store, type }: Change): void {
    if (type !== 'ADDED' || object['kind'] !== 'Job') return;
    this.clock.after(JOB_MS, () => {
      const condition = {
        type: 'Complete',
        status: 'True',
        lastTransitionTime: formatTime(this.clock.now()),
      };
      this.#setStatus(store, object, { conditions: [condition] });
    });
  }

  /** Deployments are what they should be as soon as somebody has looked at them. */
  #runDeployment({ object, store, type }: Change): void {
    const { generation } = object.metadata as { generation?: number };
    const seen = (object['status'] as { observedGeneration?: number } | undefined)?.observedGeneration;
    if (type === 'DELETED' || object['kind'] !== 'Deployment' || seen === generation) return;
    const observedGeneration = generation ?? 0;
    this.clock.after(DEPLOYMENT_MS, () => this.#setStatus(store, object, { observedGeneration }));
  }

  #setStatus(store: string, { metadata }: Stored, status: Stored['status']): void {
    const { namespace } = metadata as { namespace?: string };
    const present = this.store.get(store, namespace, metadata.name);
    if (present?.metadata.uid !== metadata.uid) return;
    this.store.put(store, { ...present, metadata: { ...present.metadata }, status });
  }
}

/** The instance says that its release of this number runs what its spec says. */
export function saysItRuns(instance: Instance | undefined, release: number, revision: string): boolean {
  const ready = findCondition(instance?.status?.conditions, 'Ready');
  return (
    ready?.status === 'True' &&
    ready.observedGeneration === instance?.metadata.generation &&
    instance?.status?.release === release &&
    instance.status.revision === revision
  );
}
