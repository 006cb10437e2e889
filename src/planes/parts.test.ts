import { describe, expect, it } from 'vitest';
import type {
  Deployment,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
} from '../kube/builtin-kinds.ts';
import { planeParts, type PlaneStage } from './parts.ts';
import { readPki, type PlanePki } from './plane-pki.ts';
import { planeSpec } from '../../test/doubles/plane-spec.ts';
import type { PlaneSpec, PlaneStore } from './plane-spec.ts';

const PKI: PlanePki = readPki(
  Object.fromEntries(
    ['ca', 'client-ca', 'front-proxy-ca', 'etcd-ca', 'controller-manager', 'admin'].flatMap((name) => [
      [`${name}.crt`, `cert of ${name}`],
      [`${name}.key`, `key of ${name}`],
    ]),
  ),
);
const ETCD: PlaneStore = { kind: 'etcd', size: '1Gi' };
const POSTGRES: PlaneStore = {
  kind: 'postgres',
  host: 'postgres.store.svc',
  port: 5432,
  database: 'plane_u',
  role: 'plane_u',
  password: 'pass:word',
  ca: 'CA',
  namespace: 'store',
};

const stages = (store: PlaneStore, change: Partial<PlaneSpec> = {}): readonly PlaneStage[] =>
  planeParts(planeSpec(change), PKI, store);
const names = (all: readonly PlaneStage[]): Record<string, string[]> =>
  Object.fromEntries(
    all.map(({ name, parts }) => [
      name,
      parts.map(({ kind, object }) => `${kind.kind}/${object.metadata.name}`),
    ]),
  );
// True in every use: the name is that of an object of the kind.
const find = <T>(all: readonly PlaneStage[], path: string): T =>
  all
    .flatMap(({ parts }) => parts)
    .find(({ kind, object }) => `${kind.kind}/${object.metadata.name}` === path)?.object as T;
const pod = (all: readonly PlaneStage[], path = 'Deployment/kube-apiserver') =>
  find<Deployment>(all, path).spec?.template.spec;

describe('an etcd of somebody else’s', () => {
  const prefixed = stages({
    kind: 'etcd-prefix',
    endpoints: [
      { host: 'e1', port: 2379 },
      { host: 'e2', port: 2379 },
    ],
    prefix: '/t/u',
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
  });

  it('is reached with its own keys, under the plane’s prefix, and nothing is started for it', () => {
    const [container] = pod(prefixed)?.containers ?? [];

    expect(container?.args).toEqual(
      expect.arrayContaining([
        '--etcd-servers=https://e1:2379,https://e2:2379',
        '--etcd-prefix=/t/u',
        '--etcd-cafile=/etc/tenantry/datastore/ca.crt',
      ]),
    );
    expect(container?.args?.filter((arg) => arg.includes('apiserver-etcd-client'))).toEqual([]);
    expect(names(prefixed)['servers']).toEqual(['Deployment/kube-apiserver']);
    const volume = pod(prefixed)?.volumes?.find(({ name }) => name === 'extra-datastore');
    expect(volume?.secret?.items?.map(({ key }) => key)).toEqual(['ca.crt', 'client.crt', 'client.key']);
    const { egress = [] } = find<NetworkPolicy>(prefixed, 'NetworkPolicy/kube-apiserver').spec ?? {};
    expect(egress[1]).toEqual({ ports: [{ port: 2379, protocol: 'TCP' }] });
  });
});

