import { afterEach, describe, expect, it } from 'vitest';
import { createDiscovery } from '../../src/client/discovery.ts';
import { CRD, type CustomResourceDefinition } from '../../src/kube/builtin-kinds.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';

let api: FakeApi | undefined;
afterEach(() => api?.close());

async function start(options: FakeApiOptions = {}) {
  api = await startFakeApi(options);
  const clock = new FakeClock();
  return { api, clock, discovery: createDiscovery(api.client({ clock }), clock) };
}

const widgets: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Cluster',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

/** Creates the definition and waits until the server serves it. */
async function define(server: FakeApi): Promise<void> {
  await server.client().create(CRD, widgets);
  while (server.objects(CRD)[0]?.status === undefined) await new Promise((resolve) => setImmediate(resolve));
}

describe.each([
  ['aggregated', true],
  ['in the old form', false],
])('discovery %s', (_name, aggregatedDiscovery) => {
  it('finds built-in kinds with scope and subresources', async () => {
    const { discovery } = await start({ aggregatedDiscovery });

    expect(await discovery.kindFor('apps/v1', 'Deployment')).toMatchObject({
      plural: 'deployments',
      namespaced: true,
      subresources: ['status'],
    });
    expect(await discovery.kindFor('v1', 'Namespace')).toMatchObject({
      group: '',
      plural: 'namespaces',
      namespaced: false,
    });
    expect(await discovery.kindFor('apps/v1beta1', 'Deployment')).toBeUndefined();
  });

  it('lists capabilities as Helm has them', async () => {
    const { discovery } = await start({ aggregatedDiscovery });

    const { kubeVersion, apiVersions } = await discovery.capabilities();

    expect(kubeVersion).toBe('v1.37.1');
    expect(apiVersions).toEqual(expect.arrayContaining(['v1', 'v1/Pod', 'apps/v1', 'apps/v1/Deployment']));
    expect(new Set(apiVersions).size).toBe(apiVersions.length);
    // The same list until it is read anew: what is derived from it is kept by it.
    expect((await discovery.capabilities()).apiVersions).toBe(apiVersions);
  });

  it('looks again for a kind that came later, but not all the time', async () => {
    const { api: server, clock, discovery } = await start({ aggregatedDiscovery });
    expect(await discovery.kindFor('example.org/v1', 'Widget')).toBeUndefined();
    await define(server);

    const tooEarly = await discovery.kindFor('example.org/v1', 'Widget');
    await clock.advance(2_000);
    const later = await discovery.kindFor('example.org/v1', 'Widget');

    expect(tooEarly).toBeUndefined();
    expect(later).toMatchObject({ kind: 'Widget', namespaced: false });
    expect(await discovery.groupIsServed('example.org')).toBe(true);
  });

  it('reads once for many questions', async () => {
    const { api: server, discovery } = await start({ aggregatedDiscovery });

    await Promise.all(Array.from({ length: 20 }, () => discovery.kindFor('v1', 'Pod')));
    await discovery.capabilities();

    expect(server.requests.filter((request) => request.path === '/apis')).toHaveLength(1);
  });

  it('reads anew after it was told to', async () => {
    const { api: server, discovery } = await start({ aggregatedDiscovery });
    await discovery.resources();
    await define(server);

    discovery.invalidate();

    expect(await discovery.kindFor('example.org/v1', 'Widget')).toBeDefined();
  });

  it('tries again after a failure', async () => {
    const { api: server, discovery } = await start({ aggregatedDiscovery });
    server.fail({ path: '/apis' }, { status: 500 });

    await expect(discovery.resources()).rejects.toMatchObject({ code: 'InternalError' });

    expect(await discovery.kindFor('v1', 'Pod')).toBeDefined();
  });
});
