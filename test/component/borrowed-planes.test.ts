import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_PLANE, type ControlPlane, type ControlPlaneSpec } from '../../src/api/control-plane.ts';
import { crdManifests } from '../../src/api/crds.ts';
import type { Client } from '../../src/client/client.ts';
import { controlPlaneController } from '../../src/features/controlplane/controller.ts';
import {
  CLUSTER_ROLE,
  CLUSTER_ROLE_BINDING,
  CRD,
  NAMESPACE,
  SECRET,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import { eventually as patiently } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import type { Attributes } from '../fakeapi/options.ts';

const OPERATOR = 'tenantry-system';
const UNENFORCED = ['CEL rules', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'] as const;
/** Lives of tokens in milliseconds, in the order they are asked for. */
const DAY_MS = 86_400_000;

let hub: FakeApi;
let edge: FakeApi;
let client: Client;
let stop: AbortController;
let running: Promise<unknown>;
let lives: number[];
let tokens: string[];
let mayBind: (attributes: Attributes) => boolean;

beforeEach(async () => {
  [lives, tokens, mayBind, stop] = [[], [], () => true, new AbortController()];
  hub = await startFakeApi({
    namespaces: [OPERATOR],
    tokens: { operator: 'operator', tester: 'tester' },
    unenforced: UNENFORCED,
    authorize: (asked) =>
      asked.user !== 'operator' || asked.resource !== 'clusterrolebindings' || mayBind(asked),
  });
  edge = await startFakeApi({ tokens: { admin: 'admin', made: 'made' }, unenforced: UNENFORCED });
  client = hub.client({ token: 'tester' });
  const { group, version, kind, plural } = CRD;
  const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
  for (const crd of crdManifests()) await client.create(crds, crd);
  running = operate();
});

afterEach(async () => {
  stop.abort();
  await running;
  await hub.close();
  await edge.close();
});

function operate(): Promise<unknown> {
  const operator = hub.client({ token: 'operator' });
  const manager = createManager({
    client: operator,
    clock: systemClock,
    log: silentLog,
    identity: 'operator',
    namespace: OPERATOR,
  });
  const pullPolicy = 'IfNotPresent' as const;
  const images = { apiServer: '', controllerManager: '', etcd: '', kine: '', postgres: '', pullPolicy };
  manager.addController(
    controlPlaneController({
      client: operator,
      clock: systemClock,
      settings: {
        operatorNamespace: OPERATOR,
        accountsNamespace: `${OPERATOR}-services`,
        images,
        domain: '',
        externalPort: 9443,
      },
      newPassword: () => '',
      ask: () => Promise.resolve(false),
      hostAuthority: 'CA',
      newToken: (_client, { namespace, name }) => {
        tokens.push(`${namespace}/${name}`);
        return Promise.resolve({ token: 'made', endsAtMs: Date.now() + (lives.shift() ?? DAY_MS) });
      },
    }),
  );
  return manager.run(stop.signal);
}

const eventually = (what: string, check: () => boolean): Promise<unknown> => patiently(what, check, 20_000);
const plane = (name: string): ControlPlane | undefined =>
  hub.objects(CONTROL_PLANE).find(({ metadata }) => metadata.name === name);
const said = (name: string, type: string): string => {
  const { status, message } = findCondition(plane(name)?.status?.conditions, type) ?? {};
  return `${status ?? ''} ${message ?? ''}`;
};
const says = (name: string, type: string, wanted: RegExp): Promise<unknown> =>
  patiently(`${type} of ${name} is ${wanted.source}`, () => wanted.test(said(name, type)), 20_000).catch(
    () => {
      throw new Error(`${type} of ${name} is never ${wanted.source}, but ${said(name, type)}`);
    },
  );
const create = (name: string, spec: ControlPlaneSpec): Promise<unknown> =>
  client.create(CONTROL_PLANE, {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'ControlPlane',
    metadata: { name },
    spec,
  });
const kubeconfigs = (name: string): Readonly<Record<string, string>> => {
  const secret = hub
    .objects(SECRET, `${name}-system`)
    .find(({ metadata }) => metadata.name === 'admin-kubeconfig');
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
};

async function bootstrap(): Promise<void> {
  const kubeconfig = {
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server: edge.url } }],
    users: [{ name: 'a', user: { token: 'admin' } }],
  };
  await client.create(SECRET, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'edge-bootstrap', namespace: OPERATOR },
    data: { 'kubeconfig-incluster': Buffer.from(JSON.stringify(kubeconfig)).toString('base64') },
  });
}
const EXTERNAL: ControlPlaneSpec = {
  type: 'external',
  bootstrapSecretRef: { namespace: OPERATOR, name: 'edge-bootstrap', inClusterKey: 'kubeconfig-incluster' },
  clusterRole: 'edit',
};
const onEdge = (kind: Kind): readonly string[] =>
  edge
    .objects(kind)
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('tenantry-edge-'))
    .map((name) => name.replace(/-[0-9a-f]{8}/, ''))
    .sort();

