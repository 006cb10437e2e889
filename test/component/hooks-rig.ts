import { crdManifests } from '../../src/api/crds.ts';
import { CONTROL_PLANE, type ControlPlane, type ControlPlaneStatus } from '../../src/api/control-plane.ts';
import type { HookState } from '../../src/api/hook-state.ts';
import { POST_CREATE_HOOK, type PostCreateHook } from '../../src/api/post-create-hook.ts';
import type { Client } from '../../src/client/client.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import { hookCounter, hooksController } from '../../src/features/hooks/hook-controllers.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { CRD, SECRET } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import type { Attributes } from '../fakeapi/options.ts';

const API_VERSION = 'tenancy.kflex.kubestellar.org/v1alpha1';
const ACCOUNT = 'system:serviceaccount:tenantry-services:tenantry-hooks';
const OPERATOR = 'tenantry';
/** Milliseconds; the engine's first worker takes some of them on a busy machine. */
export const PATIENCE_MS = 20_000;

/** The controllers of hooks over two API servers in memory: the hosting cluster and a tenant's plane. */
export class HooksRig {
  readonly host: FakeApi;
  readonly inside: FakeApi;
  readonly client: Client;
  /** What the hooks' account may do on the hosting cluster beyond its namespaces; tests change it. */
  mayCluster: (attributes: Attributes) => boolean = () => true;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  private constructor(host: FakeApi, inside: FakeApi) {
    this.host = host;
    this.inside = inside;
    this.client = host.client({ token: 'tester' });
  }

  static async start(engine: HelmEngine): Promise<HooksRig> {
    let asked: (attributes: Attributes) => boolean = () => true;
    const host = await startFakeApi({
      namespaces: [OPERATOR, 'cp1-system', 'cp2-system'],
      tokens: { tester: 'tester', operator: 'operator' },
      unenforced: ['CEL rules', 'RoleBinding', 'ClusterRole'],
      authorize: (attributes) =>
        attributes.user !== ACCOUNT || attributes.namespace.endsWith('-system') || asked(attributes),
    });
    const inside = await startFakeApi({ tokens: { plane: 'admin' } });
    const rig = new HooksRig(host, inside);
    asked = (attributes) => rig.mayCluster(attributes);
    const { group, version, kind, plural } = CRD;
    const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
    for (const crd of crdManifests()) await rig.client.create(crds, crd);
    rig.#run(engine);
    return rig;
  }

  #run(engine: HelmEngine): void {
    const client = this.host.client({ token: 'operator' });
    const manager = createManager({
      client,
      clock: systemClock,
      log: silentLog,
      identity: 'leader',
      namespace: OPERATOR,
    });
    const discovery = createDiscovery(client, systemClock);
    const deps = { client, discovery, engine, clock: systemClock, accountsNamespace: 'tenantry-services' };
    manager.addController(hooksController(deps));
    manager.addController(hookCounter());
    this.#running = manager.run(this.#stop.signal);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.host.close();
    await this.inside.close();
  }

  async hook(
    name: string,
    templates: readonly unknown[],
    spec: PostCreateHook['spec'] = {},
    labels: Record<string, string> = {},
  ): Promise<void> {
    const object = {
      apiVersion: API_VERSION,
      kind: 'PostCreateHook',
      metadata: { name, labels },
      spec: { ...spec, templates },
    } as PostCreateHook; // true: templates are objects
    await this.client.apply(POST_CREATE_HOOK, object, { fieldManager: 'tester' });
  }

  /** A plane whose API server answers. */
  async plane(name: string, spec: Partial<ControlPlane['spec']> = {}): Promise<void> {
    const object = { apiVersion: API_VERSION, kind: 'ControlPlane', metadata: { name } };
    await this.client.apply(
      CONTROL_PLANE,
      { ...object, spec: { type: 'k8s', ...spec } },
      { fieldManager: 'tester' },
    );
    if ((await this.client.get(CONTROL_PLANE, { name })).status?.secretRef !== undefined) return;
    const namespace = `${name}-system`;
    const kubeconfig = {
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: this.inside.url } }],
      users: [{ name: 'a', user: { token: 'plane' } }],
    };
    await this.client.create(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'admin-kubeconfig', namespace },
      data: { 'kubeconfig-incluster': Buffer.from(JSON.stringify(kubeconfig)).toString('base64') },
    });
    await this.serve(name, {
      secretRef: { namespace, name: 'admin-kubeconfig', inClusterKey: 'kubeconfig-incluster' },
    });
  }

  /** Has the plane's own controller say that its API server answers. */
  async serve(name: string, status: ControlPlaneStatus = {}, serves = true): Promise<void> {
    const ready = {
      type: 'Ready',
      status: serves ? ('True' as const) : ('False' as const),
      reason: serves ? 'Available' : 'Unavailable',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const plane = await this.client.get(CONTROL_PLANE, { name });
    const secretRef = status.secretRef ?? plane.status?.secretRef;
    await this.client.apply(
      CONTROL_PLANE,
      {
        apiVersion: API_VERSION,
        kind: 'ControlPlane',
        metadata: { name },
        spec: plane.spec,
        status: { ...(secretRef === undefined ? {} : { secretRef }), conditions: [ready] },
      },
      { fieldManager: 'planes', subresource: 'status' },
    );
  }

  status(plane: string): ControlPlaneStatus {
    return this.host.objects(CONTROL_PLANE).find(({ metadata }) => metadata.name === plane)?.status ?? {};
  }

  /** Waits until a hook of a plane stands so, and answers its state. */
  async until(plane: string, hook: string, wanted: Partial<HookState> | RegExp): Promise<HookState> {
    const isSo = (state: HookState): boolean =>
      wanted instanceof RegExp
        ? wanted.test(state.message ?? '')
        : Object.entries(wanted).every(([field, value]) => state[field as keyof HookState] === value); // true: its own fields
    const find = (): HookState | undefined =>
      this.status(plane).hooks?.find((state) => state.name === hook && isSo(state));
    return eventually(
      `hook ${hook} of ${plane} is ${wanted instanceof RegExp ? wanted.source : JSON.stringify(wanted)}`,
      find,
      PATIENCE_MS,
    );
  }
}
