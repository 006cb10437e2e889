import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createClient } from '../client/http-client.ts';
import type { Client } from '../client/client.ts';
import { NODE, type Node } from '../kube/builtin-kinds.ts';
import { mapLimit } from '../lib/limit.ts';
import { kubeconfigText } from '../pki/kubeconfig.ts';
import { addons } from './addons.ts';
import { issueCertificates, type ClusterCertificates } from './certificates.ts';
import { cgroupLeaf, clearAway } from './cluster-down.ts';
import { pathsOf, provideTools, type ClusterOptions } from './cluster-options.ts';
import { nodePaths, workerName, type ClusterPaths, type NodePaths } from './cluster-paths.ts';
import { readState, writeState, type ClusterState } from './cluster-state.ts';
import { importArchive, type ImageStore } from './containerd-images.ts';
import { listenLocally } from './dial.ts';
import { publishImages, registryUrl } from './image-registry.ts';
import { NEWEST_RELEASE, type KubernetesRelease } from './kubernetes-release.ts';
import { LocalError, explainDiskFull } from './local-error.ts';
import { withLock } from './lock.ts';
import { planNetwork, planNodes, places, type NetworkChoice, type NodePlan } from './network-plan.ts';
import { nodeOptions, type NodeMaterial } from './node-material.ts';
import { isRunning, prepareNode, startNode, startService, workerReady } from './node.ts';
import { serviceFailure } from './service-failure.ts';
import { accessOf } from './own-kubeconfig.ts';
import { NODE_PACKAGES, ensurePackages } from './packages.ts';
import { inspectMachine } from './preflight.ts';
import { FIRST_SERVICES, SERVICES, WORKER_SERVICES } from './services.ts';
import { SYSTEM_IMAGES, systemImageArchive } from './system-images.ts';
import type { ToolPaths } from './toolchain.ts';
import { CLUSTER_TOOLS } from './tools.ts';
import { waitUntil } from '../lib/wait-until.ts';

/** What a user may choose about a new cluster. */
export interface UpChoice extends Omit<NetworkChoice, 'ipv6'> {
  /** The API server's port on 127.0.0.1; 0 takes any free one. */
  readonly port?: number | undefined;
  /** The Kubernetes to run; undefined takes the newest. */
  readonly release?: KubernetesRelease | undefined;
  /** How many nodes; 1 when left out. */
  readonly nodeCount?: number | undefined;
}

/** A cluster that is up. */
export interface UpResult {
  readonly paths: ClusterPaths;
  readonly state: ClusterState;
  /** It was up before. */
  readonly already: boolean;
}

/** Steps take a second or two each; these are for a machine that is very busy. In milliseconds. */
const API_WITHIN_MS = 90_000;
const NODE_WITHIN_MS = 90_000;
const CONTAINERD_WITHIN_MS = 30_000;
const LOOK_MS = 50;

/**
 * Brings the cluster up, or finds it up. What is left of one that was killed is cleared away first. Throws LocalError with
 * a remedy; a failed attempt leaves its logs, and the next `up` or `down` clears it away.
 */
export async function upCluster(options: ClusterOptions, choice: UpChoice = {}): Promise<UpResult> {
  const paths = pathsOf(options);
  const cgroups = cgroupLeaf(options.name);
  const { uid, platform, progress } = options;
  const machine = await inspectMachine({ home: paths.home, uid, platform, cgroupLeaf: cgroups });
  const network = planNetwork({ ...choice, ipv6: machine.ipv6 });
  const nodes = planNodes(network, options.name, choice.nodeCount ?? 1);
  return withLock(paths.lock, { clock: options.clock, signal: options.signal }, async () => {
    const present = await findRunning(paths, options);
    if (present !== undefined) {
      refuseOther(present, choice);
      return { paths, state: present, already: true };
    }
    if ((await readdir(paths.home).catch(() => [])).length > 0)
      await progress.step('clearing away what a former cluster left', () => clearAway(paths, options));
    await ensurePackages(NODE_PACKAGES, options);
    const tools = await provideTools(CLUSTER_TOOLS, options, choice.release);
    try {
      const state = await create({ options, paths, choice, machine, network, nodes, tools });
      return { paths, state, already: false };
    } catch (error) {
      throw explainDiskFull(error, paths.home);
    }
  });
}

/** The record of a cluster that is complete and answers; undefined otherwise. */
async function findRunning(paths: ClusterPaths, options: ClusterOptions): Promise<ClusterState | undefined> {
  const state = await readState(paths).catch(() => undefined);
  if (state?.complete !== true || !(await isRunning(state))) return undefined;
  return options.progress.step('cluster', async (note) => {
    // A service that was just killed comes back by itself: give it the time a start takes.
    const client = await adminClient(paths, options);
    try {
      if (!(await untilReady(client, options))) return undefined;
      note('up already');
      return state;
    } finally {
      await client.close();
    }
  });
}

