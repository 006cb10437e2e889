import { describe, expect, it } from 'vitest';
import type { Kind } from '../../kube/kind.ts';
import { isOfRelease, obsolete, releaseObjects } from './release-objects.ts';

const KINDS: Readonly<Record<string, Kind>> = {
  'v1/ConfigMap': { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  'v1/Namespace': { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
};
const discovery = { kindFor: async (apiVersion: string, kind: string) => KINDS[`${apiVersion}/${kind}`] };
const release = { name: 'tenantry', namespace: 'tenantry-system' };
const manifest = (kind: string, metadata: string) => ({
  source: 'tenantry/templates/x.yaml',
  content: `apiVersion: v1\nkind: ${kind}\nmetadata: ${metadata}\n`,
});

describe('releaseObjects', () => {
  it('gives namespaced objects the namespace of the release and marks all as Helm does', async () => {
    const objects = await releaseObjects(
      [
        manifest('Namespace', '{name: a}'),
        manifest('ConfigMap', '{name: b}'),
        manifest('ConfigMap', '{name: c, namespace: d}'),
      ],
      release,
      discovery,
    );

    expect(objects.map(({ object }) => object.metadata.namespace)).toEqual([
      undefined,
      'tenantry-system',
      'd',
    ]);
    expect(objects.every(({ object }) => isOfRelease(object, release))).toBe(true);
    expect(objects.some(({ object }) => isOfRelease(object, { ...release, name: 'other' }))).toBe(false);
  });

  it('names the template of a kind that the cluster does not serve', async () => {
    await expect(releaseObjects([manifest('Widget', '{name: a}')], release, discovery)).rejects.toThrow(
      /templates\/x\.yaml.*Widget in v1/,
    );
  });
});

describe('obsolete', () => {
  it('is what the old release had and the new one has not, in reverse order', async () => {
    const before = await releaseObjects(
      [
        manifest('ConfigMap', '{name: a}'),
        manifest('ConfigMap', '{name: b}'),
        manifest('ConfigMap', '{name: c}'),
      ],
      release,
      discovery,
    );
    const now = await releaseObjects([manifest('ConfigMap', '{name: b}')], release, discovery);

    expect(obsolete(before, now).map(({ object }) => object.metadata.name)).toEqual(['c', 'a']);
  });
});
