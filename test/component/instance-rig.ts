import type { Instance } from '../../src/api/instance.ts';
import { crdManifests } from '../../src/api/crds.ts';
import { REVISION, type Revision, type RevisionSpec } from '../../src/api/revision.ts';
import type { Client } from '../../src/client/client.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import { instanceController } from '../../src/features/instance/controller.ts';
import type { InstanceDeps, InstanceService } from '../../src/features/instance/service.ts';
import { planTermsOf } from '../../src/features/tenancy/tenancy.ts';
import { saveChart } from '../../src/helm/chart-store.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import {
  RenderError,
  type Engine,
  type Hook,
  type Rendering,
  type RenderRequest,
} from '../../src/helm/rendering.ts';
import { CRD, NAMESPACE as NAMESPACES } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, Condition, Json, KubeObject } from '../../src/kube/object.ts';
import { toYaml } from '../../src/kube/yaml.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager, type Manager } from '../../src/runtime/manager.ts';
import { eventually } from '../doubles/eventually.ts';
import type { RequestRecord } from '../fakeapi/faults.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

export const OPERATOR = 'tenantry';
export const ACCOUNTS = 'tenantry-services';
export const SERVICE_UID = '11111111-1111-4111-8111-111111111111';
export const SHOP: Kind<Instance> = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'ShopService',
  plural: 'shopservices',
  namespaced: true,
};

/** A chart as a function: what it renders for values. */
export type Template = (request: RenderRequest) => Promise<readonly object[]> | readonly object[];

/** An engine without Helm: renders what the test's template says. */
export class TemplateEngine implements Engine {
  template: Template = fourObjects;
  hooks: readonly Hook[] = [];
  notes = 'Enjoy.';
  readonly renderings: RenderRequest[] = [];

  load(): ReturnType<Engine['load']> {
    return Promise.resolve({
      name: 'shop',
      version: '1.0.0',
      appVersion: '1',
      description: '',
      kubeVersion: '',
      type: 'application',
      valuesYaml: '',
      values: { title: 'none' },
      valuesSchema: undefined,
      crds: [],
      metadata: { name: 'shop', version: '1.0.0' },
    });
  }

