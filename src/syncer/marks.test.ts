import { describe, expect, it } from 'vitest';
import { CONFIG_MAP, POD } from '../kube/builtin-kinds.ts';
import {
  hostAnnotations,
  hostLabels,
  hostSelector,
  MARKER_LABEL,
  NAMESPACE_LABEL,
  standsFor,
} from './marks.ts';
import { STRICT_RULES, type Tenant } from './tenant.ts';

const TENANT: Tenant = {
  name: 'vc1',
  hostNamespace: 'team-a',
  workloadServiceAccount: 'vc-workload-vc1',
  clusterDomain: 'cluster.local',
  rules: STRICT_RULES,
};
const object = (metadata: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'shop', ...metadata },
});

describe('hostLabels', () => {
  it('keeps what the tenant set and adds whose it is', () => {
    expect(hostLabels(object({ labels: { app: 'web' } }), TENANT)).toEqual({
      app: 'web',
      [MARKER_LABEL]: 'vc1',
      [NAMESPACE_LABEL]: 'shop',
    });
  });

  it.each([
    MARKER_LABEL,
    NAMESPACE_LABEL,
    'release',
    'vcluster.loft.sh/controlled-by',
    'vcluster.loft.sh/ns-label-vc1-x-0123456789',
    'tenantry.dev/instance-uid',
    'pod-security.kubernetes.io/enforce',
  ])('hides %s, by which the host would take it for somebody else', (key) => {
    const labels = hostLabels(object({ labels: { [key]: 'liar' } }), TENANT);

    expect(labels[key]).not.toBe('liar');
    expect(
      Object.keys(labels).filter((name) => name.startsWith('vcluster.loft.sh/label-vc1-x-')),
    ).toHaveLength(1);
  });
});

describe('hostAnnotations', () => {
  it('names the object and drops what the tenant wrote in our place', () => {
    const annotations = {
      mine: 'kept',
      'vcluster.loft.sh/object-name': 'liar',
      'tenantry.dev/written': 'liar',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    };

    expect(hostAnnotations(object({ uid: 'u1', annotations }), CONFIG_MAP)).toEqual({
      mine: 'kept',
      'vcluster.loft.sh/object-name': 'a',
      'vcluster.loft.sh/object-namespace': 'shop',
      'vcluster.loft.sh/object-uid': 'u1',
      'vcluster.loft.sh/object-kind': 'v1, Kind=ConfigMap',
    });
  });
});

describe('hostSelector', () => {
  it('selects in the one namespace of the one tenant', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'release', operator: 'Exists' }],
    };

    const translated = hostSelector(selector, TENANT, 'shop');

    expect(translated?.matchLabels).toEqual({ app: 'web', [MARKER_LABEL]: 'vc1', [NAMESPACE_LABEL]: 'shop' });
    expect(translated?.matchExpressions?.[0]?.key).toMatch(/^vcluster\.loft\.sh\/label-vc1-x-[0-9a-f]{10}$/);
  });

  it('cannot be led out of the tenant by its own keys', () => {
    const selector = { matchLabels: { [MARKER_LABEL]: 'vc2', [NAMESPACE_LABEL]: 'other' } };

    expect(hostSelector(selector, TENANT, 'shop')?.matchLabels).toMatchObject({
      [MARKER_LABEL]: 'vc1',
      [NAMESPACE_LABEL]: 'shop',
    });
  });
});

describe('standsFor', () => {
  const host = (labels: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'a-x-shop-x-vc1',
      namespace: 'team-a',
      labels: { ...labels },
      annotations: hostAnnotations(object({ uid: 'u1' }), CONFIG_MAP),
    },
  });

  it('reads the object back', () => {
    const found = standsFor(host({ [MARKER_LABEL]: 'vc1' }), CONFIG_MAP, TENANT);

    expect(found).toEqual({ name: 'a', namespace: 'shop', uid: 'u1' });
  });

  it('is nothing for another cluster, another kind, or an object without marks', () => {
    expect(standsFor(host({ [MARKER_LABEL]: 'vc2' }), CONFIG_MAP, TENANT)).toBeUndefined();
    expect(standsFor(host({ [MARKER_LABEL]: 'vc1' }), POD, TENANT)).toBeUndefined();
    expect(standsFor(host({}), CONFIG_MAP, TENANT)).toBeUndefined();
  });
});