/** A running cluster keeps its addresses, nodes and version: asked for others, we say so instead of acting as if. */
function refuseOther({ name, network, apiPort, nodes, kubernetes }: ClusterState, choice: UpChoice): void {
  const pairs = [
    ['--subnet', choice.nodes, network.v4.nodes],
    ['--pod-subnet', choice.pods, network.v4.pods],
    ['--service-subnet', choice.services, network.v4.services],
    ['--port', choice.port, apiPort],
    ['--kubernetes-version', choice.release?.version, kubernetes],
    ['--nodes', choice.nodeCount, nodes],
  ] as const;
  for (const [option, wanted, present] of pairs)
    if (wanted !== undefined && wanted !== 0 && wanted !== present)
      throw new LocalError(
        `cluster ${name} is up already, with ${option} ${present} and not ${wanted}`,
        `Run \`tenantry cluster down --name ${name}\` first, or choose another --name.`,
      );
}

interface Creation {
  readonly options: ClusterOptions;
  readonly paths: ClusterPaths;
  readonly choice: UpChoice;
  readonly machine: Awaited<ReturnType<typeof inspectMachine>>;
  readonly network: ClusterState['network'];
  readonly nodes: readonly NodePlan[];
  readonly tools: ToolPaths;
}

async function create(creation: Creation): Promise<ClusterState> {
  const { options, paths, nodes, network } = creation;
  const { progress, clock } = options;
  // The machine's side of the API server. The node inherits the socket; ours is closed once it has.
  const listener = createServer();
  const apiPort = await listenLocally(listener, creation.choice.port ?? 0);
  let state = firstState(creation, apiPort);
  await mkdir(paths.home, { recursive: true, mode: 0o700 });
  await writeState(paths, state);
  try {
    const certificates = await progress.step('certificates', () =>
      issueCertificates(nodes, network, clock.now()),
    );
    const archives = systemArchives(creation);
    await progress.step(nodes.length === 1 ? 'node' : `${nodes.length} nodes`, async () => {
      await writeFile(paths.kubeconfig, adminKubeconfig(options.name, apiPort, certificates), {
        mode: 0o600,
      });
      state = await startNodes({ ...creation, certificates }, state, listener);
    });
    const images = importSystemImages(creation, archives);
    const client = await adminClient(paths, options);
    try {
      await Promise.all([startControlPlane(client, creation, certificates), images]);
      await nodesReady(client, creation);
    } finally {
      await client.close();
    }
  } finally {
    listener.close();
  }
  state = { ...state, complete: true };
  await writeState(paths, state);
  return state;
}

function firstState({ options, network, machine, nodes, choice }: Creation, apiPort: number): ClusterState {
  return {
    version: 1,
    name: options.name,
    nodes: nodes.length,
    network,
    cgroups: { version: machine.cgroups.version, groups: [...machine.cgroups.groups] },
    snapshotter: machine.snapshotter,
    apiPort,
    kubernetes: (choice.release ?? NEWEST_RELEASE).version,
    createdAt: options.clock.now(),
    complete: false,
  };
}

/** Starts the first node, which starts the others; then what needs no API server on each. Answers the new record. */
async function startNodes(
  material: NodeMaterial,
  state: ClusterState,
  listener: Server,
): Promise<ClusterState> {
  const { options, paths, nodes } = material;
  const { env, clock, signal } = options;
  const made = nodes.map((node) => nodeOptions(material, node));
  for (const each of made) await prepareNode(each);
  const [first] = made;
  if (first === undefined) throw new RangeError('a cluster has at least one node');
  const path = env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  const started = { ...state, ...(await startNode(first, { listener, path, clock, signal })) };
  await writeState(paths, started);
  for (const service of FIRST_SERVICES) await startService(paths, service);
  for (const { number } of workersOf(nodes)) await startService(paths, workerName(number));
  for (const { number } of workersOf(nodes)) {
    const worker = nodePaths(paths, number);
    if (!(await workerReady(worker, { clock, signal }))) throw await serviceFailed(paths, workerName(number));
    await startService(worker, 'containerd');
  }
  return started;
}

const workersOf = (nodes: readonly NodePlan[]): readonly NodePlan[] =>
  nodes.filter(({ number }) => number > 1);

function adminKubeconfig(name: string, apiPort: number, certificates: ClusterCertificates): string {
  return kubeconfigText({
    server: `https://127.0.0.1:${apiPort}`,
    ca: certificates.authority.cert,
    user: certificates.users.admin,
    name: name === 'tenantry' ? name : `tenantry-${name}`,
  });
}

