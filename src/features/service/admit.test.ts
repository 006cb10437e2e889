import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import type { CompositionSpec, ResourceComposition } from '../../api/resource-composition.ts';
import type { Kind } from '../../kube/kind.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { admitDelete, admitWrite, foreignKinds, type WriteWorld } from './admit.ts';

const resource = { group: 'platformapi.kubeplus', version: 'v1alpha1', kind: 'Hello', plural: 'hellos' };
const kind = (name: string, group: string, plural: string): Kind => ({
  group,
  version: 'v1',
  kind: name,
  plural,
  namespaced: true,
});

const world: WriteWorld = {
  mayRegister: true,
  operatorNamespace: 'default',
  isProviderNamespace: true,
  resource,
  registered: undefined,
  taken: [],
  chart: [],
  capacity: { cpu: parseQuantity('2'), memory: parseQuantity('4Gi') },
  mayUnconfine: true,
  mayUseGroup: true,
  unreadableSecret: undefined,
};

function spec(
  more: Partial<CompositionSpec['newResource']> = {},
  rest: Partial<CompositionSpec> = {},
): CompositionSpec {
  return {
    newResource: {
      resource: { kind: 'Hello', plural: 'hellos' },
      chartURL: 'https://charts.test/a.tgz',
      ...more,
    },
    ...rest,
  };
}

const quota = (values: Record<string, string>): Partial<CompositionSpec> => ({
  respolicy: { spec: { policy: { quota: values } } },
});
const texts = (given: CompositionSpec, more: Partial<WriteWorld> = {}): string[] =>
  admitWrite(given, { ...world, ...more }).map(({ message }) => message);