describe('an etcd of three members', () => {
  const three = stages(ETCD, { etcdMembers: 3 });
  const args = (all: readonly PlaneStage[], path: string): readonly string[] =>
    find<StatefulSet>(all, path).spec?.template.spec?.containers[0]?.args ?? [];

  it('has a name for each, and knows all of them before the first one is there', () => {
    const set = find<StatefulSet>(three, 'StatefulSet/etcd').spec;

    expect(set).toMatchObject({ replicas: 3, serviceName: 'etcd-peers', podManagementPolicy: 'Parallel' });
    expect(find<Service>(three, 'Service/etcd-peers').spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
    expect(args(three, 'StatefulSet/etcd')).toEqual(
      expect.arrayContaining([
        '--name=$(POD_NAME)',
        '--initial-advertise-peer-urls=https://$(POD_NAME).etcd-peers.a-system.svc:2380',
        `--initial-cluster=${[0, 1, 2].map((n) => `etcd-${n}=https://etcd-${n}.etcd-peers.a-system.svc:2380`).join(',')}`,
      ]),
    );
    expect(stages(ETCD, { etcdMembers: 3, asleep: true }).flatMap(({ parts }) => parts)).toContainEqual(
      expect.objectContaining({
        object: expect.objectContaining({ spec: expect.objectContaining({ replicas: 0 }) }),
      }),
    );
  });

  it('is reached member by member, and loses one at a time by intent', () => {
    expect(args(three, 'Deployment/kube-apiserver')).toContain(
      `--etcd-servers=${[0, 1, 2].map((n) => `https://etcd-${n}.etcd-peers.a-system.svc:2379`).join(',')}`,
    );
    expect(find<PodDisruptionBudget>(three, 'PodDisruptionBudget/etcd').spec).toMatchObject({
      maxUnavailable: 1,
    });
  });

  it('talks to its own members and to nobody else', () => {
    const { ingress, egress } = find<NetworkPolicy>(three, 'NetworkPolicy/etcd').spec ?? {};
    const peers = { podSelector: { matchLabels: { app: 'etcd', 'tenantry.dev/plane': 'a' } } };

    expect(ingress?.map(({ from }) => from)).toEqual([
      [{ podSelector: { matchLabels: { app: 'kube-apiserver', 'tenantry.dev/plane': 'a' } } }],
      [peers],
    ]);
    expect(egress?.[1]?.to).toEqual([peers]);
    expect(find<NetworkPolicy>(stages(ETCD), 'NetworkPolicy/etcd').spec?.egress).toBeUndefined();
  });
});

describe('the parts of a plane', () => {
  it('with an etcd of its own', () => {
    expect(names(stages(ETCD))).toEqual({
      base: [
        'Secret/k8s-certs',
        'Secret/cm-kubeconfig',
        'NetworkPolicy/kube-apiserver',
        'NetworkPolicy/kube-controller-manager',
        'NetworkPolicy/etcd',
        'Service/etcd',
        'Service/a',
      ],
      servers: ['StatefulSet/etcd', 'Deployment/kube-apiserver'],
      controllers: ['Deployment/kube-controller-manager'],
    });
  });

  it('with a database', () => {
    expect(names(stages(POSTGRES))).toEqual({
      base: [
        'Secret/k8s-certs',
        'Secret/cm-kubeconfig',
        'NetworkPolicy/kube-apiserver',
        'NetworkPolicy/kube-controller-manager',
        'Secret/datastore',
        'Service/a',
      ],
      servers: ['Deployment/kube-apiserver'],
      controllers: ['Deployment/kube-controller-manager'],
    });
  });

  it('all say whose they are', () => {
    const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u' };
    const all = stages(ETCD, { ownerReferences: [owner], labels: { more: 'yes' } });

    for (const { object } of all.flatMap(({ parts }) => parts)) {
      expect(object.metadata).toMatchObject({
        namespace: 'a-system',
        labels: { 'tenantry.dev/instance-uid': 'u', 'tenantry.dev/plane': 'a', more: 'yes' },
        ownerReferences: [owner],
      });
    }
  });

  it.each([
    ['API server', 'Deployment/kube-apiserver'],
    ['controllers', 'Deployment/kube-controller-manager'],
    ['etcd', 'StatefulSet/etcd'],
  ])('the pods of %s have no rights: not on the node, not on the hosting cluster', (_name, path) => {
    const spec = find<Deployment | StatefulSet>(stages(ETCD), path).spec?.template.spec;

    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    for (const container of spec?.containers ?? []) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  it('keep the keys of authorities out of the API server’s pod', () => {
    const keys = pod(stages(ETCD))?.volumes?.flatMap(
      ({ secret }) => secret?.items?.map(({ key }) => key) ?? [],
    );

    expect(keys?.filter((key) => key.endsWith('.key'))).toEqual([
      'apiserver.key',
      'apiserver-kubelet-client.key',
      'front-proxy-client.key',
      'sa.key',
      'apiserver-etcd-client.key',
    ]);
  });

  it('have kine on a socket of the pod, and the password in a file alone', () => {
    const spec = pod(stages(POSTGRES));

    expect(spec?.initContainers?.[0]?.args).toContain('--listen-address=unix:///var/run/kine/kine.sock');
    expect(spec?.containers[0]?.args).toContain('--etcd-servers=unix:///var/run/kine/kine.sock');
    expect(JSON.stringify(spec)).not.toContain('word');
    const { data } = find<Secret>(stages(POSTGRES), 'Secret/datastore');
    expect(Buffer.from(data?.['pgpass'] ?? '', 'base64').toString()).toBe(
      'postgres.store.svc:5432:plane_u:plane_u:pass\\:word\n',
    );
  });

  it('let the API server alone to etcd, and the API server to nothing but its store', () => {
    const etcd = find<NetworkPolicy>(stages(ETCD), 'NetworkPolicy/etcd').spec;
    const server = find<NetworkPolicy>(stages(POSTGRES), 'NetworkPolicy/kube-apiserver').spec;

    expect(etcd?.ingress).toEqual([
      {
        from: [{ podSelector: { matchLabels: { app: 'kube-apiserver', 'tenantry.dev/plane': 'a' } } }],
        ports: [{ port: 2379, protocol: 'TCP' }],
      },
    ]);
    expect(server?.egress?.slice(1)).toEqual([
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'store' } } }],
        ports: [{ port: 5432, protocol: 'TCP' }],
      },
    ]);
  });

  it('replace pods when authorities change, not when leaves do', () => {
    const annotations = (pki: PlanePki): unknown =>
      find<Deployment>(planeParts(planeSpec(), pki, ETCD), 'Deployment/kube-apiserver').spec?.template
        .metadata?.annotations;
    const { authorities, leaves } = PKI;

    expect(annotations({ ...PKI, leaves: { ...leaves, admin: { cert: 'new', key: 'new' } } })).toEqual(
      annotations(PKI),
    );
    expect(
      annotations({ ...PKI, authorities: { ...authorities, ca: { cert: 'new', key: 'new' } } }),
    ).not.toEqual(annotations(PKI));
  });

  it('add what the caller asks for', () => {
    const spec = pod(
      stages(ETCD, {
        apiServer: {
          args: ['--egress-selector-config-file=/etc/tenantry/egress/egress.yaml'],
          mounts: [{ name: 'egress', from: { secret: 'egress' } }],
        },
      }),
    );

    expect(spec?.containers[0]?.args?.at(-1)).toBe(
      '--egress-selector-config-file=/etc/tenantry/egress/egress.yaml',
    );
    expect(spec?.containers[0]?.volumeMounts?.at(-1)).toEqual({
      name: 'extra-egress',
      mountPath: '/etc/tenantry/egress',
      readOnly: true,
    });
  });

  it('run no pod while the plane is asleep', () => {
    const all = stages(ETCD, { asleep: true, replicas: 3 });
    const sizes = all
      .flatMap(({ parts }) => parts)
      // True for these kinds, and only they have it.
      .map(({ object }) => (object as Deployment).spec?.replicas)
      .filter((size) => size !== undefined);

    expect(sizes).toEqual([0, 0, 0]);
  });

  it('have several API servers spread and disrupted one at a time', () => {
    const all = stages(ETCD, { replicas: 3 });

    expect(names(all)['base']).toContain('PodDisruptionBudget/kube-apiserver');
    expect(pod(all, 'Deployment/kube-controller-manager')?.containers[0]?.args).toContain(
      '--leader-elect=true',
    );
  });
});
