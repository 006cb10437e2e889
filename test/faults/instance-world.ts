import { crdManifests } from '../../src/api/crds.ts';
import { FINALIZER } from '../../src/api/names.ts';
import type { Instance } from '../../src/api/instance.ts';
import { REVISION, type Revision, type RevisionSpec } from '../../src/api/revision.ts';
import type { Client } from '../../src/client/client.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import { clientOver } from '../../src/client/http-client.ts';
import { instanceController } from '../../src/features/instance/controller.ts';
import { chartChunks, saveChart } from '../../src/helm/chart-store.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import { CRD } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { findCondition, formatTime } from '../../src/kube/conditions.ts';
import type { AnyObject, Json } from '../../src/kube/object.ts';
import { shortHash } from '../../src/lib/hash.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import {
  ACCOUNTS,
  OPERATOR,
  POLICIES,
  SERVICE,
  SERVICE_UID,
  SHOP,
  TemplateEngine,
  type Template,
} from '../component/instance-rig.ts';
import { createApi, type Api } from '../fakeapi/api.ts';
import type { RequestRecord } from '../fakeapi/faults.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';
import type { Stored } from '../fakeapi/json.ts';
import { storeOf } from '../fakeapi/resources.ts';
import type { Change } from '../fakeapi/store.ts';
import { Interceptor, type FaultScript } from './interceptor.ts';
import { memoryTransport } from './memory-transport.ts';
import { breathe, drive, type Simulated } from './simulation.ts';
import { Watchdog } from './watchdog.ts';

const API_OPTIONS: FakeApiOptions = {
  namespaces: [OPERATOR, ACCOUNTS, 'team'],
  unenforced: ['CEL rules', 'ClusterRole', 'RoleBinding', 'Role', 'ResourceQuota', 'LimitRange'],
};
/** Instances that may be upgraded at the same time. */
const UPGRADES_AT_ONCE = 2;
/** Milliseconds that a hook's Job runs. */
const JOB_MS = 1_000;
/** Milliseconds until a Deployment was looked at. */
const DEPLOYMENT_MS = 500;

/** A process of the operator, as the outside sees it. */
export interface Process {
  readonly interceptor: Interceptor;
  /** Ends it without a word, as SIGKILL does, and gives its memory back. */
  end(): Promise<void>;
}

/** A cluster in memory, the instance feature on it, and a clock that stands until somebody turns it. */
export class InstanceWorld implements Simulated {
  readonly clock = new FakeClock();
  readonly api: Api;
  readonly requests: RequestRecord[] = [];
  readonly tester: Client;
  readonly engine = new TemplateEngine();
  readonly watchdog: Watchdog;
  #changes = 0;
  #chart = chartChunks(OPERATOR, Buffer.from('the chart'));
  readonly #processes: Process[] = [];

  private constructor() {
    this.api = createApi(API_OPTIONS, this.clock);
    this.tester = this.#client('tester');
    this.watchdog = new Watchdog(this.api.store, this.requests);
    this.api.store.onChange((change) => {
      if (change.object.kind !== 'Lease') this.#changes += 1;
      this.#runJob(change);
      this.#runDeployment(change);
    });
  }

  get store(): Api['store'] {
    return this.api.store;
  }

  readonly activity = (): number => this.requests.length + this.engine.renderings.length;

  readonly changes = (): number => this.#changes;

