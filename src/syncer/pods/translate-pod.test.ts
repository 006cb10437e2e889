import { describe, expect, it } from 'vitest';
import { around, namespace, pod, service, tenantWith } from '../../../test/builders/virtual.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import { MARKER_LABEL, NAMESPACE_LABEL, namespaceLabelKey } from '../marks.ts';
import type { Surroundings } from '../translation.ts';
import { tokenSecretName } from './pod-tokens.ts';
import { translatePod } from './translate-pod.ts';

const KUBERNETES = service(
  'kubernetes',
  { clusterIP: '10.96.7.7', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] },
  { namespace: 'default' },
);

function translated(given: Pod, surroundings: Surroundings = around()): Pod {
  const translation = translatePod(given, surroundings);
  if (translation.is !== 'object') throw new Error(JSON.stringify(translation));
  return translation.object;
}

type Spec = NonNullable<Pod['spec']>;
const specOf = (given: Partial<Spec>, surroundings?: Surroundings): Spec => {
  const { spec } = translated(pod(given), surroundings);
  if (spec === undefined) throw new Error('no spec');
  return spec;
};
const term = (given: object): object => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...given }] },
});
const hostTerm = (given: object, surroundings?: Surroundings): unknown =>
  specOf({ affinity: term(given) }, surroundings).affinity?.podAffinity
    ?.requiredDuringSchedulingIgnoredDuringExecution?.[0];

