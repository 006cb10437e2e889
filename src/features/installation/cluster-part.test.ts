import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../../test/doubles/memory-client.ts';
import { CLUSTER_ROLE, DEPLOYMENT } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { requireClusterPart } from './cluster-part.ts';
import type { ReleaseObject } from './release-objects.ts';

const object = (kind: Kind, name: string): ReleaseObject => ({
  kind,
  object: { apiVersion: 'v1', kind: kind.kind, metadata: { name } },
});
const OPERATOR = object(DEPLOYMENT, 'tenantry-operator');
const ROLE = object(CLUSTER_ROLE, 'tenantry-operator');

describe('the operator without the cluster part', () => {
  it('is refused where nobody installed that, with the remedy', async () => {
    await expect(requireClusterPart(new MemoryClient(), [OPERATOR])).rejects.toMatchObject({
      message: expect.stringMatching(/nothing was written/) as unknown,
      remedy: expect.stringMatching(/parts\.operator=false/) as unknown,
    });
  });

  it('is installed where the cluster’s owner installed that before', async () => {
    const client = new MemoryClient();
    await client.create(CLUSTER_ROLE, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'tenantry-operator' },
    });

    await expect(requireClusterPart(client, [OPERATOR])).resolves.toBeUndefined();
  });

  it('is installed by a provider who may not look', async () => {
    const client = new MemoryClient();
    client.find = () => Promise.reject(new KubeError('Forbidden', 'no', { status: 403 }));

    await expect(requireClusterPart(client, [OPERATOR])).resolves.toBeUndefined();
  });

  it.each([
    ['both parts', [ROLE, OPERATOR]],
    ['the cluster part alone', [ROLE]],
  ])('%s need nothing', async (_what, objects) => {
    await expect(requireClusterPart(new MemoryClient(), objects)).resolves.toBeUndefined();
  });
});
