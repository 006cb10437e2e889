import { describe, expect, it } from 'vitest';
import { NAMESPACE, NODE } from '../../kube/builtin-kinds.ts';
import { SERVICE_UID_LABEL } from '../../api/names.ts';
import { RESOURCE_COMPOSITION } from '../../api/resource-composition.ts';
import { REVISION } from '../../api/revision.ts';
import { KubeError } from '../../kube/kube-error.ts';
import type { Client, RawRequest } from '../../client/client.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import { sha256 } from '../../lib/hash.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import type { Kind, ObjectRef } from '../../kube/kind.ts';
import type { AdmissionAnswer, AdmissionRequest } from '../../runtime/admission.ts';
import type { Stores } from '../../runtime/controller.ts';
import { instanceAdmission } from './handlers.ts';

const CHART = Buffer.from('chart');

function revision(number: number, maximum: number): KubeObject {
  const spec = {
    composition: { name: 'shop', uid: 'u' },
    number,
    resource: { group: 'platformapi.kubeplus', version: 'v1alpha1', kind: 'Shop', plural: 'shops' },
    chart: { digest: sha256(CHART), chunks: ['chunk'] },
    providerValues: { size: 1 },
    valuesSchema: { required: ['title', 'size'], properties: { size: { type: 'integer', maximum } } },
    policies: number > 1 ? { isolation: 'strict' } : {},
  };
  const object = {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Revision',
    metadata: { name: `r${number}`, namespace: 'op', labels: { [SERVICE_UID_LABEL]: 'u' } },
    spec,
  };
  return object;
}

/** Stores with these objects; kinds that are not among them are empty. */
function storesOf(objects: ReadonlyMap<Kind, readonly KubeObject[]>): Stores {
  const list = (kind: Kind): readonly KubeObject[] => objects.get(kind) ?? [];
  // The double holds objects of the kinds that it was given.
  return {
    get: (kind, ref) => list(kind).find(({ metadata }) => metadata.name === ref.name) as never,
    list: (kind) => list(kind) as never,
    byIndex: () => [],
  };
}

const STORES = storesOf(
  new Map<Kind, readonly KubeObject[]>([
    [
      RESOURCE_COMPOSITION,
      [{ apiVersion: '', kind: '', metadata: { name: 'shop', namespace: 'op', uid: 'u' } }],
    ],
    [REVISION, [revision(2, 5), revision(1, 100)]],
    [NODE, [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } }]],
    [
      NAMESPACE,
      [
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'old', annotations: { 'meta.helm.sh/release-name': '"mysql-old"' } },
        },
      ],
    ],
  ]),
);

/** Admission over doubles; `maySee` answers access reviews. */
function setUp(
  maySee = true,
  defaults: Record<string, string> | undefined = { title: 'none' },
  license?: Record<string, string>,
  source?: KubeObject,
) {
  const reviews: RawRequest[] = [];
  const client = {
    find: async ({ kind }: Kind, { namespace, name }: ObjectRef) => {
      if (kind === source?.kind && name === source.metadata.name) return source;
      return license !== undefined && namespace === 'op' && name === 'shop-license'
        ? { metadata: { name, annotations: license } }
        : undefined;
    },
    get: async () => ({ data: { chunk: CHART.toString('base64') } }),
    raw: async (request: RawRequest) => {
      reviews.push(request);
      return { status: 201, headers: {}, text: JSON.stringify({ status: { allowed: maySee } }) };
    },
  };
  const engine = {
    load: async () => {
      if (defaults === undefined) throw new KubeError('Network', 'no chart');
      return { values: defaults };
    },
  };
  const handlers = instanceAdmission({
    // Admission uses two calls of the client and one of the engine.
    client: client as unknown as Client,
    engine: engine as never,
    settings: { operatorNamespace: 'op', accountsNamespace: 'acc' },
    clock: new FakeClock(Date.UTC(2026, 10, 21)),
    stores: STORES,
  });
  const ask = async (path: string, request: Partial<AdmissionRequest>): Promise<AdmissionAnswer> => {
    const handler = handlers.find((one) => one.path === path);
    if (handler === undefined) throw new Error(`no handler for ${path}`);
    return handler.handle({ ...REQUEST, ...request }, new AbortController().signal);
  };
  return { ask, reviews };
}

const shop = (spec: object, more: object = {}): AnyObject => ({
  apiVersion: 'platformapi.kubeplus/v1alpha1',
  kind: 'Shop',
  metadata: { name: 'shop1', namespace: 'op' },
  spec,
  ...more,
});

const REQUEST: AdmissionRequest = {
  uid: 'r',
  operation: 'CREATE',
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'Shop',
  resource: 'shops',
  subResource: '',
  namespace: 'op',
  name: 'shop1',
  user: { username: 'ann', uid: '', groups: [] },
  object: shop({}),
  oldObject: undefined,
  dryRun: false,
};

const messages = (answer: AdmissionAnswer): readonly string[] =>
  answer.allowed ? [] : answer.findings.map(({ message }) => message);

