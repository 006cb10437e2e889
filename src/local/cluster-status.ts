import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createClient } from '../client/http-client.ts';
import { NODE } from '../kube/builtin-kinds.ts';
import { cgroupProcesses } from './cgroup.ts';
import { pathsOf, type ClusterOptions } from './cluster-options.ts';
import { nodePaths, workerName, type ClusterPaths } from './cluster-paths.ts';
import { readState, type ClusterState } from './cluster-state.ts';
import { listImages, type ImageStore } from './containerd-images.ts';
import { registryUrl } from './image-registry.ts';
import { LocalError } from './local-error.ts';
import { planNodes, type NodePlan } from './network-plan.ts';
import { isRunning } from './node.ts';
import { accessOf } from './own-kubeconfig.ts';
import { lastLines } from './run.ts';
import { SERVICES, WORKER_SERVICES, serviceCommands, type ServiceName } from './services.ts';

/** What a cluster is like now. */
export interface ClusterStatus {
  readonly name: string;
  /** `absent`: nothing is there. `broken`: something is, but not a running cluster. */
  readonly condition: 'absent' | 'broken' | 'running';
  readonly kubeconfig: string;
  readonly version?: string;
  readonly nodes: readonly { readonly name: string; readonly ready: boolean }[];
  /** Those of a worker carry its name: `node-2/kubelet`. */
  readonly services: readonly { readonly name: string; readonly running: boolean }[];
  readonly images: readonly string[];
}

/** How long an answer may take before the API server counts as not there, in milliseconds. */
const ANSWER_MS = 3_000;

/** Looks at a cluster; changes nothing. */
export async function clusterStatus(options: ClusterOptions): Promise<ClusterStatus> {
  const paths = pathsOf(options);
  const nothing = { name: options.name, kubeconfig: paths.kubeconfig, nodes: [], services: [], images: [] };
  const state = await readState(paths);
  if (state === undefined) {
    const isThere = await stat(paths.home).then(
      () => true,
      () => false,
    );
    return { ...nothing, condition: isThere ? 'broken' : 'absent' };
  }
  if (!(await isRunning(state))) return { ...nothing, condition: 'broken' };
  const [first] = imageStores(paths, state, options);
  const [server, services, images] = await Promise.all([
    askServer(paths, options),
    runningServices(state, options),
    first === undefined ? new Map<string, string>() : listImages(first),
  ]);
  return {
    ...nothing,
    ...server,
    condition: state.complete && server !== undefined ? 'running' : 'broken',
    services,
    images: [...images.keys()].filter((name) => !name.includes('@') && !name.startsWith('sha256:')).sort(),
  };
}

async function askServer(
  paths: ClusterPaths,
  { clock, signal }: ClusterOptions,
): Promise<Pick<ClusterStatus, 'version' | 'nodes'> | undefined> {
  const client = createClient(accessOf(await readFile(paths.kubeconfig, 'utf8')), {
    clock,
    timeoutMs: ANSWER_MS,
  });
  try {
    const { text } = await client.raw({ method: 'GET', path: '/version', signal });
    // True by the API's contract for /version.
    const { gitVersion } = JSON.parse(text) as { gitVersion: string };
    const { items } = await client.list(NODE, { signal });
    const nodes = items.map(({ metadata, status }) => ({
      name: metadata.name,
      ready: (status?.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True'),
    }));
    return { version: gitVersion, nodes };
  } catch {
    return undefined;
  } finally {
    await client.close();
  }
}

/**
 * A service runs when its node has a process of its program and its last word: both, since programs share words. Nodes are told
 * apart by their cgroups: a worker's lie below the first node's.
 */
async function runningServices(
  state: ClusterState,
  options: ClusterOptions,
): Promise<ClusterStatus['services']> {
  const { network, cgroups, name: cluster } = state;
  const folders = cgroups.groups.map((group) => group.folder);
  const nodes = planNodes(network, cluster, state.nodes);
  const workers = await Promise.all(
    nodes
      .filter(({ number }) => number > 1)
      .map(({ number }) => cgroupProcesses(folders.map((folder) => join(folder, workerName(number))))),
  );
  const all = await cgroupProcesses(folders);
  const first = [...all].filter((pid) => !workers.some((pids) => pids.has(pid)));
  const found = await Promise.all(
    nodes.map(async (node, index) => {
      const lines = await commandLines(index === 0 ? first : [...(workers[index - 1] ?? [])]);
      const commands = serviceCommands({ node, network, tools: new Map(), self: options.self });
      return servicesOf(node).map(({ service, label }) => {
        const command = commands[service];
        const isIts = (line: readonly string[]): boolean =>
          basename(line[0] ?? '') === basename(command[0] ?? '') && line.includes(command.at(-1) ?? '');
        return { name: label, running: lines.some(isIts) };
      });
    }),
  );
  return found.flat();
}

async function commandLines(pids: readonly number[]): Promise<readonly (readonly string[])[]> {
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return texts.map((text) => text.split('\0'));
}

function servicesOf({
  number,
}: NodePlan): readonly { readonly service: ServiceName; readonly label: string }[] {
  return number === 1
    ? SERVICES.map((service) => ({ service, label: service }))
    : WORKER_SERVICES.map((service) => ({ service, label: `${workerName(number)}/${service}` }));
}

/** A cluster's image stores, one a node, as commands on the machine reach them. */
export function imageStores(
  paths: ClusterPaths,
  state: ClusterState,
  { run }: Pick<ClusterOptions, 'run'>,
): readonly ImageStore[] {
  return planNodes(state.network, state.name, state.nodes).map(({ number }) => ({
    node: nodePaths(paths, number),
    registry: registryUrl(state.network),
    run,
    snapshotter: state.snapshotter,
  }));
}

/** The record of a cluster that must be running. Throws LocalError otherwise. */
export async function requireRunning(
  options: ClusterOptions,
): Promise<{ paths: ClusterPaths; state: ClusterState }> {
  const paths = pathsOf(options);
  const state = await readState(paths);
  if (state !== undefined && (await isRunning(state))) return { paths, state };
  throw new LocalError(
    `there is no running cluster called ${options.name}`,
    `Start it: tenantry cluster up${options.name === 'tenantry' ? '' : ` --name ${options.name}`}`,
  );
}

/** The last lines that a service wrote; a worker's is called `node-2/kubelet`. Throws LocalError for a name that is no service. */
export async function serviceLog(options: ClusterOptions, service: string, lines: number): Promise<string> {
  const paths = pathsOf(options);
  const state = await readState(paths).catch(() => undefined);
  const workers = Array.from({ length: (state?.nodes ?? 1) - 1 }, (_, index) => workerName(index + 2));
  const names = [
    'init',
    ...SERVICES,
    ...workers.flatMap((worker) => [worker, ...WORKER_SERVICES.map((name) => `${worker}/${name}`)]),
  ];
  if (!names.includes(service))
    throw new LocalError(`there is no service called ${service}`, `There are: ${names.join(', ')}.`);
  const [node, name] = service.includes('/') ? service.split('/') : ['', service];
  const text = await readFile(join(paths.home, node ?? '', 'log', `${name}.log`), 'utf8').catch(
    () => undefined,
  );
  if (text === undefined)
    throw new LocalError(`${service} has written nothing`, 'See `tenantry cluster status` for what runs.');
  return lastLines(text, lines);
}