describe('admitWrite', () => {
  it('lets a good composition pass', () => {
    expect(texts(spec())).toEqual([]);
  });

  it.each<[string, CompositionSpec, Partial<WriteWorld>, string]>([
    [
      'somebody who is no provider',
      spec(),
      { mayRegister: false },
      'ResourceComposition instance can only be created by Provider.',
    ],
    [
      'a period in the kind',
      spec({ resource: { kind: 'He.llo', plural: 'hellos' } }),
      {},
      'Kind name He.llo invalid. Cannot contain period (.)\n',
    ],
    [
      'the wrong namespace',
      spec(),
      { isProviderNamespace: false },
      'ResourceComposition instance should be created in the same Namespace as KubePlus Namespace (default)',
    ],
    [
      'a long kind',
      spec({ resource: { kind: `A${'b'.repeat(28)}`, plural: 'hellos' } }),
      {},
      'Kind name cannot be more than 28 characters. Consider changing Kind name.\n',
    ],
    [
      'a kind that exists',
      spec(),
      { taken: [kind('Hello', 'x.test', 'others')] },
      'Resource with Kind Name Hello exists in the cluster.',
    ],
    [
      'a plural that exists',
      spec(),
      { taken: [kind('Other', 'x.test', 'hellos')] },
      'Resource with Plural Name hellos exists in the cluster.',
    ],
    [
      'half a quota',
      spec({}, quota({ 'requests.cpu': '1', 'limits.cpu': '2' })),
      {},
      'If quota is specified, specify all four values: requests.cpu, requests.memory, limits.cpu, limits.memory',
    ],
    [
      'more processors than there are',
      spec(
        {},
        quota({ 'requests.cpu': '3', 'limits.cpu': '4', 'requests.memory': '1Gi', 'limits.memory': '1Gi' }),
      ),
      {},
      'Specified CPU quota values are more than CPU capacity: 3000 4000 - 2000',
    ],
    [
      'more memory than there is',
      spec(
        {},
        quota({ 'requests.cpu': '1', 'limits.cpu': '1', 'requests.memory': '5Gi', 'limits.memory': '5Gi' }),
      ),
      {},
      'Specified Memory quota values are more than Memory capacity: 5120 5120 - 4096',
    ],
  ])("refuses %s in KubePlus's words", (_name, given, more, text) => {
    expect(texts(given, more)).toEqual([text]);
  });

  it.each<[string, CompositionSpec, string]>([
    [
      'a small kind',
      spec({ resource: { kind: 'hello', plural: 'hellos' } }),
      'spec.newResource.resource.kind: ',
    ],
    [
      'a plural with capitals',
      spec({ resource: { kind: 'Hello', plural: 'Hellos' } }),
      'spec.newResource.resource.plural: ',
    ],
    [
      'a chart in a registry without a version',
      spec({ chartURL: 'oci://r.test/charts/shop' }),
      'spec.newResource.chart.version: ',
    ],
    [
      'two versions',
      spec({ chartURL: 'oci://r.test/charts/shop:1.2.3', chart: { version: '1.2.3' } }),
      'spec.newResource.chart.version: ',
    ],
    [
      'a range of versions',
      spec({ chartURL: 'oci://r.test/charts/shop', chart: { version: '^1.2.3' } }),
      'spec.newResource.chart.version: ',
    ],
    [
      'a repository without a chart',
      spec({ chartURL: 'https://charts.test/stable', chart: { version: '1.2.3' } }),
      'spec.newResource.chartName: ',
    ],
    [
      'a private key in public',
      spec({ chart: { cosignKey: '-----BEGIN PRIVATE KEY-----' } }),
      'spec.newResource.chart.cosignKey: ',
    ],
    [
      'a keyring for an uploaded chart',
      spec({ chartURL: 'file:///a.tgz', chart: { keyringRef: { name: 'keys' } } }),
      'spec.newResource.chart.keyringRef: ',
    ],
    [
      'metrics of the application at no place in a pod',
      spec({}, { resmonitor: { spec: { appEndpoints: { endpoint: 'http://10.0.0.1/', metrics: ['m'] } } } }),
      'spec.resmonitor.spec.appEndpoints.endpoint: ',
    ],
    [
      "Kubernetes' own group",
      spec({ resource: { kind: 'Hello', plural: 'hellos', group: 'apps.k8s.io' } }),
      'spec.newResource.resource.group: ',
    ],
    [
      'a group without a period',
      spec({ resource: { kind: 'Hello', plural: 'hellos', group: 'apps' } }),
      'spec.newResource.resource.group: ',
    ],
    [
      'a version that is none',
      spec({ resource: { kind: 'Hello', plural: 'hellos', version: '1.0' } }),
      'spec.newResource.resource.version: ',
    ],
    ['a URL with a password', spec({ chartURL: 'https://a:b@x.test/a.tgz' }), 'spec.newResource.chartURL: '],
    ['a path as an upload', spec({ chartURL: 'file:///../x.tgz' }), 'spec.newResource.chartURL: '],
    ['a digest that is none', spec({ chart: { digest: 'sha256:abc' } }), 'spec.newResource.chart.digest: '],
    ['a CA that is none', spec({ chart: { caBundle: 'x' } }), 'spec.newResource.chart.caBundle: '],
    [
      'a quantity that is none',
      spec(
        {},
        quota({ 'requests.cpu': 'much', 'limits.cpu': '2', 'requests.memory': '1', 'limits.memory': '1' }),
      ),
      'spec.respolicy.spec.policy.quota[requests.cpu]: ',
    ],
    [
      'a request above its limit',
      spec(
        {},
        quota({ 'requests.cpu': '2', 'limits.cpu': '1', 'requests.memory': '1', 'limits.memory': '1' }),
      ),
      'spec.respolicy.spec.policy.quota[requests.cpu]: ',
    ],
    [
      'a node selector that has no effect',
      spec({}, { respolicy: { spec: { policy: { podconfig: { nodeSelector: 'values.zone' } } } } }),
      'spec.respolicy.spec.policy.podconfig.nodeSelector: ',
    ],
  ])('refuses %s and begins with the field', (_name, given, start) => {
    const found = admitWrite(given, world);

    expect(found).toHaveLength(1);
    expect(found[0]?.message.startsWith(start)).toBe(true);
    expect(`${found[0]?.field}: `).toBe(start);
  });

  it("names all that is wrong, in KubePlus's order", () => {
    const wrong = spec(
      { resource: { kind: `A.${'b'.repeat(28)}`, plural: 'hellos' } },
      quota({ 'limits.cpu': '1' }),
    );
    const chart = [
      { reason: 'MissingPermissions', message: 'KubePlus does not have the following permissions' },
      {
        reason: 'ChartNotFound',
        message: 'Chart /x.tgz not found.\nUse kubectl upload chart <charttgz> to upload the chart first.',
      },
    ] as const;

    const found = texts(wrong, {
      chart,
      isProviderNamespace: false,
      taken: [kind('Other', 'x.test', 'hellos')],
    });

    expect(found.map((text) => text.slice(0, 24))).toEqual([
      'Kind name A.bbbbbbbbbbbb',
      'Chart /x.tgz not found.\n',
      'ResourceComposition inst',
      'Kind name cannot be more',
      'Resource with Plural Nam',
      'KubePlus does not have t',
      'If quota is specified, s',
    ]);
  });

  it('compares a registered service with itself, not with the cluster', () => {
    expect(
      texts(spec(), { registered: resource, taken: [kind('Hello', 'platformapi.kubeplus', 'hellos')] }),
    ).toEqual([]);
    expect(texts(spec(), { registered: { ...resource, kind: 'Old' } })[0]).toContain('can not change once');
  });

  it('lets limits exceed the nodes, which overcommit them', () => {
    const values = {
      'requests.cpu': '1',
      'limits.cpu': '64',
      'requests.memory': '1Gi',
      'limits.memory': '64Gi',
    };

    expect(texts(spec({}, quota(values)))).toEqual([]);
  });
});

