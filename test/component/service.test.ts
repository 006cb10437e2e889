import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serviceAccountName, type Instance } from '../../src/api/instance.ts';
import { SERVICE_UID_LABEL } from '../../src/api/names.ts';
import { crdManifests } from '../../src/api/crds.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../src/api/resource-composition.ts';
import { RESOURCE_POLICY } from '../../src/api/resource-policy.ts';
import { REVISION, type Revision } from '../../src/api/revision.ts';
import type { Client } from '../../src/client/client.ts';
import { createDiscovery } from '../../src/client/discovery.ts';
import { serviceAdmission } from '../../src/features/service/handlers.ts';
import { registeredServices } from '../../src/features/service/registered-services.ts';
import { serviceController } from '../../src/features/service/service.ts';
import { packChart } from '../../src/helm/archive.ts';
import { findUpload, loadChart, saveUpload } from '../../src/helm/chart-store.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { CLUSTER_ROLE, CONFIG_MAP, CRD, SECRET, SERVICE_ACCOUNT } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { AdmissionRequest } from '../../src/runtime/admission.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager, type Manager } from '../../src/runtime/manager.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import { startEngine } from './helm-engine.ts';

const NAMESPACE = 'tenantry';
const ACCOUNTS = 'tenantry-services';
/** CRDs as plain JSON. */
const CRDS: Kind<AnyObject> = {
  group: CRD.group,
  version: CRD.version,
  kind: CRD.kind,
  plural: CRD.plural,
  namespaced: false,
};
const HELLO: Kind<Instance> = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'HelloService',
  plural: 'helloservices',
  namespaced: true,
};

