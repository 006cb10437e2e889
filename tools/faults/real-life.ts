import type { Instance } from '../../src/api/instance.ts';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import type { ClusterAccess } from '../../src/client/access.ts';
import type { Client } from '../../src/client/client.ts';
import type { Engine } from '../../src/helm/rendering.ts';
import { NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { FaultScript } from '../../test/faults/interceptor.ts';
import { messageOf } from '../../src/lib/error-text.ts';
import { NS } from '../bench/bench-cluster.ts';
import { compositionOf, kindOfService, uploadChart } from '../bench/bench-service.ts';
import { waitFor } from '../bench/wait-for.ts';
import { namesOfAll, pictureOfNamespace } from './real-picture.ts';
import { Made, startProcess, type RealProcess } from './real-process.ts';

/** Milliseconds for one step of a life: some back-offs and one restart fit in. */
const STEP_MS = 120_000;
const SERVICE = 'life';
const REF = { namespace: NS, name: SERVICE };
const KIND = kindOfService(SERVICE);
const INSTANCE = { namespace: NS, name: 'one' };

const HOOK = (name: string, events: string, policy: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  annotations:\n    helm.sh/hook: ${events}\n    helm.sh/hook-delete-policy: ${policy}\n`;

const CHART = {
  'Chart.yaml': 'apiVersion: v2\nname: life\nversion: 1.0.0\n',
  'values.yaml': 'title: none\ntheme: plain\n',
  'templates/settings.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  title: {{ .Values.title | quote }}\n  theme: {{ .Values.theme | quote }}\n',
  'templates/changing.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.title | quote }}\ndata:\n  a: b\n',
  'templates/token.yaml':
    'apiVersion: v1\nkind: Secret\nmetadata:\n  name: token\nstringData:\n  token: {{ randAlphaNum 24 | quote }}\n',
  'templates/web.yaml':
    'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n    - port: 80\n',
  'templates/before.yaml': HOOK('before', 'pre-install,pre-upgrade', 'before-hook-creation'),
  'templates/after.yaml': HOOK('after', 'post-install,post-upgrade', 'hook-succeeded'),
};

/** A real API server whose own operator does not run. */
export interface RealServer {
  /** The administrator. */
  readonly client: Client;
  /** The operator's. */
  readonly access: ClusterAccess;
  readonly engine: Engine;
}

/** How a life went. */
export interface LifeEnding {
  /** The instance before it was deleted. */
  readonly picture: Readonly<Record<string, string>>;
  readonly made: Made;
  /** What is left in the cluster that was not there before. */
  readonly left: readonly string[];
  readonly writes: number;
  readonly happened: readonly string[];
}

/**
 * A service registered, an instance of it created, changed, upgraded and deleted, the service removed: by a process that
 * the script's faults happen to, and where it dies, by one that nothing happens to.
 */
export async function live(server: RealServer, script: FaultScript): Promise<LifeEnding> {
  const { client } = server;
  const chartURL = await uploadChart(client, SERVICE, CHART);
  const before = await namesOfAll(client);
  const made = new Made();
  const first = startProcess({ ...server, made, script });
  const processes = [first];
  const until = async (what: string, isDone: () => Promise<boolean>): Promise<void> => {
    await waitFor(what, STEP_MS, async () => {
      await follow(first, processes, server, made);
      return (await isDone()) ? true : undefined;
    });
  };
  try {
    const picture = await beginning(client, chartURL, until);
    await ending(client, until);
    const left = async (): Promise<string[]> =>
      (await namesOfAll(client)).filter((name) => !before.includes(name));
    // What the API server itself still clears away has a moment; then it is an orphan.
    await waitFor('nothing is left', 10_000, async () =>
      (await left()).length === 0 ? true : undefined,
    ).catch(() => undefined);
    const { calls, happened } = first.interceptor;
    const writes = calls.filter(({ isWrite }) => isWrite).length;
    return { picture, made, left: await left(), writes, happened };
  } catch (error) {
    const said = processes.map((process) => process.said()).join('— the next process\n');
    throw new Error(`${messageOf(error)}; the log says\n${said}`, { cause: error });
  } finally {
    for (const process of processes) await process.end();
  }
}

/** Where the first process is dead there is a second one. */
async function follow(
  first: RealProcess,
  processes: RealProcess[],
  server: RealServer,
  made: Made,
): Promise<void> {
  if (!first.interceptor.dead || processes.length > 1) return;
  await first.end();
  processes.push(startProcess({ ...server, made, script: {} }));
}

type Until = (what: string, isDone: () => Promise<boolean>) => Promise<void>;

async function beginning(
  client: Client,
  chartURL: string,
  until: Until,
): Promise<Readonly<Record<string, string>>> {
  const find = (): Promise<Instance | undefined> => client.find(KIND, INSTANCE);
  const runs = (release: number) => async (): Promise<boolean> => {
    const found = await find().catch(() => undefined);
    const ready = findCondition(found?.status?.conditions, 'Ready');
    const isSeen = ready?.observedGeneration === found?.metadata.generation;
    return ready?.status === 'True' && isSeen && found?.status?.release === release;
  };
  await client.create(RESOURCE_COMPOSITION, compositionOf(SERVICE, chartURL));
  await until('the service is registered', async () => {
    const { status, metadata } = await client.get(RESOURCE_COMPOSITION, REF);
    const ready = findCondition(status?.conditions, 'Ready');
    return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
  });
  const apiVersion = `${KIND.group}/${KIND.version}`;
  await client.create(KIND, { apiVersion, kind: KIND.kind, metadata: INSTANCE, spec: { title: 'first' } });
  await until('the instance runs', runs(1));
  await client.patch(KIND, INSTANCE, { type: 'merge', body: { spec: { title: 'second' } } });
  await until('the change runs', runs(2));
  const newResource = { providerValues: { theme: 'dark' } };
  await client.patch(RESOURCE_COMPOSITION, REF, { type: 'merge', body: { spec: { newResource } } });
  await until('the upgrade runs', runs(3));
  return pictureOfNamespace(client, INSTANCE.name);
}

async function ending(client: Client, until: Until): Promise<void> {
  await client.delete(KIND, INSTANCE);
  await until('the instance is gone', async () => {
    const isGone = (await client.find(KIND, INSTANCE)) === undefined;
    return isGone && (await client.find(NAMESPACE, { name: INSTANCE.name })) === undefined;
  });
  await client.delete(RESOURCE_COMPOSITION, REF);
  await until(
    'the service is gone',
    async () => (await client.find(RESOURCE_COMPOSITION, REF)) === undefined,
  );
}
