import { describe, expect, it } from 'vitest';
import { around, namespace, service, tenantWith } from '../../../test/builders/virtual.ts';
import type {
  ConfigMap,
  EndpointSlice,
  Ingress,
  NetworkPolicy,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  Secret,
} from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Deed } from '../deed.ts';
import { MARKER_LABEL, NAMESPACE_LABEL, namespaceLabelKey } from '../marks.ts';
import type { Row } from '../row.ts';
import type { Surroundings } from '../translation.ts';
import { CLAIM_ROW } from './claims.ts';
import { configMapRow, secretRow } from './configs.ts';
import { DISRUPTION_BUDGET_ROW } from './disruption-budgets.ts';
import { ENDPOINT_SLICE_ROW } from './endpoint-slices.ts';
import { INGRESS_ROW } from './ingresses.ts';
import { NETWORK_POLICY_ROW } from './network-policies.ts';

const MARKS = { [MARKER_LABEL]: 'vc1', [NAMESPACE_LABEL]: 'shop' };
const metadata = { name: 'it', namespace: 'shop', uid: 'u1' };

function decide<T extends KubeObject>(
  row: Row<T>,
  tenant: T | undefined,
  host?: T,
  surroundings: Surroundings = around(),
): readonly Deed[] {
  return row.decide({ tenant, host }, surroundings, 0);
}

/** What the row writes to the host. */
function written<T extends KubeObject>(row: Row<T>, tenant: T, surroundings?: Surroundings): T {
  const [deed] = decide(row, tenant, undefined, surroundings);
  if (deed?.do !== 'own') throw new Error(JSON.stringify(deed));
  return deed.object as T; // true: a row writes its own kind
}
/** Why the row writes nothing. */
function refused<T extends KubeObject>(row: Row<T>, tenant: T, surroundings?: Surroundings): string {
  const [deed] = decide(row, tenant, undefined, surroundings);
  return deed?.do === 'tell' && deed.reason === 'Refused'
    ? deed.message
    : `not refused: ${JSON.stringify(deed)}`;
}

const claim = (spec: PersistentVolumeClaim['spec'], more: object = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { ...metadata, ...more },
  ...(spec === undefined ? {} : { spec }),
});
const ingress = (spec: Ingress['spec'], annotations: Readonly<Record<string, string>> = {}): Ingress => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { ...metadata, annotations },
  ...(spec === undefined ? {} : { spec }),
});

describe('claims', () => {
  it('keep what they ask for', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

    expect(written(CLAIM_ROW, claim(spec)).spec).toEqual(spec);
  });

  it.each([
    ['a volume of the host', { volumeName: 'pv-of-somebody' }, 'spec.volumeName'],
    ['volumes of the host by label', { selector: { matchLabels: { a: 'b' } } }, 'spec.selector'],
    ['a snapshot', { dataSource: { kind: 'VolumeSnapshot', name: 's' } }, 'spec.dataSource'],
    [
      'another namespace',
      { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 's', namespace: 'x' } },
      'namespace',
    ],
  ])('may not take %s', (_what, spec, field) => {
    expect(refused(CLAIM_ROW, claim(spec))).toContain(field);
  });

  it('may name classes of the plan only, in the old way, too', () => {
    const surroundings = around({ tenant: tenantWith({ storageClasses: ['slow'] }) });
    const annotations = { 'volume.beta.kubernetes.io/storage-class': 'fast' };

    expect(refused(CLAIM_ROW, claim({ storageClassName: 'fast' }), surroundings)).toContain(
      'use one of: slow',
    );
    expect(refused(CLAIM_ROW, claim({}, { annotations }), surroundings)).toContain('"fast"');
    expect(written(CLAIM_ROW, claim({ storageClassName: 'slow' }), surroundings).spec?.storageClassName).toBe(
      'slow',
    );
  });

  it('cannot tell the host’s controllers that they are bound', () => {
    const annotations = {
      'pv.kubernetes.io/bind-completed': 'yes',
      'volume.kubernetes.io/selected-node': 'n1',
      a: 'b',
    };

    const given = written(CLAIM_ROW, claim({}, { annotations })).metadata.annotations ?? {};

    expect(Object.keys(given).filter((key) => key.includes('kubernetes.io/'))).toEqual([]);
    expect(given['a']).toBe('b');
  });

  it('learn volume, phase and size, and keep the volume off the host afterwards', () => {
    const host = {
      ...written(CLAIM_ROW, claim({})),
      spec: { volumeName: 'pv-1' },
      status: { phase: 'Bound' },
    };

    const deeds = decide(CLAIM_ROW, claim({}), host);
    const bound = { ...claim({ volumeName: 'pv-1' }), status: { phase: 'Bound' } };

    expect(deeds).toMatchObject([
      { do: 'patch', on: 'tenant', body: { spec: { volumeName: 'pv-1' } } },
      { do: 'patch', on: 'tenant', subresource: 'status', body: { status: { phase: 'Bound' } } },
    ]);
    expect(decide(CLAIM_ROW, bound, host)).toEqual([]);
  });

  it('copy another claim of the tenant', () => {
    const spec = { dataSource: { kind: 'PersistentVolumeClaim', name: 'old' } };

    expect(written(CLAIM_ROW, claim(spec)).spec?.dataSource?.name).toBe('old-x-shop-x-vc1');
  });
});

