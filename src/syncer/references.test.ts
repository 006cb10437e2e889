import { describe, expect, it } from 'vitest';
import { pod } from '../../test/builders/virtual.ts';
import { podReferences } from './references.ts';

describe('podReferences', () => {
  it('finds every ConfigMap and Secret that a pod reads', () => {
    const given = pod({
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [
        { name: 'i', envFrom: [{ configMapRef: { name: 'c1' } }, { secretRef: { name: 's1' } }] },
      ],
      containers: [
        {
          name: 'main',
          env: [
            { name: 'A', valueFrom: { configMapKeyRef: { name: 'c2', key: 'k' } } },
            { name: 'B', valueFrom: { secretKeyRef: { name: 's2', key: 'k' } } },
          ],
        },
      ],
      volumes: [
        { name: 'a', configMap: { name: 'c3' } },
        { name: 'b', secret: { secretName: 's3' } },
        { name: 'c', projected: { sources: [{ configMap: { name: 'c4' } }, { secret: { name: 's4' } }] } },
        { name: 'd', rbd: { image: 'i', monitors: [], secretRef: { name: 's5' } } },
        { name: 'e', csi: { driver: 'd', nodePublishSecretRef: { name: 's6' } } },
        { name: 'f', azureFile: { secretName: 's7', shareName: 'x' } },
      ],
    });

    const { configMaps, secrets } = podReferences(given);

    expect([...configMaps].sort()).toEqual(['c1', 'c2', 'c3', 'c4']);
    expect([...secrets].sort()).toEqual(['pull', 's1', 's2', 's3', 's4', 's5', 's6', 's7']);
  });
});
