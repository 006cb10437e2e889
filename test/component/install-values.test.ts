import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDiscovery } from '../../src/client/discovery.ts';
import { chartFolderOf, installOperator } from '../../src/features/installation/install.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { Json } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentProgress } from '../../src/lib/progress.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import { startEngine } from './helm-engine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let engine: HelmEngine;
let api: FakeApi;
beforeAll(async () => {
  [engine, api] = await Promise.all([startEngine(), startFakeApi()]);
});
afterAll(async () => {
  await engine.close();
  await api.close();
});

function install(values: Record<string, Json>): Promise<unknown> {
  const client = api.client();
  return installOperator({
    client,
    discovery: createDiscovery(client, systemClock),
    engine,
    clock: systemClock,
    progress: silentProgress,
    signal: new AbortController().signal,
    chartFolder: chartFolderOf(ROOT),
    release: { name: 'tenantry', namespace: 'tenantry-system' },
    values,
    keepValues: false,
    version: '0.0.1',
    waitMs: 0,
  });
}

describe('an installation with wrong values', { timeout: 60_000 }, () => {
  it.each<[Record<string, Json>, RegExp]>([
    [{ replicas: 'many' }, /^replicas: got string, want integer/],
    [{ shards: 0 }, /^shards: /],
    [{ shards: 33 }, /^shards: /],
    [{ isolation: 'strict' }, /isolation/],
    [{ image: 'a:1' }, /^image: /],
    [{ log: { level: 'loud' } }, /^log\.level: /],
  ])('%j writes nothing and says which', async (values, message) => {
    await expect(install(values)).rejects.toMatchObject({
      message: expect.stringMatching(message),
      remedy: expect.stringContaining('--set'),
    });
    expect(api.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});