  /** A cluster with what `stored` says (else: the service at its first revision), and no operator yet. */
  static async start(
    template: Template,
    hooks: TemplateEngine['hooks'] = [],
    stored?: StoredObjects,
  ): Promise<InstanceWorld> {
    const world = new InstanceWorld();
    world.engine.template = template;
    world.engine.hooks = hooks;
    // Not copied to the ground: what is stored is never changed in place, apart from its version.
    for (const { store, object } of stored ?? (await seed()))
      world.store.put(store, { ...object, metadata: { ...object.metadata } });
    await breathe(world);
    return world;
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
      identity: leader ?? 'only',
      namespace: OPERATOR,
      ...(leader === undefined ? {} : { leaderElection: { leaseName: 'operator' } }),
    });
    const { client } = manager;
    const discovery = createDiscovery(client, this.clock);
    const settings = {
      operatorNamespace: OPERATOR,
      accountsNamespace: ACCOUNTS,
      upgradesAtOnce: UPGRADES_AT_ONCE,
    };
    const engine = this.#engineOf(interceptor);
    const wake = manager.enqueue;
    manager.addController(
      instanceController(SERVICE, { client, engine, discovery, clock: this.clock, settings, wake }),
    );
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

  /** What a dead process renders counts for nothing. */
  #engineOf(interceptor: Interceptor): TemplateEngine {
    const { engine, watchdog } = this;
    return Object.assign(Object.create(engine) as TemplateEngine, {
      render: async (request: Parameters<TemplateEngine['render']>[0]) => {
        if (interceptor.dead) return new Promise<never>(() => undefined);
        watchdog.rendered(request);
        return engine.render(request);
      },
    });
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
  create(name: string, spec: Record<string, Json>): void {
    const digits = BigInt(`0x${shortHash(name, 9)}`)
      .toString()
      .padStart(12, '0')
      .slice(-12);
    this.store.put(storeOf(SHOP), {
      apiVersion: `${SHOP.group}/${SHOP.version}`,
      kind: SHOP.kind,
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

  patch(name: string, body: object): Promise<unknown> {
    return this.#asked(this.tester.patch(SHOP, { namespace: OPERATOR, name }, { type: 'merge', body }));
  }

  remove(name: string): Promise<unknown> {
    return this.#asked(this.tester.delete(SHOP, { namespace: OPERATOR, name }));
  }

  /** A revision of the service; the one with the highest number is current. */
  revise(number: number, changes: Partial<RevisionSpec> = {}): Promise<unknown> {
    return this.#asked(this.tester.create(REVISION, revisionObject(number, this.#chart.stored, changes)));
  }

  /** The tester's own calls take no time. */
  async #asked<T>(call: Promise<T>): Promise<T> {
    return call;
  }

  find(name: string): Instance | undefined {
    return this.store.get(storeOf(SHOP), OPERATOR, name);
  }

  /** The instance says that its release of this number runs what its spec says. */
  runs(name: string, release: number, revision: string): boolean {
    const instance = this.find(name);
    const ready = findCondition(instance?.status?.conditions, 'Ready');
    return (
      ready?.status === 'True' &&
      ready.observedGeneration === instance?.metadata.generation &&
      instance?.status?.release === release &&
      instance.status.revision === revision
    );
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

/** Everything that stands in a cluster. */
export type StoredObjects = ReturnType<Api['store']['all']>;

let seeded: Promise<StoredObjects> | undefined;

/** What stands before every story, made once by ordinary calls. */
function seed(): NonNullable<typeof seeded> {
  seeded ??= (async () => {
    const clock = new FakeClock();
    const api = createApi(API_OPTIONS, clock);
    const client = clientOver(
      memoryTransport(api, 'tester', () => undefined),
      { clock },
    );
    const crds: Kind<AnyObject> = {
      group: CRD.group,
      version: CRD.version,
      kind: CRD.kind,
      plural: CRD.plural,
      namespaced: false,
    };
    const resource = { group: SHOP.group, version: SHOP.version, kind: SHOP.kind, plural: SHOP.plural };
    const spec = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const shop = generatedCrd({ resource, serviceUid: SERVICE_UID, spec, description: 'Shops.', kinds: [] });
    for (const crd of [...crdManifests(), shop]) await client.create(crds, crd);
    const stored = await saveChart(client, OPERATOR, Buffer.from('the chart'));
    const simulated = { clock, store: api.store, activity: () => 0, changes: () => 0 };
    await breathe(simulated);
    await client.create(REVISION, revisionObject(1, stored, {}));
    await breathe(simulated);
    api.stop();
    return api.store.all();
  })();
  return seeded;
}

function revisionObject(
  number: number,
  stored: Pick<RevisionSpec['chart'], 'digest' | 'chunks' | 'size'>,
  changes: Partial<RevisionSpec>,
): Revision {
  return {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Revision',
    metadata: { name: `shop-${number}`, namespace: OPERATOR },
    spec: {
      composition: { name: 'shop', uid: SERVICE_UID },
      number,
      resource: { group: SHOP.group, version: SHOP.version, kind: SHOP.kind, plural: SHOP.plural },
      chart: { name: 'shop', version: '1.0.0', appVersion: '1', ...stored },
      providerValues: {},
      valuesSchema: null,
      policies: POLICIES,
      kinds: [],
      rules: [],
      ...changes,
    },
  };
}
