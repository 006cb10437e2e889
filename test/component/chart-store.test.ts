import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { findUpload, loadChart, saveChart, saveUpload } from '../../src/helm/chart-store.ts';
import { SECRET } from '../../src/kube/builtin-kinds.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const BYTES = Buffer.from('an archive');
let api: FakeApi;
let client: Client;

beforeEach(async () => {
  api = await startFakeApi();
  client = api.client();
});
afterEach(() => api.close());

describe('charts in the cluster', () => {
  it('are kept once for the same bytes and read back', async () => {
    const first = await saveChart(client, 'default', BYTES);
    const second = await saveChart(client, 'default', BYTES);

    expect(second).toEqual(first);
    expect(api.objects(SECRET, 'default')).toHaveLength(1);
    expect(await loadChart(client, 'default', first.chunks, first.digest)).toEqual(BYTES);
  });

  it('are refused when somebody put other bytes in their place', async () => {
    const { chunks, digest } = await saveChart(client, 'default', BYTES);
    const [name = ''] = chunks;
    const secret = await client.get(SECRET, { namespace: 'default', name });
    await client.delete(SECRET, { namespace: 'default', name });
    await client.create(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      data: { chunk: Buffer.from('evil').toString('base64') },
    });

    expect(secret.data?.['chunk']).toBeDefined();
    await expect(loadChart(client, 'default', chunks, digest)).rejects.toMatchObject({
      code: 'DigestMismatch',
    });
  });

  it('are found by the name they were uploaded under, the last upload first', async () => {
    await saveUpload(client, 'default', 'a.tgz', BYTES, 0);
    const second = await saveUpload(client, 'default', 'a.tgz', Buffer.from('another'), 1);

    expect(await findUpload(client, 'default', 'a.tgz')).toEqual(second);
    expect(await findUpload(client, 'default', 'b.tgz')).toBeUndefined();
  });
});