function chart(more: Readonly<Record<string, string>> = {}, version = '0.1.0'): Uint8Array {
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

const CRONTAB_CRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {kind: CronTab, listKind: CronTabList, plural: crontabs, singular: crontab}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;

function composition(more: Partial<ResourceComposition['spec']['newResource']> = {}): ResourceComposition {
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

let engine: HelmEngine;
let api: FakeApi;
let client: Client;
let manager: Manager;
let running: Promise<void>;
let stop: AbortController;
let allowed: (verb: string) => boolean;

beforeAll(async () => {
  engine = await startEngine();
  // The worker and the module take a moment on a busy machine; no test should pay for it.
  await engine.load(sha256(chart()), chart());
}, 600_000);

afterAll(() => engine.close());

beforeEach(async () => {
  allowed = () => true;
  api = await startFakeApi({
    namespaces: [NAMESPACE, ACCOUNTS],
    skipCelRules: true,
    authorize: ({ verb }) => allowed(verb),
  });
  client = api.client();
  for (const crd of crdManifests()) await client.create(CRDS, crd);
  await client.create(CLUSTER_ROLE, {
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
  manager = start(client);
});

afterEach(async () => {
  stop.abort();
  await running;
  await api.close();
});

function depsOf(forClient: Client): Parameters<typeof serviceController>[0] {
  return {
    client: forClient,
    engine,
    discovery: createDiscovery(forClient, systemClock),
    fetchChart: () => Promise.reject(new Error('no test downloads')),
    clock: systemClock,
    settings: { operatorNamespace: NAMESPACE, accountsNamespace: ACCOUNTS },
  };
}

function start(forClient: Client): Manager {
  const made = createManager({
    client: forClient,
    clock: systemClock,
    log: silentLog,
    identity: 'test',
    namespace: NAMESPACE,
  });
  made.addController(serviceController(depsOf(made.client)));
  stop = new AbortController();
  running = made.run(stop.signal);
  return made;
}

const upload = (bytes: Uint8Array, name = 'hello.tgz'): ReturnType<typeof saveUpload> =>
  saveUpload(client, NAMESPACE, name, bytes, 0);

/** The composition as soon as it is as wanted. */
async function until(
  test: (composition: ResourceComposition | undefined) => boolean,
  name = 'hello',
): Promise<ResourceComposition | undefined> {
  let found: ResourceComposition | undefined;
  await eventually('the composition is as wanted', async () => {
    found = await client.find(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name });
    return test(found);
  });
  return found;
}

const isReady = (found: ResourceComposition | undefined): boolean =>
  findCondition(found?.status?.conditions, 'Ready')?.status === 'True' &&
  found?.status?.observedGeneration === found?.metadata.generation;
const reasonOf = (found: ResourceComposition | undefined): string | undefined =>
  findCondition(found?.status?.conditions, 'Ready')?.reason;

async function register(): Promise<ResourceComposition> {
  await client.create(RESOURCE_COMPOSITION, composition());
  const found = await until(isReady);
  return found as ResourceComposition;
}

const revisions = (): Revision[] => api.objects(REVISION, NAMESPACE);

describe('registering a service', { timeout: 30_000 }, () => {
  it('makes a kind, a revision, the kept chart, an account and the texts', async () => {
    const { digest } = await upload(chart());

    const registered = await register();

    expect(registered.status?.status).toBe('New CRD defined in ResourceComposition created successfully.');
    expect(registered.status?.chart).toEqual({ name: 'hello', version: '0.1.0', appVersion: '1', digest });
    const [revision] = revisions();
    expect(revision?.metadata.name).toBe(registered.status?.revision);
    expect(revision?.spec.kinds).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', namespaced: true }]);
    expect(await loadChart(client, NAMESPACE, revision?.spec.chart.chunks ?? [], digest)).toEqual(
      Buffer.from(chart()),
    );
    expect(
      api.objects(CRD).find(({ metadata }) => metadata.name === 'helloservices.platformapi.kubeplus')
        ?.metadata.labels,
    ).toEqual({
      'registered-by': 'kubeplus',
      [SERVICE_UID_LABEL]: registered.metadata.uid,
    });
    expect(api.objects(SERVICE_ACCOUNT, ACCOUNTS).map(({ metadata }) => metadata.name)).toContain(
      serviceAccountName(HELLO),
    );
    expect(api.objects(CONFIG_MAP, NAMESPACE).map(({ metadata }) => metadata.name)).toContain(
      'helloservice-usage',
    );
    expect(api.objects(RESOURCE_POLICY, NAMESPACE).map(({ metadata }) => metadata.name)).toEqual([
      'hello-policy',
    ]);
    expect(registeredServices(manager.stores).map(({ kind }) => kind)).toEqual([HELLO]);
  });

  it('keeps the revision when nothing changes, also over a restart, and writes nothing', async () => {
    await upload(chart());
    await register();
    stop.abort();
    await running;
    const before = api.requests.length;

    manager = start(client);
    // The last thing that a look reads; then the look is let end.
    await eventually('the composition was looked at', () =>
      api.requests.slice(before).some(({ path }) => path.includes('/resourcepolicies/')),
    );
    stop.abort();
    await running;
    const writes = api.requests.slice(before).filter(({ method }) => method !== 'GET');

    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(revisions()).toHaveLength(1);
  });

  it('makes a new revision when the chart changes, and keeps the old one', async () => {
    await upload(chart());
    await register();
    await upload(
      chart({ 'values.yaml': '# Now.\nsalute: hi\n', 'templates/config.yaml': '' }, '0.2.0'),
      'hello-2.tgz',
    );

    await client.patch(
      RESOURCE_COMPOSITION,
      { namespace: NAMESPACE, name: 'hello' },
      { type: 'merge', body: { spec: { newResource: { chartURL: 'file:///hello-2.tgz' } } } },
    );
    const found = await until((now) => isReady(now) && now?.status?.chart?.version === '0.2.0');

    expect(revisions().map(({ spec }) => [spec.number, spec.chart.version])).toEqual([
      [1, '0.1.0'],
      [2, '0.2.0'],
    ]);
    expect(found?.status?.revision).toBe('hello-2');
    expect(JSON.stringify(api.objects(CRD).find(({ spec }) => spec.names.kind === 'HelloService'))).toContain(
      'salute',
    );
  });

  it('makes no new revision for another way to the same chart', async () => {
    await upload(chart());
    await register();
    await upload(chart(), 'same.tgz');

    await client.patch(
      RESOURCE_COMPOSITION,
      { namespace: NAMESPACE, name: 'hello' },
      { type: 'merge', body: { spec: { newResource: { chartURL: 'file:///same.tgz' } } } },
    );
    await until((now) => isReady(now) && now?.metadata.generation === 2);

    expect(revisions()).toHaveLength(1);
  });

  it.each<[string, Readonly<Record<string, string>>, string, string]>([
    [
      'a foreign namespace',
      {
        'templates/x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: kube-system}\n',
      },
      'NamespaceNotAllowed',
      'hello/templates/x.yaml',
    ],
    [
      'a cluster-scoped kind',
      {
        'templates/x.yaml':
          'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: []\n',
      },
      'KindNotAllowed',
      'ClusterRole x (hello/templates/x.yaml)',
    ],
    [
      'a namespace',
      { 'templates/x.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n' },
      'KindNotAllowed',
      'Namespace object is not allowed in the chart.',
    ],
    [
      'a kind that nobody serves',
      { 'templates/x.yaml': 'apiVersion: a.example.com/v1\nkind: Nothing\nmetadata: {name: x}\n' },
      'KindUnknown',
      'does not serve Nothing',
    ],
    [
      'rights that nobody granted',
      { 'templates/x.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n' },
      'MissingPermissions',
      '{"perms":{"":[{"secrets":["create","delete","get","list","patch"]}]}}',
    ],
    [
      'a template that fails',
      { 'templates/x.yaml': '{{ fail "broken on purpose" }}' },
      'TemplateFailed',
      'broken on purpose',
    ],
  ])('refuses a chart with %s and writes nothing', async (_name, files, reason, text) => {
    await upload(chart(files));
    await client.create(RESOURCE_COMPOSITION, composition());

    const found = await until((now) => reasonOf(now) === reason);

    expect(found?.status?.status).toContain('Error:');
    expect(found?.status?.status).toContain(text);
    expect(revisions()).toEqual([]);
    expect(api.objects(CRD).some(({ spec }) => spec.names.kind === 'HelloService')).toBe(false);
  });

  it('accepts mandatory values when an example gives them, and a right when a ClusterRole grants it', async () => {
    const secret =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {p: {{ required "a password" .Values.password }}}\n';
    await upload(chart({ 'templates/x.yaml': secret }));
    await client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `tenantry-service-${serviceAccountName(HELLO).slice('helloservice-'.length)}` },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }],
    });
    await client.create(
      RESOURCE_COMPOSITION,
      composition({ examples: [{ name: 'one', values: { password: 'x' } }] }),
    );

    await until(isReady);

    expect(revisions()[0]?.spec.rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete', 'get', 'list', 'patch'] },
    ]);
  });

  it('never takes over a CRD that is not its own', async () => {
    const foreign = JSON.parse(JSON.stringify(crdManifests()[0])) as AnyObject & {
      metadata: { name: string };
      spec: {
        group: string;
        names: { kind: string; plural: string; singular: string; listKind: string; shortNames: string[] };
      };
    };
    foreign.metadata.name = 'helloservices.platformapi.kubeplus';
    foreign.spec.group = 'platformapi.kubeplus';
    foreign.spec.names = {
      ...foreign.spec.names,
      kind: 'Other',
      listKind: 'OtherList',
      plural: 'helloservices',
      singular: 'other',
      shortNames: ['oth'],
    };
    const created = await client.create(CRDS, foreign);
    await upload(chart());
    await client.create(RESOURCE_COMPOSITION, composition());

    await until((now) => reasonOf(now) === 'NameTaken');
    await client.patch(
      RESOURCE_COMPOSITION,
      { namespace: NAMESPACE, name: 'hello' },
      { type: 'merge', body: { metadata: { labels: { delete: 'true' } } } },
    );
    await client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await until((now) => now === undefined);

    expect(
      api.objects(CRD).find(({ metadata }) => metadata.uid === created.metadata.uid)?.spec.names.kind,
    ).toBe('Other');
  });
});

