import process from 'node:process';
import { OPERATOR_NAME } from '../../src/api/names.ts';
import { fixedCredential, type ClusterAccess } from '../../src/client/access.ts';
import type { Client } from '../../src/client/client.ts';
import { createDiscovery, type Discovery } from '../../src/client/discovery.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { NO_COLORS } from '../../src/cli/colors.ts';
import { DEFAULT_NAMESPACE } from '../../src/cli/connect.ts';
import { DEFAULT_RELEASE, imageValues, installInto } from '../../src/cli/install.ts';
import { imageOptions, localOptions } from '../../src/cli/local-options.ts';
import { terminalProgress } from '../../src/cli/terminal-progress.ts';
import { waitForWebhooks } from '../../src/features/installation/wait-for-webhooks.ts';
import { DEPLOYMENT, POD } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { downCluster } from '../../src/local/cluster-down.ts';
import { imageStores, requireRunning } from '../../src/local/cluster-status.ts';
import { upCluster, type UpChoice } from '../../src/local/cluster-up.ts';
import { buildImages } from '../../src/local/images/build-images.ts';
import { importImages } from '../../src/local/images/import-images.ts';
import type { Json } from '../../src/kube/object.ts';
import { program } from './programs.ts';
import { waitFor } from './wait-for.ts';

/** Where the operator runs, and where the bench's services and instances stand. */
export const NS = DEFAULT_NAMESPACE;
const DEPLOYMENT_REF = { namespace: NS, name: `${DEFAULT_RELEASE}-operator` };
/** Selects the operator's processes. */
export const OPERATOR_PODS = 'app.kubernetes.io/component=operator';
const OPERATOR_WAIT = 180;
const TOKEN_SECONDS = 7200;

/** A local cluster of the bench's own with the operator of this checkout in it. */
export interface BenchCluster {
  readonly name: string;
  readonly kubeconfig: string;
  /** The administrator. */
  readonly client: Client;
  /** The same API server with the operator's own token, for what is measured without the operator. */
  readonly operator: Client;
  /** What `operator` was made of, for who stands between. */
  readonly operatorAccess: ClusterAccess;
  readonly discovery: Discovery;
  /** Starts or ends operator processes; resolves when they serve or are gone. */
  scale(replicas: number): Promise<void>;
  close(): Promise<void>;
}

/** What the bench takes from the process; only tools and `main/` may. */
export function benchIo(): CliIo {
  const out = (text: string): void => void process.stdout.write(text);
  return {
    out,
    err: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    colors: NO_COLORS,
    progress: terminalProgress(out, systemClock, NO_COLORS),
    self: [process.execPath, program],
    signal: new AbortController().signal,
  };
}

/** Brings up the cluster `name` (or finds it up) and installs the operator into it. */
export async function openCluster(
  name: string,
  values: Readonly<Record<string, Json>> = {},
  choice: UpChoice = {},
): Promise<BenchCluster> {
  const io = benchIo();
  const options = localOptions(io, name);
  await upCluster(options, choice);
  const [operatorImage] = await buildImages(['operator'], imageOptions(io));
  if (operatorImage === undefined) throw new Error('the image of the operator was not built');
  const { paths, state } = await requireRunning(options);
  await importImages(imageStores(paths, state, options), [operatorImage], io.progress, io.signal);
  const access = await loadAccess({ kubeconfig: paths.kubeconfig }, nodeSurroundings(io));
  const client = clientOf(access);
  const discovery = createDiscovery(client, systemClock);
  const connection = { client, discovery, namespace: NS };
  const image = imageValues({ pullPolicy: 'Never' }, operatorImage.ref);
  const release = { namespace: NS, name: DEFAULT_RELEASE, wait: true, timeout: OPERATOR_WAIT };
  await installInto(io, connection, { ...release, values: { ...values, image } });
  const operatorAccess = {
    ...access,
    credentials: fixedCredential({ token: await operatorToken(client) }),
  };
  const operator = clientOf(operatorAccess);
  return {
    name,
    kubeconfig: paths.kubeconfig,
    client,
    operator,
    operatorAccess,
    discovery,
    scale: (replicas) => scale(client, replicas),
    close: async () => {
      await Promise.all([client.close(), operator.close()]);
    },
  };
}

/** Ends the cluster and everything in it. */
export async function closeCluster(name: string): Promise<void> {
  await downCluster(localOptions(benchIo(), name));
}

function clientOf(access: ClusterAccess): Client {
  return createClient(access, { clock: systemClock, userAgent: 'tenantry-bench' });
}

async function operatorToken(client: Client): Promise<string> {
  const { text } = await client.raw({
    method: 'POST',
    path: `/api/v1/namespaces/${NS}/serviceaccounts/${OPERATOR_NAME}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    },
  });
  // True by the API's contract.
  return (JSON.parse(text) as { readonly status: { readonly token: string } }).status.token;
}

async function scale(client: Client, replicas: number): Promise<void> {
  await client.patch(DEPLOYMENT, DEPLOYMENT_REF, { type: 'merge', body: { spec: { replicas } } });
  await waitFor(`${replicas} operator processes`, 60_000, async () => {
    const { metadata, status } = await client.get(DEPLOYMENT, DEPLOYMENT_REF);
    const { observedGeneration, replicas: present = 0, readyReplicas = 0 } = status ?? {};
    const isSeen = observedGeneration === metadata.generation;
    return isSeen && present === replicas && readyReplicas === replicas ? true : undefined;
  });
  // A pod that is going still works until it is gone.
  await waitFor(`${replicas} pods of the operator`, 60_000, async () => {
    const { items } = await client.list(POD, { namespace: NS, labelSelector: OPERATOR_PODS });
    return items.length === replicas ? true : undefined;
  });
  if (replicas === 0) return;
  const { signal } = new AbortController();
  await waitForWebhooks({ client, clock: systemClock, signal, release: { namespace: NS }, waitMs: 60_000 });
}
