import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Instance } from '../../src/api/instance.ts';
import { crdManifests } from '../../src/api/crds.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../src/api/resource-composition.ts';
import { REVISION, type Revision } from '../../src/api/revision.ts';
import type { Client } from '../../src/client/client.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import type { ServiceDeps } from '../../src/features/service/dependencies.ts';
import { monitorController } from '../../src/features/service/monitor.ts';
import type { PolicyTrial } from '../../src/features/service/policy-trial.ts';
import { policyController } from '../../src/features/service/policy.ts';
import { serviceController } from '../../src/features/service/service.ts';
import { packChart } from '../../src/helm/archive.ts';
import { saveUpload } from '../../src/helm/chart-store.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { CLUSTER_ROLE, CRD } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager, type Manager } from '../../src/runtime/manager.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import { startEngine } from './helm-engine.ts';

export const NAMESPACE = 'tenantry';
export const ACCOUNTS = 'tenantry-services';
/** CRDs as plain JSON. */
export const CRDS: Kind<AnyObject> = {
  group: CRD.group,
  version: CRD.version,
  kind: CRD.kind,
  plural: CRD.plural,
  namespaced: false,
};
export const HELLO: Kind<Instance> = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'HelloService',
  plural: 'helloservices',
  namespaced: true,
};

export function chart(more: Readonly<Record<string, string>> = {}, version = '0.1.0'): Uint8Array {
  return packChart(
    'hello',
    new Map(
      Object.entries({
        'Chart.yaml': `apiVersion: v2\nname: hello\nversion: ${version}\nappVersion: "1"\ndescription: Says hello.\n`,
        'values.yaml': '# What it says.\ngreeting: hello\nreplicas: 1\n',
        'templates/config.yaml':
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  text: {{ .Values.greeting | quote }}\n',
        ...more,
      }),
    ),
  );
}

export const CRONTAB_CRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {kind: CronTab, listKind: CronTabList, plural: crontabs, singular: crontab}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;

export function composition(
  more: Partial<ResourceComposition['spec']['newResource']> = {},
): ResourceComposition {
  return {
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { name: 'hello', namespace: NAMESPACE },
    spec: {
      newResource: {
        resource: {
          kind: 'HelloService',
          group: 'platformapi.kubeplus',
          version: 'v1alpha1',
          plural: 'helloservices',
        },
        chartURL: 'file:///hello.tgz',
        chartName: 'hello',
        ...more,
      },
      respolicy: { metadata: { name: 'hello-policy' }, spec: { resource: { kind: 'HelloService' } } },
    },
  };
}

/** The service feature over a real engine and an API server in memory, made anew for every test. */
export class ServiceRig {
  readonly api: FakeApi;
  readonly client: Client;
  readonly #engine: HelmEngine;
  /** Who may do what, for the access reviews of admission. */
  readonly access: { allowed: (verb: string, user: string) => boolean };
  manager: Manager;
  /** How charts are tried on policies, from the next `restart` on. */
  policyTrial: PolicyTrial | undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(api: FakeApi, engine: HelmEngine, access: ServiceRig['access']) {
    this.access = access;
    this.api = api;
    this.client = api.client();
    this.#engine = engine;
    this.manager = this.#manage(this.client);
  }

  static async start(engine: HelmEngine): Promise<ServiceRig> {
    const access = { allowed: (_verb: string, _user: string): boolean => true };
    const api = await startFakeApi({
      namespaces: [NAMESPACE, ACCOUNTS],
      unenforced: ['CEL rules', 'ClusterRole', 'RoleBinding', 'Role', 'ResourceQuota', 'LimitRange'],
      authorize: ({ verb, user }) => access.allowed(verb, user),
    });
    const rig = new ServiceRig(api, engine, access);
    for (const crd of crdManifests()) await rig.client.create(CRDS, crd);
    await rig.client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'tenantry-instance' },
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps', 'services'],
          verbs: ['create', 'delete', 'get', 'list', 'patch'],
        },
      ],
    });
    rig.run();
    return rig;
  }

  #manage(client: Client): Manager {
    const manager = createManager({
      client,
      clock: systemClock,
      log: silentLog,
      identity: 'test',
      namespace: NAMESPACE,
    });
    const deps = this.deps(manager.client);
    manager.addController(serviceController(deps));
    manager.addController(policyController(deps.settings));
    manager.addController(monitorController(deps.settings));
    return manager;
  }

  deps(client: Client = this.client): ServiceDeps {
    return {
      client,
      engine: this.#engine,
      discovery: createDiscovery(client, systemClock),
      fetchChart: () => Promise.reject(new Error('no test downloads')),
      clock: systemClock,
      settings: { operatorNamespace: NAMESPACE, accountsNamespace: ACCOUNTS },
      policyTrial: this.policyTrial,
    };
  }

  run(): void {
    this.#stop = new AbortController();
    this.#running = this.manager.run(this.#stop.signal);
  }

  /** A new process: nothing is remembered. */
  restart(client: Client = this.client): void {
    this.manager = this.#manage(client);
    this.run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  upload(bytes: Uint8Array, name = 'hello.tgz'): ReturnType<typeof saveUpload> {
    return saveUpload(this.client, NAMESPACE, name, bytes, 0);
  }

  /** The composition as soon as it is as wanted. */
  async until(
    wanted: (composition: ResourceComposition | undefined) => boolean,
  ): Promise<ResourceComposition | undefined> {
    let found: ResourceComposition | undefined;
    await eventually('the composition is as wanted', async () => {
      found = await this.client.find(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
      return wanted(found);
    });
    return found;
  }

  async register(): Promise<ResourceComposition> {
    await this.client.create(RESOURCE_COMPOSITION, composition());
    const found = await this.until(isReady);
    return found as ResourceComposition; // true: only one that is there is ready
  }

  /** A merge patch of the composition. */
  patch(body: object): Promise<unknown> {
    return this.client.patch(
      RESOURCE_COMPOSITION,
      { namespace: NAMESPACE, name: 'hello' },
      { type: 'merge', body },
    );
  }

  revisions(): Revision[] {
    return this.api.objects(REVISION, NAMESPACE);
  }
}

export const isReady = (found: ResourceComposition | undefined): boolean =>
  findCondition(found?.status?.conditions, 'Ready')?.status === 'True' &&
  found?.status?.observedGeneration === found?.metadata.generation;

export const reasonOf = (found: ResourceComposition | undefined): string | undefined =>
  findCondition(found?.status?.conditions, 'Ready')?.reason;

/** Gives every test of a file a rig; the engine is shared, for it remembers nothing that matters. */
export function useServiceRig(): () => ServiceRig {
  let engine: HelmEngine;
  let rig: ServiceRig;
  beforeAll(async () => {
    engine = await startEngine();
    // The worker and the module take a moment on a busy machine; no test should pay for it.
    await engine.load(sha256(chart()), chart());
  }, 600_000);
  afterAll(() => engine.close());
  beforeEach(async () => {
    rig = await ServiceRig.start(engine);
  });
  afterEach(async () => {
    await rig.stop();
    await rig.api.close();
  });
  return () => rig;
}
