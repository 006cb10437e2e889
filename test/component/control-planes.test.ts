import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_PLANE, type ControlPlane, type ControlPlaneSpec } from '../../src/api/control-plane.ts';
import { crdManifests } from '../../src/api/crds.ts';
import type { Client } from '../../src/client/client.ts';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { whileControllersRest } from '../../src/cli/kflex/rest-controllers.ts';
import { controlPlaneController } from '../../src/features/controlplane/controller.ts';
import type { DatabaseAction } from '../../src/features/controlplane/database-action.ts';
import {
  CRD,
  DEPLOYMENT,
  NAMESPACE,
  NETWORK_POLICY,
  NODE,
  POD_DISRUPTION_BUDGET,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  STATEFUL_SET,
} from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import type { StoreState } from '../../src/planes/store/store-state.ts';
import type { StoreTarget } from '../../src/planes/store/tend-store.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import { releaseInstances } from '../../src/features/installation/release-instances.ts';
import { silentProgress } from '../../src/lib/progress.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const OPERATOR = 'tenantry-system';
const ACCOUNT = 'system:serviceaccount:tenantry-system-services:tenantry-planes';
const STORE = 'tenantry-system-planes';

let api: FakeApi;
let client: Client;
let stop: AbortController;
let running: Promise<unknown>;
/** Whether planes' APIs have their first ServiceAccount. */
let answers: boolean;
let actions: DatabaseAction[];
let databaseIsAway: boolean;
/** Stores that were looked at, and what is found there. */
let tended: StoreTarget[];
let found: StoreState | Error;

beforeEach(async () => {
  [answers, actions, databaseIsAway, stop] = [true, [], false, new AbortController()];
  [tended, found] = [[], { bytes: 4096, objects: 12, alarms: [] }];
  api = await startFakeApi({
    namespaces: [OPERATOR],
    tokens: { operator: 'operator', tester: 'tester' },
    unenforced: ['CEL rules', 'RoleBinding'],
  });
  client = api.client({ token: 'tester' });
  const { group, version, kind, plural } = CRD;
  const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
  for (const crd of crdManifests()) await client.create(crds, crd);
  const status = { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] };
  api.put(NODE, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, status });
  running = operate();
});

afterEach(async () => {
  stop.abort();
  await running;
  await api.close();
});

function operate(): Promise<unknown> {
  const operator = api.client({ token: 'operator' });
  const manager = createManager({
    client: operator,
    clock: systemClock,
    log: silentLog,
    identity: 'operator',
    namespace: OPERATOR,
  });
  let passwords = 0;
  manager.addController(
    controlPlaneController({
      client: operator,
      clock: systemClock,
      settings: {
        operatorNamespace: OPERATOR,
        accountsNamespace: `${OPERATOR}-services`,
        images: {
          apiServer: 'api',
          controllerManager: 'kcm',
          etcd: 'etcd:1',
          kine: 'kine:1',
          postgres: 'postgres:1',
          pullPolicy: 'IfNotPresent',
        },
        domain: '',
        externalPort: 9443,
      },
      hostAuthority: '',
      newToken: () => Promise.reject(new Error('no plane here has tokens')),
      newPassword: () => `password${(passwords += 1)}`,
      ask: () => Promise.resolve(answers),
      perform: (action) => {
        if (databaseIsAway) return Promise.reject(new KubeError('ServiceUnavailable', 'it is away'));
        actions.push(action);
        return Promise.resolve();
      },
      tend: (target) => {
        tended.push(target);
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
      },
    }),
  );
  return manager.run(stop.signal);
}

const create = (name: string, spec: Partial<ControlPlaneSpec> = {}): Promise<ControlPlane> =>
  client.create(CONTROL_PLANE, {
    apiVersion: `${CONTROL_PLANE.group}/v1alpha1`,
    kind: 'ControlPlane',
    metadata: { name },
    spec: { type: 'k8s', ...spec },
  });
const plane = (name: string): ControlPlane | undefined =>
  api.objects(CONTROL_PLANE).find(({ metadata }) => metadata.name === name);