  async render(request: RenderRequest): Promise<Rendering> {
    this.renderings.push(request);
    if (request.values['broken'] === true) {
      throw new RenderError('TemplateFailed', 'shop/templates/web.yaml:3: broken is set');
    }
    const objects = await this.template(request);
    const manifests = objects.map((object) => ({
      source: 'shop/templates/all.yaml',
      content: toYaml(object),
    }));
    return { manifests, hooks: this.hooks, notes: this.notes, volatile: [] };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The chart that installs are counted with: 4 objects, nothing to wait for. */
export function fourObjects({ values, release }: RenderRequest): readonly object[] {
  const labels = { app: 'web' };
  const spec = { containers: [{ name: 'web', image: 'web' }] };
  return [
    object('v1', 'ConfigMap', 'settings', { data: { title: text(values['title']), release: release.name } }),
    object('v1', 'Secret', 'password', { stringData: { password: 'p' } }),
    object('v1', 'Service', 'web', { spec: { type: 'NodePort', selector: labels, ports: [{ port: 80 }] } }),
    object('apps/v1', 'Deployment', 'web', {
      spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    }),
  ];
}

export function object(apiVersion: string, kind: string, name: string, body: object = {}): object {
  return { apiVersion, kind, metadata: { name }, ...body };
}

const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

export const POLICIES: RevisionSpec['policies'] = {
  quota: { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' },
  podSecurity: 'baseline',
  fillResources: true,
  egress: 'default',
  allowedClusterKinds: [],
};

/** What a rig has besides the shop, from its start on. */
interface RigExtras {
  readonly services?: readonly InstanceService[];
  readonly settings?: Partial<InstanceDeps['settings']>;
  /** Done before the operator runs. */
  readonly prepare?: (rig: InstanceRig) => Promise<void>;
}

/** The instance feature over an API server in memory: one service, whose chart is a function. */
export class InstanceRig {
  readonly api: FakeApi;
  /** The tester's client: not the operator. */
  readonly client: Client;
  readonly engine = new TemplateEngine();
  readonly #extras: RigExtras;
  /** The operator's requests are those of this user and of whom it impersonates. */
  readonly operator: Client;
  manager: Manager;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #digest = '';
  #chunks: readonly string[] = [];

  private constructor(api: FakeApi, extras: RigExtras) {
    this.api = api;
    this.#extras = extras;
    this.client = api.client({ token: 'tester' });
    this.operator = api.client({ token: 'operator' });
    this.manager = this.#manage();
  }

  static async start(extras: RigExtras = {}): Promise<InstanceRig> {
    const api = await startFakeApi({
      namespaces: [OPERATOR, ACCOUNTS, 'team'],
      tokens: { tester: 'tester', operator: 'operator' },
      unenforced: ['CEL rules', 'ClusterRole', 'RoleBinding', 'Role', 'ResourceQuota', 'LimitRange'],
    });
    const rig = new InstanceRig(api, extras);
    const resource = { group: SHOP.group, version: SHOP.version, kind: SHOP.kind, plural: SHOP.plural };
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const shop = generatedCrd({
      resource,
      serviceUid: SERVICE_UID,
      spec: schema,
      description: 'Shops.',
      kinds: [],
    });
    const crds: Kind<AnyObject> = {
      group: CRD.group,
      version: CRD.version,
      kind: CRD.kind,
      plural: CRD.plural,
      namespaced: false,
    };
    for (const crd of [...crdManifests(), shop]) await rig.client.create(crds, crd);
    const stored = await saveChart(rig.client, OPERATOR, Buffer.from('the chart'));
    rig.#digest = stored.digest;
    rig.#chunks = stored.chunks;
    await rig.revise(1);
    await extras.prepare?.(rig);
    rig.run();
    return rig;
  }

  /** A revision of the service; the one with the highest number is current. */
  async revise(number: number, changes: Partial<RevisionSpec> = {}): Promise<void> {
    const chart = {
      name: 'shop',
      version: `1.0.${number - 1}`,
      appVersion: '1',
      digest: this.#digest,
      size: 9,
      chunks: this.#chunks,
    };
    const revision: Revision = {
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'Revision',
      metadata: { name: `shop-${number}`, namespace: OPERATOR },
      spec: {
        composition: { name: 'shop', uid: SERVICE_UID },
        number,
        resource: { group: SHOP.group, version: SHOP.version, kind: SHOP.kind, plural: SHOP.plural },
        chart,
        providerValues: {},
        valuesSchema: null,
        policies: POLICIES,
        kinds: [],
        rules: [],
        ...changes,
      },
    };
    await this.client.create(REVISION, revision);
  }

  #manage(): Manager {
    const manager = createManager({
      client: this.operator,
      clock: systemClock,
      log: silentLog,
      identity: 'test',
      namespace: OPERATOR,
    });
    for (const service of [SERVICE, ...(this.#extras.services ?? [])])
      manager.addController(instanceController(service, this.deps(manager.client)));
    return manager;
  }

  deps(client: Client): InstanceDeps {
    const settings = { operatorNamespace: OPERATOR, accountsNamespace: ACCOUNTS, ...this.#extras.settings };
    return {
      client,
      engine: this.engine,
      discovery: createDiscovery(client, systemClock),
      clock: systemClock,
      settings,
      wake: (name, ref) => this.manager.enqueue(name, ref),
      termsOf: (namespace, kind, stores) => planTermsOf(namespace, kind, stores, OPERATOR),
    };
  }

  run(): void {
    this.#stop = new AbortController();
    this.#running = this.manager.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** A new process: nothing is remembered. */
  async restart(): Promise<void> {
    await this.stop();
    this.manager = this.#manage();
    this.run();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.api.close();
  }

  create(
    name: string,
    spec: Record<string, Json> = {},
    more: object = {},
    namespace = OPERATOR,
  ): Promise<Instance> {
    const metadata = { name, namespace, finalizers: ['tenantry.dev/cleanup'] };
    return this.client.create(SHOP, {
      apiVersion: `${SHOP.group}/${SHOP.version}`,
      kind: SHOP.kind,
      metadata,
      spec,
      ...more,
    });
  }

  patch(name: string, body: object): Promise<Instance> {
    return this.client.patch(SHOP, { namespace: OPERATOR, name }, { type: 'merge', body });
  }

  find(name: string, namespace = OPERATOR): Promise<Instance | undefined> {
    return this.client.find(SHOP, { namespace, name });
  }

  /** The condition Ready of an instance, once it is as asked. */
  async until(
    name: string,
    what: Partial<Condition> & { readonly generation?: number },
    namespace = OPERATOR,
  ): Promise<Instance> {
    const { generation, ...wanted } = what;
    let found: Instance | undefined;
    try {
      await eventually(`${name} has ${JSON.stringify(what)}`, async () => {
        found = await this.find(name, namespace);
        const ready = findCondition(found?.status?.conditions, 'Ready');
        if (ready === undefined || (generation !== undefined && ready.observedGeneration !== generation))
          return false;
        return Object.entries(wanted).every(([key, value]) => ready[key as keyof Condition] === value);
      });
    } catch (error) {
      const said = JSON.stringify(found?.status ?? 'no status');
      throw new Error(`${(error as Error).message}; it says ${said}`, { cause: error });
    }
    return found as Instance; // true: the check above saw it
  }

  ready(name: string, namespace = OPERATOR): Promise<Instance> {
    return this.until(name, { status: 'True' }, namespace);
  }

  async gone(name: string): Promise<void> {
    await eventually(`${name} is gone`, async () => (await this.find(name)) === undefined);
  }

  /** Resolves when the operator has asked for nothing for a while. */
  async quiet(): Promise<void> {
    let count = -1;
    while (count !== this.asked().length) {
      count = this.asked().length;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** What the operator asked for so far, watches apart. */
  asked(): readonly RequestRecord[] {
    return this.api.requests.filter(({ user, query }) => user !== 'tester' && query.get('watch') === null);
  }

  /** The operator's writes as lines: `POST deployments web`. Events apart: they are told once and not waited for. */
  writes(): readonly string[] {
    return this.asked().filter(isWrite).map(lineOf);
  }

  objects<T extends KubeObject>(kind: Kind<T>, namespace?: string): T[] {
    return this.api.objects(kind, namespace);
  }

  namespace(name: string): KubeObject | undefined {
    return this.api.objects(NAMESPACES).find(({ metadata }) => metadata.name === name);
  }
}

export const SERVICE: InstanceService = {
  kind: SHOP,
  composition: { namespace: OPERATOR, name: 'shop', uid: SERVICE_UID },
  currentRevision: (stores, newest = Infinity) =>
    [...stores.list(REVISION)]
      .filter(({ spec }) => spec.resource.kind === SHOP.kind)
      .sort((a, b) => a.spec.number - b.spec.number)
      .findLast(({ spec }) => spec.number <= newest),
};

export function isWrite({ method, path }: RequestRecord): boolean {
  return method !== 'GET' && !path.includes('/events');
}

export function lineOf({ method, path, body }: RequestRecord): string {
  const parts = path.split('/').filter((part) => part !== '');
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const inside = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const { metadata } = (body ?? {}) as { metadata?: { name?: string } };
  return [method, ...inside, ...(method === 'POST' ? [metadata?.name] : [])].join(' ');
}