describe('ConfigMaps and Secrets', () => {
  const map: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } };
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { a: 'Yg==' } };

  it('are on the host while something there reads them', () => {
    const host = written(
      configMapRow(() => true),
      map,
    );

    expect(host).toMatchObject({ data: { a: 'b' }, metadata: { name: 'it-x-shop-x-vc1', labels: MARKS } });
    expect(
      decide(
        configMapRow(() => false),
        map,
      ),
    ).toEqual([]);
    expect(
      decide(
        configMapRow(() => false),
        map,
        host,
      ),
    ).toMatchObject([{ do: 'delete', on: 'host' }]);
  });

  it('are written again when they change, and left alone when the host changed them', () => {
    const row = configMapRow(() => true);
    const host = written(row, map);

    expect(decide(row, { ...map, data: { a: 'c' } }, host)).toMatchObject([{ do: 'own' }]);
    expect(decide(row, map, { ...host, data: { a: 'z' } })).toEqual([]);
  });

  it('are made anew for an object that has the name of one that is gone', () => {
    const row = configMapRow(() => true);
    const before = written(row, map);
    const after = { ...map, metadata: { ...metadata, uid: 'u2' } };

    expect(decide(row, after, before)).toMatchObject([{ do: 'delete', on: 'host' }]);
  });

  it('never make the host’s controllers issue tokens', () => {
    const type = 'kubernetes.io/service-account-token';

    expect(
      written(
        secretRow(() => true),
        { ...secret, type },
      ).type,
    ).toBe('Opaque');
    expect(
      written(
        secretRow(() => true),
        { ...secret, type: 'kubernetes.io/tls' },
      ).type,
    ).toBe('kubernetes.io/tls');
  });
});

describe('EndpointSlices', () => {
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...metadata,
      labels: { 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'custom' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.9'], targetRef: { kind: 'Pod', name: 'db-0' }, nodeName: 'n1' }],
    ports: [{ port: 5432 }],
  };
  const plain = service('db', { clusterIP: '10.96.0.9', ports: [{ port: 5432 }] });

  it('of a Service without a selector go to the host, whoever wrote them', () => {
    const host = written(ENDPOINT_SLICE_ROW, slice, around({ services: [plain] }));

    expect(host.metadata.labels).toMatchObject({
      ...MARKS,
      'kubernetes.io/service-name': 'db-x-shop-x-vc1',
      'endpointslice.kubernetes.io/managed-by': 'tenantry.dev',
    });
    expect(host).toMatchObject({
      addressType: 'IPv4',
      ports: [{ port: 5432 }],
      endpoints: [{ targetRef: { namespace: 'team-a', name: 'db-0-x-shop-x-vc1' } }],
    });
  });

  it('of a Service with a selector do not: the host makes its own', () => {
    const selecting = { ...plain, spec: { ...plain.spec, selector: { app: 'db' } } };

    expect(decide(ENDPOINT_SLICE_ROW, slice, undefined, around({ services: [selecting] }))).toEqual([]);
    expect(decide(ENDPOINT_SLICE_ROW, slice)).toEqual([]);
  });
});

