import type { PlaneSpec } from '../../src/planes/plane-spec.ts';

/** A plane for tests. */
export function planeSpec(change: Partial<PlaneSpec> = {}): PlaneSpec {
  return {
    name: 'a',
    namespace: 'a-system',
    images: {
      apiServer: 'api:1',
      controllerManager: 'kcm:1',
      etcd: 'etcd:1',
      kine: 'kine:1',
      postgres: 'postgres:1',
      pullPolicy: 'IfNotPresent',
    },
    replicas: 1,
    ownerUid: 'u',
    serviceType: 'NodePort',
    dnsNames: ['a.example.com'],
    serviceCidr: '10.96.0.0/16',
    adminSeconds: 31_536_000,
    ...change,
  };
}
