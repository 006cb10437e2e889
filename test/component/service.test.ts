import { describe, expect, it } from 'vitest';
import { providerClusterRoleName, serviceAccountName } from '../../src/api/instance.ts';
import { SERVICE_UID_LABEL } from '../../src/api/names.ts';
import { crdManifests } from '../../src/api/crds.ts';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { RESOURCE_POLICY } from '../../src/api/resource-policy.ts';
import { registeredServices } from '../../src/features/service/registered-services.ts';
import { loadChart } from '../../src/helm/chart-store.ts';
import { CLUSTER_ROLE, CONFIG_MAP, CRD, SERVICE_ACCOUNT } from '../../src/kube/builtin-kinds.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { eventually } from '../doubles/eventually.ts';
import {
  ACCOUNTS,
  chart,
  composition,
  CRDS,
  HELLO,
  isReady,
  NAMESPACE,
  reasonOf,
  useServiceRig,
} from './service-rig.ts';

describe('registering a service', { timeout: 30_000 }, () => {
  const rig = useServiceRig();

  it('makes a kind, a revision, the kept chart, an account and the texts', async () => {
    const { digest } = await rig().upload(chart());

    const registered = await rig().register();

    expect(registered.status?.status).toBe('New CRD defined in ResourceComposition created successfully.');
    expect(registered.status?.chart).toEqual({ name: 'hello', version: '0.1.0', appVersion: '1', digest });
    const [revision] = rig().revisions();
    expect(revision?.metadata.name).toBe(registered.status?.revision);
    expect(revision?.spec.kinds).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', namespaced: true }]);
    expect(await loadChart(rig().client, NAMESPACE, revision?.spec.chart.chunks ?? [], digest)).toEqual(
      Buffer.from(chart()),
    );
    expect(
      rig()
        .api.objects(CRD)
        .find(({ metadata }) => metadata.name === 'helloservices.platformapi.kubeplus')?.metadata.labels,
    ).toEqual({
      'registered-by': 'kubeplus',
      [SERVICE_UID_LABEL]: registered.metadata.uid,
    });
    expect(
      rig()
        .api.objects(SERVICE_ACCOUNT, ACCOUNTS)
        .map(({ metadata }) => metadata.name),
    ).toContain(serviceAccountName(HELLO));
    expect(
      rig()
        .api.objects(CONFIG_MAP, NAMESPACE)
        .map(({ metadata }) => metadata.name),
    ).toContain('helloservice-usage');
    expect(
      rig()
        .api.objects(RESOURCE_POLICY, NAMESPACE)
        .map(({ metadata }) => metadata.name),
    ).toEqual(['hello-policy']);
    expect([...registeredServices()(rig().manager.stores).values()].map(({ kind }) => kind)).toEqual([HELLO]);
  });

  it('keeps the revision when nothing changes, also over a restart, and writes nothing', async () => {
    await rig().upload(chart());
    await rig().register();
    await rig().stop();
    const before = rig().api.requests.length;

    rig().restart();
    // The last thing that a look reads; then the look is let end.
    await eventually('the composition was looked at', () =>
      rig()
        .api.requests.slice(before)
        .some(({ path }) => path.includes('/resourcepolicies/')),
    );
    await rig().stop();
    const writes = rig()
      .api.requests.slice(before)
      .filter(({ method }) => method !== 'GET');

    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(rig().revisions()).toHaveLength(1);
  });

  it('makes a new revision when the chart changes, and keeps the old one', async () => {
    await rig().upload(chart());
    await rig().register();
    await rig().upload(
      chart({ 'values.yaml': '# Now.\nsalute: hi\n', 'templates/config.yaml': '' }, '0.2.0'),
      'hello-2.tgz',
    );

    await rig().patch({ spec: { newResource: { chartURL: 'file:///hello-2.tgz' } } });
    const found = await rig().until((now) => isReady(now) && now?.status?.chart?.version === '0.2.0');

    expect(
      rig()
        .revisions()
        .map(({ spec }) => [spec.number, spec.chart.version]),
    ).toEqual([
      [1, '0.1.0'],
      [2, '0.2.0'],
    ]);
    expect(found?.status?.revision).toBe('hello-2');
    expect(
      JSON.stringify(
        rig()
          .api.objects(CRD)
          .find(({ spec }) => spec.names.kind === 'HelloService'),
      ),
    ).toContain('salute');
  });

  it('makes no new revision for another way to the same chart', async () => {
    await rig().upload(chart());
    await rig().register();
    await rig().upload(chart(), 'same.tgz');

    await rig().patch({ spec: { newResource: { chartURL: 'file:///same.tgz' } } });
    await rig().until((now) => isReady(now) && now?.metadata.generation === 2);

    expect(rig().revisions()).toHaveLength(1);
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
    await rig().upload(chart(files));
    await rig().client.create(RESOURCE_COMPOSITION, composition());

    const found = await rig().until((now) => reasonOf(now) === reason);

    expect(found?.status?.status).toContain('Error:');
    expect(found?.status?.status).toContain(text);
    expect(rig().revisions()).toEqual([]);
    expect(
      rig()
        .api.objects(CRD)
        .some(({ spec }) => spec.names.kind === 'HelloService'),
    ).toBe(false);
  });

  it('binds what was granted to all services of a provider', async () => {
    await rig().upload(chart({ 'templates/x.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n' }));
    const name = providerClusterRoleName(NAMESPACE);
    await rig().client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }],
    });
    await rig().register();

    expect(rig().revisions()[0]?.spec.roles).toEqual([name]);
  });

  it('accepts mandatory values when an example gives them, and a right when a ClusterRole grants it', async () => {
    const secret =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {p: {{ required "a password" .Values.password }}}\n';
    await rig().upload(chart({ 'templates/x.yaml': secret }));
    await rig().client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `tenantry-service-${serviceAccountName(HELLO).slice('helloservice-'.length)}` },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }],
    });
    await rig().client.create(
      RESOURCE_COMPOSITION,
      composition({ examples: [{ name: 'one', values: { password: 'x' } }] }),
    );

    await rig().until(isReady);

    expect(rig().revisions()[0]?.spec.rules).toEqual([
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
    const created = await rig().client.create(CRDS, foreign);
    await rig().upload(chart());
    await rig().client.create(RESOURCE_COMPOSITION, composition());

    await rig().until((now) => reasonOf(now) === 'NameTaken');
    await rig().patch({ metadata: { labels: { delete: 'true' } } });
    await rig().client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await rig().until((now) => now === undefined);

    expect(
      rig()
        .api.objects(CRD)
        .find(({ metadata }) => metadata.uid === created.metadata.uid)?.spec.names.kind,
    ).toBe('Other');
  });
});