describe('removing a service', { timeout: 30_000 }, () => {
  async function instance(name: string, more: object = {}): Promise<void> {
    await client.create(HELLO, {
      apiVersion: 'platformapi.kubeplus/v1alpha1',
      kind: 'HelloService',
      metadata: { name, namespace: NAMESPACE },
      ...more,
    });
  }

  it('gives everything back but what was uploaded', async () => {
    await upload(chart({ 'crds/crontab.yaml': CRONTAB_CRD }));
    await register();
    expect(api.objects(CRD).some(({ spec }) => spec.names.kind === 'CronTab')).toBe(true);

    await client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await until((now) => now === undefined);

    expect(revisions()).toEqual([]);
    expect(
      api.objects(CRD).filter(({ spec }) => ['CronTab', 'HelloService'].includes(spec.names.kind)),
    ).toEqual([]);
    expect(
      api
        .objects(SERVICE_ACCOUNT, ACCOUNTS)
        .filter(({ metadata }) => metadata.labels?.[SERVICE_UID_LABEL] !== undefined),
    ).toEqual([]);
    expect(api.objects(CONFIG_MAP, NAMESPACE).map(({ metadata }) => metadata.name)).not.toContain(
      'helloservice-usage',
    );
    expect((await findUpload(client, NAMESPACE, 'hello.tgz'))?.chunks).toEqual(
      api.objects(SECRET, NAMESPACE).map(({ metadata }) => metadata.name),
    );
  });

  it("leaves a chart's CRD that has objects", async () => {
    await upload(chart({ 'crds/crontab.yaml': CRONTAB_CRD }));
    await register();
    await client.create(
      {
        group: 'stable.example.com',
        version: 'v1',
        kind: 'CronTab',
        plural: 'crontabs',
        namespaced: true,
      } as Kind,
      { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'x', namespace: 'default' } },
    );

    await client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await until((now) => now === undefined);

    expect(api.objects(CRD).some(({ spec }) => spec.names.kind === 'CronTab')).toBe(true);
  });

  it('waits for instances unless forced; then they go first', async () => {
    await upload(chart());
    await register();
    await instance('a');

    await client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    const held = await until((now) => reasonOf(now) === 'InstancesExist');
    expect(findCondition(held?.status?.conditions, 'Ready')?.message).toContain('tenantry/a');
    expect(api.objects(HELLO)).toHaveLength(1);
    await client.patch(
      RESOURCE_COMPOSITION,
      { namespace: NAMESPACE, name: 'hello' },
      { type: 'merge', body: { metadata: { labels: { delete: 'true' } } } },
    );
    await until((now) => now === undefined);

    expect(api.objects(CRD).some(({ spec }) => spec.names.kind === 'HelloService')).toBe(false);
  });
});

