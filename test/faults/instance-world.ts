import { crdManifests } from '../../src/api/crds.ts';
import type { Instance } from '../../src/api/instance.ts';
import { REVISION, type Revision, type RevisionSpec } from '../../src/api/revision.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import { clientOver } from '../../src/client/http-client.ts';
import { instanceController } from '../../src/features/instance/controller.ts';
import { chartChunks, saveChart } from '../../src/helm/chart-store.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import { CONFIG_MAP, CRD } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, Json } from '../../src/kube/object.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import type { Manager } from '../../src/runtime/manager.ts';
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
import { createApi } from '../fakeapi/api.ts';
import { mapAt } from '../fakeapi/json.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';
import { storeOf } from '../fakeapi/resources.ts';
import type { Interceptor } from './interceptor.ts';
import { memoryTransport } from './memory-transport.ts';
import { saysItRuns, SimulatedCluster, type StoredObjects } from './simulated-cluster.ts';
import { breathe } from './simulation.ts';

const API_OPTIONS: FakeApiOptions = {
  namespaces: [OPERATOR, ACCOUNTS, 'team'],
  unenforced: ['CEL rules', 'ClusterRole', 'RoleBinding', 'Role', 'ResourceQuota', 'LimitRange'],
};
/** Instances that may be upgraded at the same time. */
const UPGRADES_AT_ONCE = 2;

/** The instance feature on a cluster in memory: one service, whose chart is a function. */
export class InstanceWorld extends SimulatedCluster {
  readonly engine = new TemplateEngine();
  #chart = chartChunks(OPERATOR, Buffer.from('the chart'));

  private constructor() {
    super(API_OPTIONS);
  }

  /** A cluster with what `stored` says (else: the service at its first revision), and no operator yet. */
  static async start(
    template: Template,
    hooks: TemplateEngine['hooks'] = [],
    stored?: StoredObjects,
  ): Promise<InstanceWorld> {
    const world = new InstanceWorld();
    world.engine.template = template;
    world.engine.hooks = hooks;
    await world.hold(stored ?? (await seed()));
    return world;
  }

  protected override equip(manager: Manager, interceptor: Interceptor): void {
    const { client } = manager;
    const { clock } = this;
    const discovery = createDiscovery(client, clock);
    const engine = this.#engineOf(interceptor);
    const settings = {
      operatorNamespace: OPERATOR,
      accountsNamespace: ACCOUNTS,
      upgradesAtOnce: UPGRADES_AT_ONCE,
    };
    const wake = manager.enqueue;
    manager.addController(instanceController(SERVICE, { client, engine, discovery, clock, settings, wake }));
  }

  /** What a dead process renders counts for nothing. */
  #engineOf(interceptor: Interceptor): TemplateEngine {
    const { engine, watchdog } = this;
    return Object.assign(Object.create(engine) as TemplateEngine, {
      render: async (request: Parameters<TemplateEngine['render']>[0]) => {
        if (interceptor.dead) return new Promise<never>(() => undefined);
        this.rendered += 1;
        watchdog.rendered(request);
        return engine.render(request);
      },
    });
  }

  /** An instance as admission leaves it. */
  create(name: string, spec: Record<string, Json>): void {
    this.putInstance(SHOP, name, spec);
  }

  patch(name: string, body: object): Promise<unknown> {
    return this.tester.patch(SHOP, { namespace: OPERATOR, name }, { type: 'merge', body });
  }

  remove(name: string): Promise<unknown> {
    return this.tester.delete(SHOP, { namespace: OPERATOR, name });
  }

  /** A revision of the service; the one with the highest number is current. */
  revise(number: number, changes: Partial<RevisionSpec> = {}): Promise<unknown> {
    return this.tester.create(REVISION, revisionObject(number, this.#chart.stored, changes));
  }

  find(name: string): Instance | undefined {
    return this.store.get(storeOf(SHOP), OPERATOR, name);
  }

  /** The instance says that its release of this number runs what its spec says. */
  runs(name: string, release: number, revision: string): boolean {
    return saysItRuns(this.find(name), release, revision);
  }

  /** The instance is ready with this title in its chart's objects. */
  shows(name: string, title: string): boolean {
    const settings = this.store.get(storeOf(CONFIG_MAP), name, 'settings');
    const { release = 0, revision = '' } = this.find(name)?.status ?? {};
    return this.runs(name, release, revision) && mapAt(settings, 'data')['title'] === title;
  }
}

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
