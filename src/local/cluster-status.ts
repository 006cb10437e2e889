import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createClient } from '../client/http-client.ts';
import { NODE } from '../kube/builtin-kinds.ts';
import { cgroupProcesses } from './cgroup.ts';
import { pathsOf, type ClusterOptions } from './cluster-options.ts';
import type { ClusterPaths } from './cluster-paths.ts';
import { readState, type ClusterState } from './cluster-state.ts';
import { listImages, type ImageStore } from './containerd-images.ts';
import { LocalError } from './local-error.ts';
import { isRunning } from './node.ts';
import { accessOf } from './own-kubeconfig.ts';
import { lastLines } from './run.ts';
import { SERVICES, serviceCommands, type ServiceName } from './services.ts';

/** What a cluster is like now. */
export interface ClusterStatus {
  readonly name: string;
  /** `absent`: nothing is there. `broken`: something is, but not a running cluster. */
  readonly condition: 'absent' | 'broken' | 'running';
  readonly kubeconfig: string;
  readonly version?: string;
  readonly nodes: readonly { readonly name: string; readonly ready: boolean }[];
  readonly services: readonly { readonly name: ServiceName; readonly running: boolean }[];
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
  const [server, services, images] = await Promise.all([
    askServer(paths, options),
    runningServices(state, options),
    listImages(imageStore(paths, state, options)),
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

/** A service runs when the cluster has a process of its program and its last word: both, since programs share words. */
async function runningServices(
  state: ClusterState,
  options: ClusterOptions,
): Promise<ClusterStatus['services']> {
  const folders = state.cgroups.groups.map((group) => group.folder);
  const pids = [...(await cgroupProcesses(folders))];
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  const lines = texts.map((text) => text.split('\0'));
  const { nodeName, network } = state;
  const commands = serviceCommands({ nodeName, network, tools: new Map(), self: options.self });
  return SERVICES.map((name) => {
    const command = commands[name];
    const isIts = (line: readonly string[]): boolean =>
      basename(line[0] ?? '') === basename(command[0] ?? '') && line.includes(command.at(-1) ?? '');
    return { name, running: lines.some(isIts) };
  });
}

/** A cluster's image store as commands on the machine reach it. */
export function imageStore(
  paths: ClusterPaths,
  state: ClusterState,
  { run }: Pick<ClusterOptions, 'run'>,
): ImageStore {
  return { socket: paths.containerdSocket, run, snapshotter: state.snapshotter };
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

/** The last lines that a service wrote. Throws LocalError for a name that is no service. */
export async function serviceLog(options: ClusterOptions, service: string, lines: number): Promise<string> {
  const names = ['init', ...SERVICES];
  if (!names.includes(service))
    throw new LocalError(`there is no service called ${service}`, `There are: ${names.join(', ')}.`);
  const { log } = pathsOf(options);
  const text = await readFile(join(log, `${service}.log`), 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new LocalError(`${service} has written nothing`, 'See `tenantry cluster status` for what runs.');
  return lastLines(text, lines);
}