const condition = (name: string, type: string) => findCondition(plane(name)?.status?.conditions, type);
const namesOf = (kind: Kind, namespace: string): readonly string[] =>
  api
    .objects(kind)
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(({ metadata }) => metadata.name)
    .toSorted();
const exists = (kind: Kind, namespace: string, name: string): boolean =>
  namesOf(kind, namespace).includes(name);

/** As the workload's controller and its pods' kubelet would. */
async function serve(kind: Kind, namespace: string, name: string): Promise<void> {
  await eventually(`${namespace}/${name} is there`, () => exists(kind, namespace, name));
  const body = { status: { availableReplicas: 1, readyReplicas: 1 } };
  await client.patch(kind, { namespace, name }, { type: 'merge', body }, { subresource: 'status' });
}

async function ready(name: string): Promise<void> {
  await serve(DEPLOYMENT, `${name}-system`, 'kube-apiserver');
  await serve(DEPLOYMENT, `${name}-system`, 'kube-controller-manager');
  await eventually(`${name} is ready`, () => condition(name, 'Ready')?.status === 'True');
}

describe('a control plane with an etcd of its own', () => {
  it('is made stage by stage, and is ready when all of it is', async () => {
    answers = false;
    await create('a', { backend: 'dedicated' });
    // The status comes after everything that is written.
    await eventually('it waits for its API server', () =>
      /its etcd, is not ready/.test(condition('a', 'Ready')?.message ?? ''),
    );
    expect(namesOf(DEPLOYMENT, 'a-system')).toEqual(['kube-apiserver']);
    await serve(DEPLOYMENT, 'a-system', 'kube-apiserver');
    await eventually('it says what it waits for', () =>
      /no ServiceAccount yet/.test(condition('a', 'Ready')?.message ?? ''),
    );
    answers = true;
    await ready('a');

    expect(namesOf(SECRET, 'a-system')).toEqual(['admin-kubeconfig', 'cm-kubeconfig', 'k8s-certs']);
    expect(namesOf(STATEFUL_SET, 'a-system')).toEqual(['etcd']);
    expect(condition('a', 'Synced')).toMatchObject({ status: 'True', reason: 'ReconcileSuccess' });
    expect(plane('a')).toMatchObject({
      metadata: { finalizers: ['kflex.kubestellar.org/finalizer'] },
      status: {
        secretRef: {
          namespace: 'a-system',
          name: 'admin-kubeconfig',
          key: 'kubeconfig',
          inClusterKey: 'kubeconfig-incluster',
        },
      },
    });
    expect(actions).toEqual([]);
  });

  it('has its store looked at once it answers, and says what is in it', async () => {
    await create('a', { backend: 'dedicated', storeReplicas: 3 });
    await ready('a');
    await eventually('it is said', () => condition('a', 'StoreHealthy')?.status === 'True');

    expect(plane('a')?.status?.store).toEqual({ bytes: 4096, objects: 12 });
    expect(tended).toHaveLength(1);
    expect(tended[0]).toMatchObject({
      kind: 'etcd',
      members: [0, 1, 2].map((n) => ({ host: `etcd-${n}.etcd-peers.a-system.svc`, port: 2379 })),
    });
  });

  it('has its controllers rest while a snapshot is restored into it, and start again', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');
    const controllers = (): number | undefined =>
      api.objects(DEPLOYMENT).find(({ metadata: { name } }) => name === 'kube-controller-manager')?.spec
        ?.replicas;
    const found = await client.find(CONTROL_PLANE, { name: 'a' });
    const io: Pick<CliIo, 'clock' | 'signal'> = { clock: systemClock, signal: stop.signal };
    if (found === undefined) throw new Error('there is no plane');

    await expect(
      whileControllersRest(io, { client }, found, async () => {
        expect(controllers()).toBe(0);
        await eventually('it says why', () =>
          /is being restored/.test(condition('a', 'Ready')?.message ?? ''),
        );
        throw new Error('the store went away');
      }),
    ).rejects.toThrow('the store went away');

    await eventually('they start again', () => controllers() === 1);
    expect(plane('a')?.metadata.annotations ?? {}).not.toHaveProperty(['tenantry.dev/restoring-until']);
  });

  it('says when its store is full, or can’t be looked at, and is Ready as before', async () => {
    found = { bytes: 2 ** 31, objects: 9, alarms: ['NOSPACE'] };
    await create('full', { backend: 'dedicated' });
    await ready('full');
    await eventually('it is said', () => condition('full', 'StoreHealthy')?.reason === 'NoSpace');

    found = new KubeError('ServiceUnavailable', 'it is away');
    await create('away');
    await serve(STATEFUL_SET, STORE, 'postgres');
    await ready('away');
    await eventually('it is said', () => condition('away', 'StoreHealthy')?.reason === 'NotReached');
    expect(condition('away', 'StoreHealthy')?.message).toContain('it is away');
    expect(tended.at(-1)).toMatchObject({
      kind: 'postgres',
      database: `plane_${plane('away')?.metadata.uid?.replaceAll('-', '')}`,
    });
    expect(['full', 'away'].map((name) => condition(name, 'Ready')?.status)).toEqual(['True', 'True']);
  });

  it('has its objects written by the account of planes, and its namespace by the operator', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');

    const users = (path: string): readonly string[] => [
      ...new Set(
        api.requests
          .filter((one) => one.method === 'POST' && one.path.includes(path))
          .map(({ user }) => user),
      ),
    ];
    expect(users('/namespaces/a-system/secrets')).toEqual([ACCOUNT]);
    expect(users('/namespaces/a-system/deployments')).toEqual([ACCOUNT]);
    expect(users('/namespaces/a-system/rolebindings')).toEqual(['operator']);
  });

  it('gets back what somebody took or changed', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');

    await client.delete(NETWORK_POLICY, { namespace: 'a-system', name: 'etcd' });
    await eventually('the policy is back', () => exists(NETWORK_POLICY, 'a-system', 'etcd'));
    await client.patch(
      DEPLOYMENT,
      { namespace: 'a-system', name: 'kube-apiserver' },
      { type: 'merge', body: { spec: { replicas: 0 } } },
    );
    await eventually('its size is back', () =>
      api
        .objects(DEPLOYMENT)
        .some(({ metadata, spec }) => metadata.name === 'kube-apiserver' && spec?.replicas === 1),
    );
  });

  it('says that it is interrupted when its API server goes', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');

    const ref = { namespace: 'a-system', name: 'kube-apiserver' };
    const body = { status: { availableReplicas: 0 } };
    await client.patch(DEPLOYMENT, ref, { type: 'merge', body }, { subresource: 'status' });

    await eventually('it is not ready', () => condition('a', 'Ready')?.status === 'False');
    expect(condition('a', 'Ready')).toMatchObject({ reason: 'Unavailable' });
    expect(condition('a', 'Synced')?.status).toBe('True');
  });

  it('leads in from outside once its Service has a port', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');
    await client.patch(
      SERVICE,
      { namespace: 'a-system', name: 'a' },
      {
        type: 'merge',
        body: {
          spec: { ports: [{ name: 'https', port: 443, targetPort: 9444, protocol: 'TCP', nodePort: 30443 }] },
        },
      },
    );

    await eventually('the kubeconfig names it', () => {
      const secret = api.objects(SECRET).find(({ metadata }) => metadata.name === 'admin-kubeconfig');
      const text = Buffer.from(secret?.data?.['kubeconfig'] ?? '', 'base64').toString();
      return text.includes('https://192.0.2.1:30443') && text.includes('"tls-server-name": "a.a-system.svc"');
    });
  });

  it('runs nothing while it hibernates, and starts in order when it wakes', async () => {
    const sizeOf = (name: string): number | undefined =>
      api.objects(DEPLOYMENT).find(({ metadata }) => metadata.name === name)?.spec?.replicas;
    const say = (spec: object): Promise<unknown> =>
      client.patch(CONTROL_PLANE, { name: 'a' }, { type: 'merge', body: { spec } });
    await create('a', { backend: 'dedicated' });
    await ready('a');

    await say({ hibernate: true });
    await eventually('all have size 0', () =>
      ['kube-apiserver', 'kube-controller-manager'].every((name) => sizeOf(name) === 0),
    );
    await eventually('it says so', () => /hibernates/.test(condition('a', 'Ready')?.message ?? ''));
    for (const name of ['kube-apiserver', 'kube-controller-manager']) {
      const ref = { namespace: 'a-system', name };
      const body = { status: { availableReplicas: null } };
      await client.patch(DEPLOYMENT, ref, { type: 'merge', body }, { subresource: 'status' });
    }

    await say({ hibernate: null });
    await eventually('the API server is first', () => sizeOf('kube-apiserver') === 1);
    expect(sizeOf('kube-controller-manager')).toBe(0);
    await ready('a');
    expect(sizeOf('kube-controller-manager')).toBe(1);
  });

  it('has as many API servers as it says, and a disruption budget only while there are several', async () => {
    const budget = (): boolean => exists(POD_DISRUPTION_BUDGET, 'a-system', 'kube-apiserver');
    await create('a', { backend: 'dedicated', replicas: 2 });
    await ready('a');
    expect(budget()).toBe(true);

    await client.patch(CONTROL_PLANE, { name: 'a' }, { type: 'merge', body: { spec: { replicas: 1 } } });

    await eventually('the budget is gone', () => !budget());
    await eventually('there is one', () =>
      api
        .objects(DEPLOYMENT)
        .some(({ metadata, spec }) => metadata.name === 'kube-apiserver' && spec?.replicas === 1),
    );
  });

  it('leaves nothing when it is deleted', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');

    await client.delete(CONTROL_PLANE, { name: 'a' });
    await eventually('it is gone', () => plane('a') === undefined);

    expect(api.objects(NAMESPACE).map(({ metadata }) => metadata.name)).not.toContain('a-system');
  });
});

