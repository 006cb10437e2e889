import { describe, expect, it } from 'vitest';
import { STRICT_QUOTA, type RevisionSpec } from '../../api/revision.ts';
import { namespaceObject, policyObjects, type Identity } from './policies.ts';
import { INGRESS_NAMESPACES, type NetworkFacts } from './network-policies.ts';

const IDENTITY: Identity = {
  uid: 'uid-1',
  kind: 'WordpressService',
  name: 'wp',
  namespace: 'kubeplus',
  target: 'wp',
  release: 'wordpressservice-wp',
  serviceUid: 'uid-s',
  account: { namespace: 'kubeplus-services', name: 'wordpressservice-1' },
};

const NETWORK: Omit<NetworkFacts, 'egress'> = {
  exposed: [],
  usesApi: false,
  apiServer: [{ cidr: '10.89.0.2/32', port: 6443 }],
  clusterCidrs: ['10.244.0.0/16', 'fd00:10:244::/56'],
  nodeCidrs: ['203.0.113.7/32'],
  ingressNamespaces: INGRESS_NAMESPACES,
  monitor: undefined,
  peers: [],
};

function revision(
  changes: Partial<RevisionSpec['policies']> = {},
  rules: RevisionSpec['rules'] = [],
): RevisionSpec {
  return {
    composition: { name: 'c', uid: 'uid-s' },
    number: 1,
    resource: { group: 'platformapi.kubeplus', version: 'v1alpha1', kind: 'WordpressService', plural: 'wps' },
    chart: { name: 'w', version: '1', appVersion: '', digest: 'd', size: 1, chunks: [] },
    providerValues: {},
    valuesSchema: null,
    policies: {
      podSecurity: 'baseline',
      fillResources: true,
      egress: 'default',
      allowedClusterKinds: [],
      quota: { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' },
      ...changes,
    },
    kinds: [],
    rules,
  };
}

function named(name: string, network = NETWORK, spec = revision()): Record<string, unknown> {
  const found = policyObjects(IDENTITY, spec, network).find(({ object }) => object.metadata.name === name);
  return found?.object ?? {};
}

describe('policyObjects', () => {
  it('let the operator’s pods in where it asks for metrics, and nobody else of its namespace', () => {
    const rules = (monitor: string | undefined) =>
      JSON.stringify(named('restrict-cross-ns-traffic', { ...NETWORK, monitor })['spec']);
    const from = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kubeplus' } },
      podSelector: {
        matchLabels: { 'app.kubernetes.io/name': 'tenantry', 'app.kubernetes.io/component': 'operator' },
      },
    };

    expect(rules('kubeplus')).toContain(JSON.stringify({ from: [from] }));
    expect(rules(undefined)).not.toContain('component');
  });

  it('let creator and provider look, and bind the roles that the revision names', () => {
    const spec = {
      ...revision({}, [{ apiGroups: ['a'], resources: ['b'], verbs: ['get'] }]),
      roles: ['tenantry-service-x'],
    };
    const bindings = policyObjects(IDENTITY, spec, NETWORK, ['alice']).filter(
      ({ object }) => object.kind === 'RoleBinding',
    );

    expect(bindings.map(({ object }) => object['roleRef'])).toMatchObject([
      { name: 'tenantry-instance' },
      { name: 'tenantry-service-x' },
      { name: 'tenantry-instance-reader' },
    ]);
    expect(bindings[2]?.object['subjects']).toMatchObject([{ kind: 'User', name: 'alice' }]);
  });

  it('are quota, limits, two network policies and the binding, all labelled and in the namespace', () => {
    const objects = policyObjects(IDENTITY, revision(), NETWORK);

    expect(objects.map(({ object }) => `${object.kind}/${object.metadata.name}`)).toEqual([
      'ResourceQuota/wordpressservice-wp',
      'LimitRange/wordpressservice-wp',
      'NetworkPolicy/restrict-cross-ns-traffic',
      'NetworkPolicy/allow-external-traffic',
      'RoleBinding/tenantry-instance',
    ]);
    for (const { object } of objects) {
      expect(object.metadata.namespace).toBe('wp');
      expect(object.metadata.labels?.['tenantry.dev/instance-uid']).toBe('uid-1');
    }
  });

  it('have neither quota nor limits where the service names none, and no limits where filling is switched off', () => {
    const { quota: _quota, ...without } = revision().policies;
    const kinds = (spec: RevisionSpec): string[] =>
      policyObjects(IDENTITY, spec, NETWORK).map(({ object }) => object.kind);

    expect(kinds({ ...revision(), policies: without })).not.toContain('ResourceQuota');
    expect(kinds({ ...revision(), policies: without })).not.toContain('LimitRange');
    expect(kinds(revision({ fillResources: false }))).not.toContain('LimitRange');
  });

  it('count what the service asks for, with a quota, without one, and over what strict isolation counts', () => {
    const { quota, ...without } = revision().policies;
    const hard = (policies: Partial<RevisionSpec['policies']>): unknown =>
      policyObjects(IDENTITY, { ...revision(), policies: { ...without, ...policies } }, NETWORK).find(
        ({ object }) => object.kind === 'ResourceQuota',
      )?.object['spec'];

    const counts = { pods: '5' };
    expect(hard({ counts })).toEqual({ hard: counts });
    expect(hard({ quota: quota ?? STRICT_QUOTA, counts })).toEqual({ hard: { ...quota, pods: '5' } });
    expect(hard({ quota: STRICT_QUOTA, isolation: 'strict', counts })).toMatchObject({
      hard: { pods: '5', services: '20', 'requests.cpu': '2' },
    });
  });

  it('bind the service’s own role if its chart needs more', () => {
    const spec = revision({}, [{ apiGroups: ['x.io'], resources: ['ys'], verbs: ['create'] }]);
    const names = policyObjects(IDENTITY, spec, NETWORK).map(({ object }) => object.metadata.name);

    expect(names.at(-1)).toMatch(/^tenantry-service-[0-9a-f]{32}$/);
  });

  it('let in the own namespace only, and out to it, DNS and public addresses of both families', () => {
    const { spec } = named('restrict-cross-ns-traffic') as { spec: Record<string, unknown> };

    expect(spec).toMatchObject({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
    });
    const text = JSON.stringify(spec['egress']);
    for (const cidr of [
      '10.0.0.0/8',
      '169.254.0.0/16',
      'fc00::/7',
      'fe80::/10',
      '64:ff9b::/96',
      '10.244.0.0/16',
    ]) {
      expect(text).toContain(`"${cidr}"`);
    }
    expect(text).toContain('203.0.113.7/32');
    expect(text).toContain('"kube-dns","coredns"');
    expect(text).not.toContain('6443');
  });

  it('let out to the API server only where the chart binds a Role', () => {
    expect(JSON.stringify(named('restrict-cross-ns-traffic', { ...NETWORK, usesApi: true }))).toContain(
      '6443',
    );
  });

  it('close or open egress as the service says', () => {
    const closed = JSON.stringify(
      named('restrict-cross-ns-traffic', NETWORK, revision({ egress: 'closed' })),
    );

    expect(closed).not.toContain('0.0.0.0/0');
    expect(named('restrict-cross-ns-traffic', NETWORK, revision({ egress: 'all' }))).toMatchObject({
      spec: { egress: [{}] },
    });
  });

  it('open an exposed Service’s pods and ports to the outside, not to other pods of the cluster', () => {
    const web = {
      name: 'web',
      selector: { app: 'web' },
      ports: [{ port: 'http', protocol: 'TCP' as const }],
      outside: true,
    };

    expect(named('allow-external-traffic', { ...NETWORK, exposed: [web] })['spec']).toMatchObject({
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [
        {
          from: [
            { ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/16'] } },
            { ipBlock: { cidr: '::/0', except: ['fd00:10:244::/56'] } },
            { namespaceSelector: {} },
          ],
          ports: [{ port: 'http', protocol: 'TCP' }],
        },
      ],
    });
  });

  it('open an Ingress’s backend to ingress controllers alone', () => {
    const web = { name: 'web', selector: { app: 'web' }, ports: [], outside: false };
    const { ingress } = named('allow-external-traffic', { ...NETWORK, exposed: [web] })['spec'] as {
      ingress: { from: unknown[] }[];
    };

    expect(ingress[0]?.from).toHaveLength(1);
    expect(JSON.stringify(ingress[0]?.from)).toContain('ingress-nginx');
  });

  it('open nothing where nothing is exposed', () => {
    expect(named('allow-external-traffic')['spec']).toMatchObject({ ingress: [] });
  });

  it('give every further exposed Service a policy of its own', () => {
    const service = (name: string) => ({ name, selector: { app: name }, ports: [], outside: true });

    const names = policyObjects(IDENTITY, revision(), { ...NETWORK, exposed: [service('a'), service('b')] })
      .filter(({ object }) => object.kind === 'NetworkPolicy')
      .map(({ object }) => object.metadata.name);

    expect(names).toEqual([
      'restrict-cross-ns-traffic',
      'allow-external-traffic',
      'allow-external-traffic-b',
    ]);
  });
});

describe('strict isolation', () => {
  it('counts what an instance could exhaust, beside what the service gives', () => {
    const strict = named('wordpressservice-wp', NETWORK, revision({ isolation: 'strict' }));
    const standard = named('wordpressservice-wp');

    expect(strict).toMatchObject({
      spec: {
        hard: { 'requests.cpu': '1', pods: '50', 'services.nodeports': '0', 'requests.storage': '200Gi' },
      },
    });
    expect(standard).not.toHaveProperty(['spec', 'hard', 'pods']);
  });

  it('is a label of the namespace, which the admission policies select by', () => {
    const labelsOf = (policies: Parameters<typeof namespaceObject>[1]): unknown =>
      namespaceObject(IDENTITY, policies, '{}').metadata.labels;

    expect(labelsOf({ isolation: 'strict', podSecurity: 'restricted' })).toMatchObject({
      'tenantry.dev/isolation': 'strict',
    });
    expect(labelsOf({ podSecurity: 'baseline' })).not.toHaveProperty(['tenantry.dev/isolation']);
  });
});

describe('namespaceObject', () => {
  it('carries security level, owner and inventory from its creation on', () => {
    const { metadata } = namespaceObject(IDENTITY, { podSecurity: 'restricted' }, '{}');

    expect(metadata).toMatchObject({
      name: 'wp',
      labels: {
        managedby: 'kubeplus',
        'tenantry.dev/instance-uid': 'uid-1',
        'tenantry.dev/instance-kind': 'WordpressService',
        'tenantry.dev/instance-namespace': 'kubeplus',
        'pod-security.kubernetes.io/enforce': 'restricted',
      },
      annotations: { 'meta.helm.sh/release-name': 'wordpressservice-wp', 'tenantry.dev/inventory': '{}' },
    });
  });
});