describe('a plane of type host', () => {
  it('has both kubeconfigs of an account of the hosting cluster, bound to the role', async () => {
    await create('me', { type: 'host', clusterRole: 'view' });

    await says('me', 'Ready', /^True/);
    expect(Object.keys(kubeconfigs('me')).sort()).toContain('kubeconfig-incluster');
    expect(kubeconfigs('me')['kubeconfig-incluster']).toContain('https://kubernetes.default.svc');
    expect(tokens).toEqual(['me-system/me']);
    expect(hub.objects(CLUSTER_ROLE_BINDING)).toMatchObject([
      {
        metadata: { name: 'me-binding', ownerReferences: [{ kind: 'ControlPlane', name: 'me' }] },
        roleRef: { name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'me', namespace: 'me-system' }],
      },
    ]);
    await client.delete(CONTROL_PLANE, { name: 'me' });
    await eventually('it is gone', () => plane('me') === undefined);
  });

  it('says the one command where the operator may not bind the role', async () => {
    mayBind = ({ verb }) => verb === 'get';
    await create('me', { type: 'host' });

    await says(
      'me',
      'Synced',
      /^False .*kubectl create clusterrolebinding me-binding --clusterrole=cluster-admin --serviceaccount=me-system:me/,
    );
    expect(said('me', 'Ready')).toMatch(/^False .*kubectl create clusterrolebinding me-binding/);
    expect(hub.objects(CLUSTER_ROLE_BINDING)).toEqual([]);
  });
});

describe('a plane of type external', () => {
  it('takes a cluster over, keeps no kubeconfig that was given, and gives everything back', async () => {
    await bootstrap();
    await create('edge', EXTERNAL);

    await says('edge', 'Ready', /^True/);
    await eventually('the bootstrap Secret is gone', () => hub.objects(SECRET, OPERATOR).length === 0);
    const { kubeconfig = '', 'kubeconfig-incluster': inside = '' } = kubeconfigs('edge');
    for (const text of [kubeconfig, inside]) {
      expect(text).toContain(edge.url);
      expect(text).toContain('"made"');
    }
    expect(onEdge(SERVICE_ACCOUNT)).toEqual(['tenantry-edge']);
    expect(
      edge
        .objects(CLUSTER_ROLE_BINDING)
        .map(({ roleRef }) => roleRef.name.replace(/-[0-9a-f]{8}/, ''))
        .sort(),
    ).toEqual(['edit', 'tenantry-edge-keeper']);

    await client.delete(CONTROL_PLANE, { name: 'edge' });
    await eventually('it is gone', () => plane('edge') === undefined);
    expect(onEdge(CLUSTER_ROLE)).toEqual([]);
    expect(hub.objects(NAMESPACE).map(({ metadata }) => metadata.name)).not.toContain('edge-system');
  });

  it('renews the token at half its life', async () => {
    lives = [0];
    await bootstrap();
    await create('edge', EXTERNAL);

    await eventually('a second token', () => tokens.length === 2);
    await says('edge', 'Ready', /^True/);
  });

  it('says what is not there, and goes on when it comes', async () => {
    await create('edge', EXTERNAL);
    await says('edge', 'Synced', /^False Secret tenantry-system\/edge-bootstrap .* is not there/);
    expect(plane('edge')?.status?.secretRef).toBeUndefined();
  });

  it('is not ready while the cluster does not answer, and is not let go then', async () => {
    await bootstrap();
    const fault = edge.fail({ path: '/readyz' }, { status: 500, reason: 'InternalError' });
    await create('edge', EXTERNAL);

    await says('edge', 'Ready', /^False The cluster does not answer as it should/);
    fault.remove();
    edge.fail({ method: 'DELETE' }, { status: 500, reason: 'InternalError' });
    await client.delete(CONTROL_PLANE, { name: 'edge' });
    await says(
      'edge',
      'Synced',
      /^False The cluster can't be given back: .*kubectl delete secret admin-kubeconfig -n edge-system/,
    );
  });
});
