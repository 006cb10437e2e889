import { describe, expect, it } from 'vitest';
import { groupKindOf } from '../kube/kind.ts';
import { addons } from './addons.ts';
import { planNetwork } from './network-plan.ts';
import { SYSTEM_IMAGES } from './system-images.ts';

const all = addons({
  network: planNetwork({ ipv6: true, services: '10.77.0.0/16' }),
  images: SYSTEM_IMAGES,
  ca: 'CA',
  metricsServer: { cert: 'C', key: 'K' },
});
const named = (kind: string, name: string): unknown =>
  all.find((each) => groupKindOf(each.kind) === kind && each.object.metadata.name === name)?.object;

describe('addons', () => {
  it('has one default StorageClass, whose volumes go with their claims', () => {
    const classes = all.filter((each) => each.kind.kind === 'StorageClass').map((each) => each.object);

    expect(classes).toEqual([
      expect.objectContaining({
        metadata: expect.objectContaining({
          name: 'standard',
          annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
        }),
        provisioner: 'tenantry.dev/local',
        reclaimPolicy: 'Delete',
        volumeBindingMode: 'WaitForFirstConsumer',
      }),
    ]);
  });

  it('puts DNS where the kubelet tells pods to look', () => {
    expect(named('Service', 'kube-dns')).toMatchObject({ spec: { clusterIP: '10.77.0.10' } });
  });

  it('trusts the metrics server by the authority, and the metrics server the kubelets, never without a check', () => {
    expect(named('apiregistration.k8s.io/APIService', 'v1beta1.metrics.k8s.io')).toMatchObject({
      spec: { caBundle: Buffer.from('CA').toString('base64') },
    });
    const text = JSON.stringify(named('apps/Deployment', 'metrics-server'));
    expect(text).toContain('--kubelet-certificate-authority=/ca/ca.crt');
    expect(JSON.stringify(all)).not.toMatch(/insecure-tls|insecureSkipTLSVerify/);
  });

  it('gives every name once and every label a value that Kubernetes takes', () => {
    const keys = all.map((each) => `${groupKindOf(each.kind)} ${each.object.metadata.name}`);
    const labels = all.flatMap((each) => Object.values(each.object.metadata.labels ?? {}));

    expect(new Set(keys).size).toBe(keys.length);
    expect(labels.filter((value) => !/^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/.test(value))).toEqual([]);
  });

  it('binds nobody to cluster-admin', () => {
    expect(JSON.stringify(all)).not.toContain('cluster-admin');
  });
});