describe('admission', { timeout: 30_000 }, () => {
  const user = { username: 'provider', uid: '', groups: [] };

  function request(
    operation: 'CREATE' | 'UPDATE' | 'DELETE',
    object: ResourceComposition | undefined,
    oldObject?: ResourceComposition,
  ): AdmissionRequest {
    return {
      uid: 'r',
      operation,
      group: 'workflows.kubeplus',
      version: 'v1alpha1',
      kind: 'ResourceComposition',
      resource: 'resourcecompositions',
      subResource: '',
      namespace: NAMESPACE,
      name: 'hello',
      user,
      object: object as (ResourceComposition & AnyObject) | undefined,
      oldObject: oldObject as (ResourceComposition & AnyObject) | undefined,
      dryRun: false,
    };
  }

  async function messages(what: AdmissionRequest): Promise<readonly string[]> {
    const [, validate] = serviceAdmission({ ...depsOf(client), stores: manager.stores });
    const before = api.requests.length;
    const answer = await validate?.handle(what, new AbortController().signal);
    const writes = api.requests
      .slice(before)
      .filter(({ method, path }) => method !== 'GET' && !path.includes('accessreviews'));
    expect(writes).toEqual([]); // admission has no side effects
    return answer?.allowed === false ? answer.findings.map(({ message }) => message) : [];
  }

  it('lets a good composition pass', async () => {
    await upload(chart());

    expect(await messages(request('CREATE', composition()))).toEqual([]);
  });

  it('names everything that is wrong at once', async () => {
    const wrong = composition({
      resource: { kind: 'ConfigMap', plural: 'hellos' },
      chartURL: 'file:///none.tgz',
    });
    const quota = { 'requests.cpu': '1' };
    const found = await messages(
      request('CREATE', { ...wrong, spec: { ...wrong.spec, respolicy: { spec: { policy: { quota } } } } }),
    );

    expect(found).toEqual([
      'Chart /none.tgz not found.\nUse kubectl upload chart <charttgz> to upload the chart first.',
      'Resource with Kind Name ConfigMap exists in the cluster.',
      'If quota is specified, specify all four values: requests.cpu, requests.memory, limits.cpu, limits.memory',
    ]);
  });

  it('tells somebody who may not register nothing but that', async () => {
    allowed = (verb) => verb !== 'register';

    expect(await messages(request('CREATE', composition({ chartURL: 'file:///none.tgz' })))).toEqual([
      'ResourceComposition instance can only be created by Provider.',
    ]);
  });

  it('refuses to delete a service that has instances, and names them', async () => {
    await upload(chart());
    const registered = await register();
    await client.create(HELLO, {
      apiVersion: 'platformapi.kubeplus/v1alpha1',
      kind: 'HelloService',
      metadata: { name: 'a', namespace: 'default' },
    });

    const refused = await messages(request('DELETE', undefined, registered));
    const forced = await messages(
      request('DELETE', undefined, {
        ...registered,
        metadata: { ...registered.metadata, labels: { delete: 'true' } },
      }),
    );

    expect(refused).toHaveLength(2);
    expect(refused[0]).toBe(
      'Error: ResourceComposition instance cannot be deleted. It has an application instance starting up.',
    );
    expect(refused[1]).toContain('default/a');
    expect(forced).toEqual([]);
  });

  it('refuses to change the names of a registered service', async () => {
    await upload(chart());
    const registered = await register();
    const changed = composition({ resource: { kind: 'OtherService', plural: 'otherservices' } });

    const found = await messages(request('UPDATE', { ...registered, spec: changed.spec }, registered));

    expect(found.join()).toContain('can not change once the service is registered');
  });
});