describe('a namespace that somebody else made', () => {
  it('is not taken, nothing is written there, and the plane is made when it is gone', async () => {
    const foreign = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a-system' } } as KubeObject;
    await client.create(NAMESPACE, foreign);
    await create('a', { backend: 'dedicated' });
    await eventually('it says so', () => condition('a', 'Synced')?.status === 'False');

    expect(condition('a', 'Synced')).toMatchObject({
      reason: 'ReconcileError',
      message: expect.stringContaining('not this plane’s'.replace('’', "'")),
    });
    expect(namesOf(SECRET, 'a-system')).toEqual([]);
    expect(namesOf(ROLE_BINDING, 'a-system')).toEqual([]);

    await client.delete(NAMESPACE, { name: 'a-system' });
    await ready('a');
  });

  it('stays when the plane goes', async () => {
    const foreign = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a-system' } } as KubeObject;
    await client.create(NAMESPACE, foreign);
    await create('a', { backend: 'dedicated' });
    await eventually('it says so', () => condition('a', 'Synced')?.status === 'False');

    await client.delete(CONTROL_PLANE, { name: 'a' });
    await eventually('it is gone', () => plane('a') === undefined);

    expect(api.objects(NAMESPACE).map(({ metadata }) => metadata.name)).toContain('a-system');
  });
});

