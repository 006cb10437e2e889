import {
  CONTROL_PLANE,
  controlPlaneCrd,
  type ControlPlane,
  type ControlPlaneSpec,
} from '../../src/api/control-plane.ts';
import type { Client } from '../../src/client/client.ts';
import { controlPlaneController } from '../../src/features/controlplane/controller.ts';
import {
  CRD,
  DEPLOYMENT,
  NODE,
  SECRET,
  STATEFUL_SET,
  type Deployment,
  type StatefulSet,
} from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, Condition } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import { eventually as patiently } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const OPERATOR = 'tenantry-system';
/** Other tests run beside this one. */
const PATIENCE_MS = 20_000;
export const PROGRAMS = ['kube-apiserver', 'kube-controller-manager'] as const;

/** Waits as long as a busy machine may take. */
export const eventually = (what: string, check: () => boolean | Promise<boolean>): Promise<unknown> =>
  patiently(what, check, PATIENCE_MS);

/** An operator of control planes on a fake API server, whose planes answer as soon as their pods are said to be there. */
export interface PlaneRig {
  readonly api: FakeApi;
  readonly client: Client;
  create(
    name: string,
    spec?: Partial<ControlPlaneSpec>,
    annotations?: Record<string, string>,
  ): Promise<unknown>;
  change(name: string, body: object): Promise<unknown>;
  plane(name: string): ControlPlane | undefined;
  condition(name: string, type: string): Condition | undefined;
  deployment(name: string, program: string): Deployment | undefined;
  /** Files of a Secret of the plane. */
  files(name: string, secret: string): Readonly<Record<string, string>>;
  /** Namespaces of planes whose Secrets were written anew. */
  readonly rewritten: string[];
  /** As Deployments' controller and kubelets would: what was written last runs. */
  rollOut(name: string, program: (typeof PROGRAMS)[number] | 'etcd'): Promise<void>;
  /** The plane with all of its pods. */
  ready(name: string): Promise<void>;
  /** Ends the operator and starts another one, which knows nothing. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** Starts it; a test ends it. */
export async function startPlaneRig(): Promise<PlaneRig> {
  const api = await startFakeApi({
    namespaces: [OPERATOR],
    tokens: { operator: 'operator', tester: 'tester' },
    unenforced: ['CEL rules', 'RoleBinding'],
  });
  const client = api.client({ token: 'tester' });
  const { group, version, kind, plural } = CRD;
  const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
  await client.create(crds, controlPlaneCrd());
  const addresses = [{ type: 'InternalIP', address: '192.0.2.1' }];
  api.put(NODE, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, status: { addresses } });
  let stop = new AbortController();
  const rewritten: string[] = [];
  let running = operate(api, stop.signal, rewritten);
  const plane = (name: string): ControlPlane | undefined =>
    api.objects(CONTROL_PLANE).find(({ metadata }) => metadata.name === name);
  const condition = (name: string, type: string): Condition | undefined =>
    findCondition(plane(name)?.status?.conditions, type);
  const deployment = (name: string, program: string): Deployment | undefined =>
    api.objects(DEPLOYMENT, `${name}-system`).find(({ metadata }) => metadata.name === program);
  const rollOut = async (name: string, program: string): Promise<void> => {
    const kind: Kind<Deployment | StatefulSet> = program === 'etcd' ? STATEFUL_SET : DEPLOYMENT;
    const find = () => api.objects(kind, `${name}-system`).find(({ metadata }) => metadata.name === program);
    await eventually(`${name} has ${program}`, () => find() !== undefined);
    const { metadata, spec } = find() ?? {};
    const { replicas = 0 } = spec ?? {};
    const counts = {
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      readyReplicas: replicas,
    };
    const body = { status: { observedGeneration: metadata?.generation ?? 0, ...counts } };
    const ref = { namespace: `${name}-system`, name: program };
    await client.patch(kind, ref, { type: 'merge', body }, { subresource: 'status' });
  };
  return {
    api,
    client,
    plane,
    condition,
    deployment,
    rewritten,
    rollOut,
    create: (name, spec = {}, annotations = {}) =>
      client.create(CONTROL_PLANE, {
        apiVersion: `${CONTROL_PLANE.group}/v1alpha1`,
        kind: 'ControlPlane',
        metadata: { name, annotations },
        spec: { type: 'k8s', backend: 'dedicated', ...spec },
      }),
    change: (name, body) => client.patch(CONTROL_PLANE, { name }, { type: 'merge', body }),
    files: (name, secret) => {
      const found = api.objects(SECRET, `${name}-system`).find(({ metadata }) => metadata.name === secret);
      return Object.fromEntries(
        Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
      );
    },
    ready: async (name) => {
      for (const program of PROGRAMS) await rollOut(name, program);
      await eventually(`${name} is ready`, () => condition(name, 'Ready')?.status === 'True');
    },
    restart: async () => {
      stop.abort();
      await running;
      stop = new AbortController();
      running = operate(api, stop.signal, rewritten);
    },
    end: async () => {
      stop.abort();
      await running;
      await api.close();
    },
  };
}

function operate(api: FakeApi, signal: AbortSignal, rewritten: string[]): Promise<unknown> {
  const operator = api.client({ token: 'operator' });
  const manager = createManager({
    client: operator,
    clock: systemClock,
    log: silentLog,
    identity: 'operator',
    namespace: OPERATOR,
  });
  const images = {
    apiServer: 'api',
    controllerManager: 'kcm',
    etcd: 'etcd:1',
    kine: 'kine:1',
    postgres: 'postgres:1',
    pullPolicy: 'IfNotPresent' as const,
  };
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
      hostAuthority: '',
      newToken: () => Promise.reject(new Error('no plane here has tokens')),
      newPassword: () => 'password',
      ask: () => Promise.resolve(true),
      perform: () => Promise.resolve(),
      rewrite: ({ namespace }) => Promise.resolve(void rewritten.push(namespace)),
      tend: () => Promise.resolve({ bytes: 0, objects: 0, alarms: [] }),
    }),
  );
  return manager.run(signal);
}
