import { CONTROL_PLANE, type ControlPlaneSpec } from '../../src/api/control-plane.ts';
import type { Client } from '../../src/client/client.ts';
import { SECRET, SERVICE_ACCOUNT } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { BenchCluster } from '../bench/bench-cluster.ts';
import { innerClients } from '../bench/inner-client.ts';
import { waitFor } from '../bench/wait-for.ts';

const PLANE = 'raised';
const START_MS = 300_000;
/** Of one request: longer than the longest time without an answer that is allowed. */
const TIMEOUT_MS = 8000;

/** A plane with two API servers, and two clients of it. */
export interface RaisedPlane {
  readonly client: Client;
  readonly another: Client;
  /** Changes its spec. */
  ask(spec: Partial<ControlPlaneSpec>): Promise<unknown>;
  isAt(minor: string): Promise<true | undefined>;
  hasAccount(namespace: string): Promise<true | undefined>;
}

/** Makes it, and waits until it is ready. */
export async function makePlane(
  { client: host }: BenchCluster,
  cluster: string,
  version: string,
): Promise<RaisedPlane> {
  await host.create(CONTROL_PLANE, {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'ControlPlane',
    metadata: { name: PLANE },
    spec: { type: 'k8s', backend: 'dedicated', replicas: 2, version },
  });
  const find = () => host.find(CONTROL_PLANE, { name: PLANE });
  await waitFor('the plane is ready', START_MS, async () => {
    const ready = findCondition((await find())?.status?.conditions, 'Ready')?.status === 'True';
    return ready ? ready : undefined;
  });
  const secret = await host.get(SECRET, { namespace: `${PLANE}-system`, name: 'admin-kubeconfig' });
  const text = Buffer.from(secret.data?.['kubeconfig'] ?? '', 'base64').toString();
  const target = /https:\/\/([^"]+)/.exec(text)?.[1] ?? '';
  const connect = await innerClients(text, { cluster, target }, TIMEOUT_MS);
  const [client, another] = [connect(), connect()];
  return {
    client,
    another,
    ask: (spec) => host.patch(CONTROL_PLANE, { name: PLANE }, { type: 'merge', body: { spec } }),
    isAt: async (minor) => {
      const { status } = (await find()) ?? {};
      const isDone = findCondition(status?.conditions, 'UpToDate')?.status === 'True';
      const isReady = findCondition(status?.conditions, 'Ready')?.status === 'True';
      return status?.version?.startsWith(`${minor}.`) === true && isDone && isReady ? true : undefined;
    },
    hasAccount: async (namespace) =>
      (await client.find(SERVICE_ACCOUNT, { namespace, name: 'default' })) === undefined ? undefined : true,
  };
}

/** Takes it away. */
export async function removePlane(
  { client: host }: BenchCluster,
  { client, another }: RaisedPlane,
): Promise<void> {
  await client.close();
  await another.close();
  await host.delete(CONTROL_PLANE, { name: PLANE });
  await waitFor('the plane is gone', START_MS, async () =>
    (await host.find(CONTROL_PLANE, { name: PLANE })) === undefined ? true : undefined,
  );
}

/** What an API server says that it is. */
export async function versionOf(client: Client): Promise<string> {
  const { text } = await client.raw({ method: 'GET', path: '/version' });
  // True by Kubernetes' contract.
  return (JSON.parse(text) as { gitVersion: string }).gitVersion;
}