describe('/validate/instances', () => {
  it('checks by the newest revision’s schema, with the chart’s defaults and the provider’s values under the instance’s', async () => {
    const { ask } = setUp();

    expect(messages(await ask('/validate/instances', { object: shop({}) }))).toEqual([]);
    expect(messages(await ask('/validate/instances', { object: shop({ size: 6 }) }))).toEqual([
      'spec.size: 6 must be <= 5 (maximum)',
    ]);
  });

  it('asks for nothing that may be a default when the chart is not at hand', async () => {
    const { ask } = setUp(true, undefined);

    expect(messages(await ask('/validate/instances', { object: shop({}) }))).toEqual([]);
    expect(messages(await ask('/validate/instances', { object: shop({ size: 6 }) }))).toHaveLength(1);
  });

  it('lets nobody read a Secret through an instance who may not read it himself', async () => {
    const { ask, reviews } = setUp(false);
    const object = shop({}, { tenantry: { valuesFrom: [{ secretName: 'db' }] } });

    expect(messages(await ask('/validate/instances', { object }))).toEqual([
      expect.stringContaining('Secret db'),
    ]);
    expect(reviews[0]?.body).toMatchObject({
      spec: {
        user: 'ann',
        resourceAttributes: { verb: 'get', resource: 'secrets', name: 'db', namespace: 'op' },
      },
    });
  });

  it('migrates nothing that the user may not delete', async () => {
    const { ask, reviews } = setUp(false);
    const metadata = { name: 'shop1', namespace: 'op', annotations: { 'kubeplus/migrate-from': 'Shop' } };

    expect(messages(await ask('/validate/instances', { object: { ...shop({}), metadata } }))).toEqual([
      expect.stringContaining('you may not delete Shop shop1'),
    ]);
    expect(reviews[0]?.body).toMatchObject({
      spec: { resourceAttributes: { verb: 'delete', resource: 'shops', name: 'shop1', namespace: 'op' } },
    });
  });

  it('migrates from no other instance than the one that was noted', async () => {
    const source = { ...shop({}), metadata: { name: 'shop1', namespace: 'op', uid: 'later' } };
    const { ask } = setUp(true, undefined, undefined, source);
    const annotations = { 'kubeplus/migrate-from': 'Shop', 'tenantry.dev/migrate-from-uid': 'noted' };
    const object = { ...shop({}), metadata: { name: 'shop1', namespace: 'op', annotations } };

    expect(messages(await ask('/validate/instances', { object }))).toEqual([
      expect.stringContaining('there is no Shop shop1'),
    ]);
    // What was said of it is replaced by what is there.
    const noted = { ...annotations, 'tenantry.dev/migrate-from-uid': 'later', accountidentity: 'ann' };
    expect(await ask('/mutate/instances', { object })).toMatchObject({
      patch: [{ path: '/metadata/annotations', value: noted }, { path: '/metadata/finalizers' }],
    });
  });

  it('migrates from no kind that nobody offers, in KubePlus’s words', async () => {
    const metadata = { name: 'shop1', namespace: 'op', annotations: { 'kubeplus/migrate-from': 'None' } };

    expect(messages(await setUp().ask('/validate/instances', { object: { ...shop({}), metadata } }))).toEqual(
      ['Invalid kind specified in migrate-from annotation None.'],
    );
  });

  it('knows a namespace that KubePlus made for another kind', async () => {
    const { ask } = setUp();
    const object = { ...shop({}), metadata: { name: 'old', namespace: 'op' } };

    expect(messages(await ask('/validate/instances', { object, name: 'old' }))).toEqual([
      'App with name old already exists for Kind mysql. Use different app name.',
    ]);
  });

  it('holds up neither the operator nor the cluster’s own controllers', async () => {
    const { ask } = setUp();
    const request = { operation: 'DELETE' as const, object: undefined, oldObject: shop({}) };
    const as = (username: string, groups: readonly string[] = []) => ({
      ...request,
      user: { username, uid: '', groups },
    });

    expect(messages(await ask('/validate/instances', request))).toHaveLength(1);
    expect(
      messages(await ask('/validate/instances', as('system:serviceaccount:op:tenantry-operator'))),
    ).toEqual([]);
    expect(
      messages(await ask('/validate/instances', as('x', ['system:serviceaccounts:kube-system']))),
    ).toEqual([]);
    expect(
      messages(await ask('/validate/instances', as('system:serviceaccount:other:tenantry-operator'))),
    ).toHaveLength(1);
  });

  it('agrees to no traffic where the newest revision isolates strictly', async () => {
    const trafficWith = { other: 'bbbbbbbb-0000-4000-8000-000000000002' };
    const object = shop({}, { tenantry: { trafficWith } });

    expect(messages(await setUp().ask('/validate/instances', { object }))).toEqual([
      expect.stringContaining('isolates its instances strictly'),
    ]);
  });

  it('admits no further instance than the licence beside the composition allows', async () => {
    const expired = setUp(true, undefined, { expiry: '11/20/2026' });
    const lastDay = setUp(true, undefined, { expiry: '11/21/2026' });

    expect(messages(await expired.ask('/validate/instances', {}))).toEqual([
      'License expired (expiry date):11/20/2026. Update license for Shop and then re-try.',
    ]);
    expect(messages(await lastDay.ask('/validate/instances', {}))).toEqual([]);
    // What runs goes on, and can be changed.
    const change = { operation: 'UPDATE' as const, oldObject: shop({}), object: shop({ size: 2 }) };
    expect(messages(await expired.ask('/validate/instances', change))).toEqual([]);
  });

  it('does not look at statuses', async () => {
    expect(
      await setUp().ask('/validate/instances', { subResource: 'status', object: shop({ size: 6 }) }),
    ).toEqual({ allowed: true });
  });
});

describe('/mutate/instances', () => {
  it('adds creator and finalizer on creation, nothing to a status', async () => {
    const { ask } = setUp();

    expect(await ask('/mutate/instances', {})).toMatchObject({
      allowed: true,
      patch: [{ value: { accountidentity: 'ann' } }, { value: ['tenantry.dev/cleanup'] }],
    });
    expect(await ask('/mutate/instances', { subResource: 'status' })).toEqual({ allowed: true });
  });
});