async function startControlPlane(
  client: Client,
  { options, paths, network, nodes }: Creation,
  certificates: ClusterCertificates,
): Promise<void> {
  const { progress } = options;
  await progress.step('API server ready', async () => {
    if (!(await untilReady(client, options))) throw await serviceFailed(paths, 'kube-apiserver');
  });
  // Before anything gives out addresses: each node's are in the files that it was made from.
  for (const node of nodes) await client.apply(NODE, nodeObject(node), { signal: options.signal });
  for (const service of SERVICES) if (!FIRST_SERVICES.includes(service)) await startService(paths, service);
  for (const { number } of workersOf(nodes))
    for (const service of WORKER_SERVICES)
      if (!FIRST_SERVICES.includes(service)) await startService(nodePaths(paths, number), service);
  await progress.step('add-ons', async (note) => {
    const all = addons({
      network,
      images: SYSTEM_IMAGES,
      ca: certificates.authority.cert,
      metricsServer: certificates.metricsServer,
    });
    // Objects name each other but none needs another to exist: all at once, some at a time.
    await mapLimit(all, 8, ({ kind, object }) => client.apply(kind, object, { signal: options.signal }));
    note(`${all.length} objects`);
  });
}

async function nodesReady(client: Client, { options, paths, nodes }: Creation): Promise<void> {
  const { clock, signal, progress } = options;
  for (const { name, number } of nodes)
    await progress.step(`node ${name} Ready`, async () => {
      const ready = await waitUntil(
        async () => {
          const node = await client.find(NODE, { name }, { signal });
          const conditions = node?.status?.conditions ?? [];
          return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
            ? true
            : undefined;
        },
        { clock, within: NODE_WITHIN_MS, every: LOOK_MS, signal },
      );
      if (ready === undefined) throw await serviceFailed(nodePaths(paths, number), 'kubelet');
    });
}

function systemArchives({ options, tools }: Creation): Promise<readonly string[]> {
  const cache = join(options.cacheHome, 'tenantry', 'images');
  const architecture = options.platform.split('-')[1] ?? '';
  const all = [SYSTEM_IMAGES.pause, SYSTEM_IMAGES.coredns, SYSTEM_IMAGES.metricsServer];
  return Promise.all(all.map((image) => systemImageArchive(image, tools, cache, architecture)));
}

async function importSystemImages(
  { options, paths, machine, network, nodes }: Creation,
  archives: Promise<readonly string[]>,
): Promise<void> {
  const { run, signal } = options;
  await options.progress.step('system images', async (note) => {
    const files = await archives;
    const importAll = async ({ number }: NodePlan): Promise<ImageStore> => {
      const node = nodePaths(paths, number);
      await containerdAnswers(node, options);
      const store = {
        node,
        registry: registryUrl(network),
        run,
        snapshotter: machine.snapshotter,
      };
      for (const file of files) await importArchive(store, file, signal);
      return store;
    };
    await publishImages(await Promise.all(nodes.map(importAll)));
    note(`${files.length} images`);
  });
}

async function containerdAnswers(node: NodePaths, { clock, run, signal }: ClusterOptions): Promise<void> {
  const args = ['--address', node.containerdSocket, 'version'];
  const answered = await waitUntil(
    async () => ((await run('ctr', args, { signal })).code === 0 ? true : undefined),
    { clock, within: CONTAINERD_WITHIN_MS, every: LOOK_MS, signal },
  );
  if (answered === undefined) throw await serviceFailed(node, 'containerd');
}

/** A node as the API knows it before its kubelet does. */
function nodeObject(node: NodePlan): Node {
  const podCIDRs = places(node).map(({ pods }) => pods);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name },
    spec: { podCIDR: node.v4.pods, podCIDRs },
  };
}

async function adminClient(paths: ClusterPaths, options: ClusterOptions): Promise<Client> {
  const access = accessOf(await readFile(paths.kubeconfig, 'utf8'));
  return createClient(access, { clock: options.clock, userAgent: 'tenantry-cluster' });
}

/** Whether the API server says it is ready, within the time a start takes. */
async function untilReady(client: Client, { clock, signal }: ClusterOptions): Promise<boolean> {
  const ready = await waitUntil(
    async () =>
      client.raw({ method: 'GET', path: '/readyz', timeoutMs: 2_000, signal }).then(
        ({ status }) => (status === 200 ? true : undefined),
        () => undefined,
      ),
    { clock, within: API_WITHIN_MS, every: LOOK_MS, signal },
  );
  return ready === true;
}

async function serviceFailed(paths: NodePaths, service: string): Promise<LocalError> {
  const log = join(paths.log, `${service}.log`);
  return serviceFailure(service, log, await readFile(log, 'utf8').catch(() => ''));
}
