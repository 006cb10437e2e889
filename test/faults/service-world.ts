import { crdManifests } from '../../src/api/crds.ts';
import type { Instance } from '../../src/api/instance.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../src/api/resource-composition.ts';
import { clientOver } from '../../src/client/http-client.ts';
import { saveUpload } from '../../src/helm/chart-store.ts';
import { CLUSTER_ROLE, CONFIG_MAP, CRD } from '../../src/kube/builtin-kinds.ts';
import { findCondition, formatTime } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, Json } from '../../src/kube/object.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import type { Manager } from '../../src/runtime/manager.ts';
import { ACCOUNTS, OPERATOR } from '../component/instance-rig.ts';
import { createApi } from '../fakeapi/api.ts';
import { mapAt } from '../fakeapi/json.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';
import { storeOf } from '../fakeapi/resources.ts';
import type { Interceptor } from './interceptor.ts';
import { archiveOf, JsonChartEngine, type JsonChart } from './json-chart-engine.ts';
import { memoryTransport } from './memory-transport.ts';
import { saysItRuns, SimulatedCluster, type StoredObjects } from './simulated-cluster.ts';
import { breathe } from './simulation.ts';
import { wireServices } from './wire-services.ts';

const API_OPTIONS: FakeApiOptions = {
  namespaces: [OPERATOR, ACCOUNTS],
  unenforced: ['CEL rules', 'ClusterRole', 'RoleBinding', 'Role', 'ResourceQuota', 'LimitRange'],
};
const SERVICE_UID = '33333333-3333-4333-8333-333333333333';
const SERVICE = { namespace: OPERATOR, name: 'hello' };
const RESOURCE = {
  kind: 'HelloService',
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  plural: 'helloservices',
};
/** The kind that the service brings. */
const HELLO: Kind<Instance> = { ...RESOURCE, namespaced: true };

/** Services and their instances, wired as in the operator, on a cluster in memory. */
export class ServiceWorld extends SimulatedCluster {
  private constructor() {
    super(API_OPTIONS);
  }

  /** A cluster with what `stored` says (else: nothing but our kinds), and no operator yet. */
  static async start(stored?: StoredObjects): Promise<ServiceWorld> {
    const world = new ServiceWorld();
    await world.hold(stored ?? (await seed()));
    return world;
  }

  protected override equip(manager: Manager, interceptor: Interceptor): void {
    const engine = new JsonChartEngine(async (request) => {
      // What a dead process renders counts for nothing.
      if (interceptor.dead) return new Promise<never>(() => undefined);
      this.rendered += 1;
      this.watchdog.rendered(request);
    });
    const settings = { operatorNamespace: OPERATOR, accountsNamespace: ACCOUNTS };
    wireServices(manager, { engine, clock: this.clock, settings });
  }

  /** Uploads a chart under a name that `file:///NAME` refers to. */
  upload(name: string, chart: JsonChart): Promise<unknown> {
    return saveUpload(this.tester, OPERATOR, name, archiveOf(chart), 0);
  }

  /** A composition, with a UID that is the same in every run. */
  register(upload: string): void {
    this.store.put(storeOf(RESOURCE_COMPOSITION), {
      apiVersion: 'workflows.kubeplus/v1alpha1',
      kind: 'ResourceComposition',
      metadata: {
        ...SERVICE,
        uid: SERVICE_UID,
        creationTimestamp: formatTime(this.clock.now()),
        generation: 1,
        resourceVersion: '',
      },
      spec: {
        newResource: { resource: RESOURCE, chartURL: `file:///${upload}`, chartName: 'hello' },
        respolicy: { metadata: { name: 'hello-policy' }, spec: { resource: { kind: 'HelloService' } } },
      },
    });
  }

  /** A merge patch of the composition. */
  patch(body: object): Promise<unknown> {
    return this.tester.patch(RESOURCE_COMPOSITION, SERVICE, { type: 'merge', body });
  }

  unregister(): Promise<unknown> {
    return this.tester.delete(RESOURCE_COMPOSITION, SERVICE);
  }

  service(): ResourceComposition | undefined {
    const found = this.store.get(storeOf(RESOURCE_COMPOSITION), OPERATOR, SERVICE.name);
    return found as unknown as ResourceComposition | undefined; // true: `register` and the product wrote it
  }

  /** The composition says of its present state, with this reason, that it is (not) ready. */
  says(ready: 'True' | 'False', reason: string): boolean {
    const found = this.service();
    const condition = findCondition(found?.status?.conditions, 'Ready');
    return (
      condition?.status === ready &&
      condition.reason === reason &&
      condition.observedGeneration === found?.metadata.generation
    );
  }

  /** The composition says that its service runs this revision. */
  offers(revision: string): boolean {
    return this.says('True', 'Registered') && this.service()?.status?.revision === revision;
  }

  create(name: string, spec: Record<string, Json>): void {
    this.putInstance(HELLO, name, spec);
  }

  remove(name: string): Promise<unknown> {
    return this.tester.delete(HELLO, { namespace: OPERATOR, name });
  }

  find(name: string): Instance | undefined {
    return this.store.get(storeOf(HELLO), OPERATOR, name);
  }

  runs(name: string, release: number, revision: string): boolean {
    return saysItRuns(this.find(name), release, revision);
  }

  /** The instance is ready with this theme in its chart's object. */
  shows(name: string, theme: string): boolean {
    const object = this.store.get(storeOf(CONFIG_MAP), name, 'says');
    const { release = 0, revision = '' } = this.find(name)?.status ?? {};
    return this.runs(name, release, revision) && mapAt(object, 'data')['theme'] === theme;
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
    const { group, version, kind, plural } = CRD;
    const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
    for (const crd of crdManifests()) await client.create(crds, crd);
    await client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'tenantry-instance' },
      rules: [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'delete', 'get', 'list', 'patch'] },
      ],
    });
    await breathe({ clock, store: api.store, activity: () => 0, changes: () => 0 });
    api.stop();
    return api.store.all();
  })();
  return seeded;
}