describe('a control plane whose operator is uninstalled', () => {
  it('goes on, and can be deleted like any object', async () => {
    await create('a', { backend: 'dedicated' });
    await ready('a');
    stop.abort();
    await running;

    await releaseInstances({
      client,
      clock: systemClock,
      progress: silentProgress,
      namespace: OPERATOR,
      signal: new AbortController().signal,
    });

    expect(plane('a')?.metadata.finalizers ?? []).toEqual([]);
    expect(exists(DEPLOYMENT, 'a-system', 'kube-apiserver')).toBe(true);
  });
});

describe('a control plane on somebody else’s PostgreSQL', () => {
  const secret = (labels: Record<string, string>, data: Record<string, string>): Promise<unknown> =>
    client.apply(
      SECRET,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'pg', namespace: OPERATOR, labels },
        data: Object.fromEntries(
          Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
        ),
      } as KubeObject,
      { fieldManager: 'tester' },
    );

  it('has a role and a database there, made as the user that its Secret names', async () => {
    const labels = { 'tenantry.dev/backend': 'true' };
    await secret(labels, { host: 'pg.example.com', user: 'maker', password: 'makers-own', 'ca.crt': 'CA' });
    await create('a', { backend: 'external', backendSecretRef: { name: 'pg' } });
    await ready('a');

    const server = { host: 'pg.example.com', port: 5432, user: 'maker', password: 'makers-own', ca: 'CA' };
    expect(actions).toMatchObject([{ name: 'ensure-database', server }]);
    expect(namesOf(STATEFUL_SET, 'a-system')).toEqual([]);
    const deployment = api.objects(DEPLOYMENT).find(({ metadata }) => metadata.name === 'kube-apiserver');
    expect(deployment?.spec?.template.spec?.initContainers?.[0]?.args?.[0]).toContain(
      '@pg.example.com:5432/plane_',
    );
    // The maker's password stays where it is.
    const kept = api
      .objects(SECRET, 'a-system')
      .flatMap(({ data }) => Object.values(data ?? {}))
      .map((text) => Buffer.from(text, 'base64').toString());
    expect(kept.filter((text) => text.includes('makers-own'))).toEqual([]);
  });

  it('reads no Secret that is not meant for it', async () => {
    await secret({}, { host: 'pg.example.com', user: 'maker', password: 'p', 'ca.crt': 'CA' });
    await create('a', { backend: 'external', backendSecretRef: { name: 'pg' } });

    await eventually('it says so', () =>
      /not labelled tenantry.dev\/backend=true/.test(condition('a', 'Synced')?.message ?? ''),
    );
    expect(api.objects(NAMESPACE).map(({ metadata }) => metadata.name)).not.toContain('a-system');
  });
});