describe('foreignKinds', () => {
  const served = [
    kind('Hello', 'b.platformapi.kubeplus', 'hellos'),
    kind('Deployment', 'apps', 'deployments'),
    kind('Mine', 'platformapi.kubeplus', 'mines'),
  ];

  it('counts other APIs and the own group, not services of other providers', () => {
    const found = foreignKinds(resource, served, [served[0] as Kind, served[2] as Kind]);

    expect(found.map((each) => each.kind)).toEqual(['Deployment', 'Mine']);
  });
});

describe('admitDelete', () => {
  const composition = (
    labels?: Record<string, string>,
    more: Partial<ResourceComposition['spec']> = {},
  ): ResourceComposition => ({
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { name: 'hello', ...(labels === undefined ? {} : { labels }) },
    spec: { ...spec(), ...more },
    status: { status: 'x' },
  });
  const instance = (name: string, more: Partial<Instance> = {}): Instance => ({
    apiVersion: 'a/v1',
    kind: 'Hello',
    metadata: { name, namespace: 'ns' },
    status: {},
    ...more,
  });
  const found = (given: ResourceComposition, instances: Instance[] = [], mayRegister = true): string[] =>
    admitDelete(given, { mayRegister, instances }).map(({ message }) => message);

  it('lets a service without instances go', () => {
    expect(found(composition())).toEqual([]);
  });

  it('names instances', () => {
    expect(found(composition(), [instance('b'), instance('a')])[0]).toContain('ns/a, ns/b');
  });

  it('lets everything go when forced, but what is protected', () => {
    const forced = composition({ delete: 'true' });

    expect(found(forced, [instance('a', { status: undefined as never })])).toEqual([]);
    expect(found(forced, [instance('a', { tenantry: { deletionProtection: true } })])[0]).toContain('ns/a');
    expect(found(composition({ delete: 'true' }, { deletionProtection: true }))[0]).toContain(
      'spec.deletionProtection',
    );
  });

  it("uses KubePlus's words for what is not ready", () => {
    const { status: _status, ...fresh } = composition();
    const { status: _other, ...starting } = instance('a');

    expect(found(fresh)).toEqual(['Error: Custom Resource instance cannot be deleted. It is not ready yet.']);
    expect(found(composition(), [starting])[0]).toBe(
      'Error: ResourceComposition instance cannot be deleted. It has an application instance starting up.',
    );
    expect(found(composition(), [], false)).toEqual([
      'ResourceComposition instance can only be deleted by Provider.',
    ]);
  });
});