describe('Ingresses', () => {
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const spec: Ingress['spec'] = {
    ingressClassName: 'nginx',
    tls: [{ hosts: ['a.b'], secretName: 'cert' }],
    rules: [{ host: 'a.b', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    defaultBackend: backend,
  };

  it('name the Services and Secrets of the host', () => {
    const annotations = { 'nginx.ingress.kubernetes.io/auth-secret': 'users' };

    const host = written(INGRESS_ROW, ingress(spec, annotations));

    expect(host.spec?.tls?.[0]?.secretName).toBe('cert-x-shop-x-vc1');
    expect(host.spec?.rules?.[0]?.http?.paths[0]?.backend.service?.name).toBe('web-x-shop-x-vc1');
    expect(host.spec?.defaultBackend?.service?.name).toBe('web-x-shop-x-vc1');
    expect(host.metadata.annotations?.['nginx.ingress.kubernetes.io/auth-secret']).toBe('users-x-shop-x-vc1');
  });

  it.each([
    ['nginx.ingress.kubernetes.io/configuration-snippet', 'return 200;'],
    ['nginx.ingress.kubernetes.io/server-snippet', 'return 200;'],
    ['nginx.ingress.kubernetes.io/auth-url', 'http://169.254.169.254'],
    ['nginx.ingress.kubernetes.io/auth-secret', 'kube-system/token'],
  ])('may not carry %s', (key, value) => {
    expect(refused(INGRESS_ROW, ingress({}, { [key]: value }))).toContain(key);
  });

  it('may name classes of the plan only', () => {
    const surroundings = around({ tenant: tenantWith({ ingressClasses: ['public'] }) });

    expect(refused(INGRESS_ROW, ingress(spec), surroundings)).toContain('"nginx" is not in the plan');
  });

  it('learn their addresses', () => {
    const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } };
    const host = { ...written(INGRESS_ROW, ingress(spec)), status };

    expect(decide(INGRESS_ROW, ingress(spec), host)).toMatchObject([{ on: 'tenant', body: { status } }]);
  });
});

describe('NetworkPolicies', () => {
  const policy = (from: object): NetworkPolicy => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [from] }] },
  });
  const peer = (from: object): unknown =>
    written(NETWORK_POLICY_ROW, policy(from), around({ namespaces: [namespace('red')] })).spec?.ingress?.[0]
      ?.from?.[0];

  it('select the pods of the tenant’s namespace, when they select all, too', () => {
    expect(written(NETWORK_POLICY_ROW, policy({})).spec?.podSelector).toEqual({ matchLabels: MARKS });
  });

  it('let pods of the namespace, of selected namespaces, or both, and blocks in', () => {
    const team = namespaceLabelKey('team', around().tenant);

    expect(peer({ podSelector: { matchLabels: { app: 'a' } } })).toEqual({
      podSelector: { matchLabels: { app: 'a', ...MARKS } },
    });
    expect(peer({ namespaceSelector: { matchLabels: { team: 'red' } } })).toEqual({
      podSelector: { matchLabels: { [team]: 'red', [MARKER_LABEL]: 'vc1' }, matchExpressions: [] },
    });
    expect(
      peer({
        namespaceSelector: { matchLabels: { team: 'red' } },
        podSelector: { matchLabels: { app: 'a' } },
      }),
    ).toMatchObject({ podSelector: { matchLabels: { app: 'a', [team]: 'red', [MARKER_LABEL]: 'vc1' } } });
    expect(peer({ ipBlock: { cidr: '10.0.0.0/8' } })).toEqual({ ipBlock: { cidr: '10.0.0.0/8' } });
  });
});

describe('disruption budgets', () => {
  const budget: PodDisruptionBudget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
  };

  it('hold in their own namespace only, and tell what they allow', () => {
    const host = written(DISRUPTION_BUDGET_ROW, budget);
    const counts = { currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2 };

    expect(host.spec?.selector?.matchLabels).toEqual({ app: 'web', ...MARKS });
    expect(
      decide(DISRUPTION_BUDGET_ROW, budget, { ...host, status: { ...counts, observedGeneration: 3 } }),
    ).toMatchObject([{ on: 'tenant', body: { status: counts } }]);
  });
});