describe('control planes on the shared PostgreSQL', () => {
  it('have one server, and a role and a database each before their API servers start', async () => {
    await Promise.all([create('a'), create('b')]);
    await eventually('the server is made', () => exists(STATEFUL_SET, STORE, 'postgres'));
    await eventually('they wait for it', () =>
      /PostgreSQL that planes share is not ready/.test(condition('b', 'Ready')?.message ?? ''),
    );
    expect(exists(DEPLOYMENT, 'a-system', 'kube-apiserver')).toBe(false);

    await serve(STATEFUL_SET, STORE, 'postgres');
    await ready('a');
    await ready('b');

    const made = actions.map(({ name, uid, password }) => ({ name, uid, password }));
    expect(made.map(({ name }) => name)).toEqual(['ensure-database', 'ensure-database']);
    expect(new Set(made.map(({ uid }) => uid))).toEqual(
      new Set([plane('a')?.metadata.uid, plane('b')?.metadata.uid]),
    );
    expect(new Set(made.map(({ password }) => password)).size).toBe(2);
  });

  it('give role and database back when they go, later where the server is away', async () => {
    await create('a');
    await serve(STATEFUL_SET, STORE, 'postgres');
    await ready('a');
    const uid = plane('a')?.metadata.uid;
    databaseIsAway = true;

    await client.delete(CONTROL_PLANE, { name: 'a' });
    await eventually('its namespace is gone', () =>
      api.objects(NAMESPACE).every(({ metadata }) => metadata.name !== 'a-system'),
    );
    expect(plane('a')).toBeDefined();
    databaseIsAway = false;
    await eventually('it is gone', () => plane('a') === undefined);

    expect(actions.at(-1)).toMatchObject({ name: 'drop-database', uid });
    expect(exists(STATEFUL_SET, STORE, 'postgres')).toBe(true);
  });
});