describe('translatePod', () => {
  it('puts the pod into the host namespace, marked, with the labels of its namespace', () => {
    const shop = namespace('shop', { team: 'red' });
    const surroundings = around({ namespaces: [shop] });

    const { metadata } = translated(pod({}, { labels: { app: 'web' } }), surroundings);

    expect(metadata).toMatchObject({ name: 'web-x-shop-x-vc1', namespace: 'team-a' });
    expect(metadata.labels).toEqual({
      app: 'web',
      [MARKER_LABEL]: 'vc1',
      [NAMESPACE_LABEL]: 'shop',
      [namespaceLabelKey('team', surroundings.tenant)]: 'red',
    });
    expect(metadata.ownerReferences).toBeUndefined();
  });

  it('takes the identity and the priority that the tenant gave away', () => {
    const spec = specOf({
      serviceAccountName: 'admin',
      serviceAccount: 'admin',
      priorityClassName: 'system-node-critical',
      priority: 2_000_001_000,
      preemptionPolicy: 'PreemptLowerPriority',
      overhead: { cpu: '1' },
    });

    expect(spec).toMatchObject({
      serviceAccountName: 'vc-workload-vc1',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
    for (const field of ['serviceAccount', 'priority', 'priorityClassName', 'preemptionPolicy', 'overhead'])
      expect(spec).not.toHaveProperty(field);
  });

  it('keeps a priority class of the plan by name, never its number', () => {
    const tenant = tenantWith({ priorityClasses: ['low'] });

    const spec = specOf({ priorityClassName: 'low', priority: 5 }, around({ tenant }));

    expect(spec.priorityClassName).toBe('low');
    expect(spec).not.toHaveProperty('priority');
  });

  it('gives the pod the environment of its own cluster, first and without overriding', () => {
    const web = service('my-db', { clusterIP: '10.96.1.2', ports: [{ port: 5432, protocol: 'TCP' }] });
    const surroundings = around({ services: [KUBERNETES, web] });
    const containers = [{ name: 'main', image: 'i', env: [{ name: 'MY_DB_SERVICE_PORT', value: 'mine' }] }];

    const env = specOf({ containers }, surroundings).containers[0]?.env ?? [];

    expect(env).toContainEqual({ name: 'KUBERNETES_SERVICE_HOST', value: '10.96.7.7' });
    expect(env).toContainEqual({ name: 'KUBERNETES_SERVICE_PORT_HTTPS', value: '443' });
    expect(env).toContainEqual({ name: 'MY_DB_PORT_5432_TCP_ADDR', value: '10.96.1.2' });
    expect(env.filter(({ name }) => name === 'MY_DB_SERVICE_PORT')).toEqual(containers[0]?.env);
    expect(env.at(-1)?.name).toBe('MY_DB_SERVICE_PORT');
  });

  it('links no services where the pod wants none, but always the API server', () => {
    const web = service('db', { clusterIP: '10.96.1.2', ports: [{ port: 5432 }] });

    const spec = specOf({ enableServiceLinks: false }, around({ services: [KUBERNETES, web] }));

    const names = spec.containers[0]?.env?.map(({ name }) => name) ?? [];
    expect(names).toContain('KUBERNETES_SERVICE_HOST');
    expect(names.filter((name) => name.startsWith('DB_'))).toEqual([]);
    expect(spec.hostAliases?.[0]).toMatchObject({ ip: '10.96.7.7' });
  });

  it('asks the tenant’s name server and keeps the options of the pod', () => {
    const { dnsPolicy, dnsConfig } = specOf({
      dnsConfig: { nameservers: ['1.1.1.1'], searches: ['corp'], options: [{ name: 'ndots', value: '2' }] },
    });

    expect(dnsPolicy).toBe('None');
    expect(dnsConfig).toEqual({
      nameservers: ['10.96.0.10', '1.1.1.1'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp'],
      options: [{ name: 'ndots', value: '2' }],
    });
  });

  it('waits for a name server, unless the pod wants none', () => {
    const surroundings = around({ dnsAddress: undefined });

    expect(translatePod(pod(), surroundings).is).toBe('waiting');
    expect(specOf({ dnsPolicy: 'Default' }, surroundings)).toMatchObject({ dnsPolicy: 'Default' });
  });

  it('keeps the host name of the pod and leaves the subdomain to the name server', () => {
    expect(specOf({ subdomain: 'peers' })).toMatchObject({ hostname: 'web' });
    expect(specOf({ subdomain: 'peers' })).not.toHaveProperty('subdomain');
    expect(translated(pod({}, { name: `${'a'.repeat(62)}.b` })).spec?.hostname).toBe('a'.repeat(62));
  });

  it('translates every name that a container or a pull reads', () => {
    const spec = specOf({
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [
        { name: 'init', envFrom: [{ configMapRef: { name: 'all' } }, { secretRef: { name: 's' } }] },
      ],
      containers: [
        {
          name: 'main',
          env: [
            { name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'sec', key: 'k' } } },
            { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
            { name: 'D', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          ],
        },
      ],
    });

    expect(spec.imagePullSecrets).toEqual([{ name: 'pull-x-shop-x-vc1' }]);
    expect(spec.initContainers?.[0]?.envFrom).toEqual([
      { configMapRef: { name: 'all-x-shop-x-vc1' } },
      { secretRef: { name: 's-x-shop-x-vc1' } },
    ]);
    expect(spec.containers[0]?.env?.map(({ valueFrom }) => valueFrom)).toEqual([
      { configMapKeyRef: { name: 'cm-x-shop-x-vc1', key: 'k' } },
      { secretKeyRef: { name: 'sec-x-shop-x-vc1', key: 'k' } },
      { fieldRef: { fieldPath: "metadata.annotations['vcluster.loft.sh/namespace']" } },
      { fieldRef: { fieldPath: 'status.podIP' } },
    ]);
  });

  it('translates every name that a volume reads', () => {
    const volumes: Spec['volumes'] = [
      { name: 'a', configMap: { name: 'cm' } },
      { name: 'b', secret: { secretName: 'sec' } },
      { name: 'c', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'd', ephemeral: { volumeClaimTemplate: { spec: {} } } },
      { name: 'e', downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { name: 'f', csi: { driver: 'd', nodePublishSecretRef: { name: 'sec' } } },
      { name: 'g', rbd: { image: 'i', monitors: [], secretRef: { name: 'sec' } } },
      { name: 'h', emptyDir: { medium: 'Memory' } },
    ];

    expect(specOf({ volumes }).volumes).toEqual([
      { name: 'a', configMap: { name: 'cm-x-shop-x-vc1' } },
      { name: 'b', secret: { secretName: 'sec-x-shop-x-vc1' } },
      { name: 'c', persistentVolumeClaim: { claimName: 'data-x-shop-x-vc1' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'web-d-x-shop-x-vc1' } },
      {
        name: 'e',
        downwardAPI: {
          items: [{ path: 'n', fieldRef: { fieldPath: "metadata.annotations['vcluster.loft.sh/labels']" } }],
        },
      },
      { name: 'f', csi: { driver: 'd', nodePublishSecretRef: { name: 'sec-x-shop-x-vc1' } } },
      { name: 'g', rbd: { image: 'i', monitors: [], secretRef: { name: 'sec-x-shop-x-vc1' } } },
      { name: 'h', emptyDir: { medium: 'Memory' } },
    ]);
  });

  it('takes tokens of the tenant’s cluster from a Secret, and never one of the host', () => {
    const given = pod({
      volumes: [
        {
          name: 'kube-api-access',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
          },
        },
      ],
    });
    const surroundings = around();

    const sources = translated(given, surroundings).spec?.volumes?.[0]?.projected?.sources;

    expect(sources).toEqual([
      {
        secret: {
          name: tokenSecretName(given, surroundings.tenant),
          items: [{ key: 'kube-api-access.0', path: 'token' }],
        },
      },
      { configMap: { name: 'kube-root-ca.crt-x-shop-x-vc1', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [
            {
              path: 'namespace',
              fieldRef: { fieldPath: "metadata.annotations['vcluster.loft.sh/namespace']" },
            },
          ],
        },
      },
    ]);
  });

  it('keeps affinity within the tenant and the namespaces it names', () => {
    const labelSelector = { matchLabels: { app: 'db' } };

    expect(hostTerm({ labelSelector })).toEqual({
      topologyKey: 'zone',
      labelSelector: {
        matchLabels: { app: 'db', [MARKER_LABEL]: 'vc1' },
        matchExpressions: [{ key: NAMESPACE_LABEL, operator: 'In', values: ['shop'] }],
      },
    });
    expect(hostTerm({ labelSelector, namespaces: ['b', 'a'] })).toMatchObject({
      labelSelector: { matchExpressions: [{ values: ['b', 'a'] }] },
    });
    expect(hostTerm({ labelSelector, namespaceSelector: {} })).toEqual({
      topologyKey: 'zone',
      labelSelector: { matchLabels: { app: 'db', [MARKER_LABEL]: 'vc1' }, matchExpressions: [] },
    });
  });

  it('selects namespaces by their labels, which the pods carry', () => {
    const surroundings = around({ namespaces: [namespace('red', { team: 'red' }), namespace('blue')] });
    const labelSelector = {};
    const namespaceSelector = { matchLabels: { team: 'red' } };

    expect(hostTerm({ labelSelector, namespaceSelector }, surroundings)).toMatchObject({
      labelSelector: {
        matchExpressions: [
          { key: namespaceLabelKey('team', surroundings.tenant), operator: 'In', values: ['red'] },
        ],
      },
    });
    expect(hostTerm({ labelSelector, namespaceSelector, namespaces: ['blue'] }, surroundings)).toMatchObject({
      labelSelector: {
        matchExpressions: [{ key: NAMESPACE_LABEL, operator: 'In', values: ['blue', 'red'] }],
      },
    });
  });

  it('puts the values of the pod’s own labels in for matchLabelKeys, once', () => {
    const labels = { 'pod-template-hash': 'abc', app: 'web' };
    const constraint = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
      matchLabelKeys: ['pod-template-hash'],
    };
    const given = pod({ topologySpreadConstraints: [constraint] }, { labels });

    const [spread] = translated(given).spec?.topologySpreadConstraints ?? [];

    expect(spread).not.toHaveProperty('matchLabelKeys');
    expect(spread?.labelSelector).toEqual({
      matchLabels: { app: 'web', [MARKER_LABEL]: 'vc1', [NAMESPACE_LABEL]: 'shop' },
      matchExpressions: [{ key: 'pod-template-hash', operator: 'In', values: ['abc'] }],
    });
  });

  it('leaves a term that selects nothing selecting nothing', () => {
    expect(hostTerm({})).toEqual({ topologyKey: 'zone' });
  });
});
