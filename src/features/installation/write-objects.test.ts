import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../../test/doubles/memory-client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import { writeObjects } from './write-objects.ts';

const release = { name: 'tenantry', namespace: 'tenantry-system' };
const annotations = {
  'meta.helm.sh/release-name': release.name,
  'meta.helm.sh/release-namespace': release.namespace,
};
const wanted = {
  kind: NAMESPACE,
  object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'accounts', annotations } },
};

describe('the objects of a release', () => {
  it('are written when what an uninstall left is gone', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const ref = { name: 'accounts' };
    const finalizers = ['kubernetes'];
    await client.create(NAMESPACE, {
      ...wanted.object,
      metadata: { ...wanted.object.metadata, finalizers },
    });
    const former = await client.get(NAMESPACE, ref);
    await client.delete(NAMESPACE, ref);
    const notes: string[] = [];

    const written = writeObjects(
      { client, clock, release, signal: new AbortController().signal },
      [wanted],
      (text) => notes.push(text),
    );
    await clock.advance(1000);
    expect(client.calls.filter(({ verb }) => verb === 'apply')).toEqual([]);
    await client.patch(NAMESPACE, ref, { type: 'merge', body: { metadata: { finalizers: [] } } });
    await clock.advance(1000);
    await written;

    const now = await client.get(NAMESPACE, ref);
    expect(now.metadata.uid).not.toBe(former.metadata.uid);
    expect(now.metadata.deletionTimestamp).toBeUndefined();
    expect(notes).toContain('waiting until Namespace accounts is gone');
  });

  it('of another release are left alone', async () => {
    const client = new MemoryClient();
    await client.create(NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'accounts', annotations: { ...annotations, 'meta.helm.sh/release-name': 'other' } },
    });

    await expect(
      writeObjects(
        { client, clock: new FakeClock(), release, signal: new AbortController().signal },
        [wanted],
        () => undefined,
      ),
    ).rejects.toThrow(/belongs to another installation/);
  });
});
