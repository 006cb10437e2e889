import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { installPolicyPlugin } from './agent/cni-plugin.ts';
import { createCgroups } from './cgroup.ts';
import type { NodePaths } from './cluster-paths.ts';
import { LocalError } from './local-error.ts';
import { POLICY_SOCKET, PTP_PLUGIN } from './node-config.ts';
import { descriptorOf } from './dial.ts';
import { enterScript, initScript, serviceScript, type NodeInit } from './node-init.ts';
import { identify, isAlive, type ProcessId } from './process-id.ts';
import { lastLines, type Run } from './run.ts';
import { waitUntil } from '../lib/wait-until.ts';

/** Everything a node is made from. */
export interface NodeOptions {
  readonly init: NodeInit;
  readonly paths: NodePaths;
  /** Empty folders below its own that its programs need. */
  readonly folders: readonly string[];
  /** Files below `etc/`, by relative name. */
  readonly files: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly run: Run;
}

/** What starting it takes. */
export interface StartOptions {
  /** Listens on the machine's side; the node inherits its socket. */
  readonly listener: Server;
  readonly path: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** A running node's two outermost processes. */
export interface NodeProcesses {
  readonly holder: ProcessId;
  readonly init: ProcessId;
}

/** Where Debian's package puts the CNI plug-ins. */
const CNI_PLUGINS = '/usr/lib/cni';
/** Mounts and addresses take about 50 ms; this is for a machine that is very busy. */
const READY_WITHIN_MS = 20_000;

/** Writes all files of a node into the cluster's folder; nothing runs yet. */
export async function prepareNode(options: NodeOptions): Promise<void> {
  const { paths, init } = options;
  const folders = ['log', 'run', 'var-lib/tenantry/volumes', 'var-log', 'cni-bin', ...options.folders];
  for (const folder of folders) await mkdir(join(paths.home, folder), { recursive: true });
  const scripts = {
    enter: enterScript(init),
    init: initScript(init),
    ...Object.fromEntries(
      Object.entries(options.services).map(([name, command]) => [`services/${name}`, serviceScript(command)]),
    ),
  };
  for (const [name, text] of Object.entries(options.files)) await put(join(paths.etc, name), text, 0o600);
  for (const [name, text] of Object.entries(scripts)) await put(join(paths.etc, name), text, 0o700);
  await installCniPlugins(join(paths.home, 'cni-bin'));
  const fifo = join(paths.run, 'start');
  const made = await options.run('mkfifo', ['-m', '600', fifo]);
  if (made.code !== 0)
    throw new LocalError(
      `${fifo} could not be made: ${made.stderr}`,
      'Run `tenantry cluster down` and try again.',
    );
}

/** Starts the first node and waits until its mounts and its network are there. Its services are started by `startService`. */
export async function startNode(
  { paths, init: { cgroups } }: NodeOptions,
  options: StartOptions,
): Promise<NodeProcesses> {
  const { clock, signal } = options;
  await createCgroups(cgroups);
  const log = await open(join(paths.log, 'init.log'), 'a');
  const child = spawn('/bin/bash', [join(paths.etc, 'enter')], {
    detached: true,
    cwd: '/',
    env: { PATH: options.path, HOME: '/root', LANG: 'C.UTF-8' },
    stdio: ['ignore', log.fd, log.fd, descriptorOf(options.listener)],
  });
  child.unref();
  // The child has its own descriptor of the socket. Were ours left open, we would take every second connection, and
  // nobody would answer it.
  options.listener.close();
  await log.close();
  const ready = await waitUntil(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) return 'ended' as const;
      return (await exists(join(paths.run, 'ready'))) ? ('ready' as const) : undefined;
    },
    { clock, within: READY_WITHIN_MS, every: 10, signal },
  );
  const holder = child.pid === undefined ? undefined : await identify(child.pid);
  const init = holder === undefined ? undefined : await firstChild(holder.pid);
  if (ready === 'ready' && holder !== undefined && init !== undefined) return { holder, init };
  const said = lastLines(await readFile(join(paths.log, 'init.log'), 'utf8').catch(() => ''), 5);
  throw new LocalError(
    `the node did not start: ${said || 'it said nothing'}`,
    'It needs rights to make namespaces and mounts: root, and in a container --privileged.',
  );
}

/** Waits until a worker's mounts and network are there: the first node starts it as one of its services. */
export async function workerReady(
  paths: NodePaths,
  { clock, signal }: Pick<StartOptions, 'clock' | 'signal'>,
): Promise<boolean> {
  const ready = await waitUntil(async () => ((await exists(join(paths.run, 'ready'))) ? true : undefined), {
    clock,
    within: READY_WITHIN_MS,
    every: 10,
    signal,
  });
  return ready === true;
}

/** Has the node start one of its services; it will be kept running from then on. */
export async function startService(paths: NodePaths, name: string): Promise<void> {
  // Without blocking: were the node gone, there would be nobody to open the other end.
  const pipe = await open(join(paths.run, 'start'), constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    await pipe.write(`${name}\n`);
  } finally {
    await pipe.close();
  }
}

/** Whether both outermost processes live. */
export async function isRunning(node: {
  holder?: ProcessId | undefined;
  init?: ProcessId | undefined;
}): Promise<boolean> {
  return (
    node.holder !== undefined &&
    node.init !== undefined &&
    (await isAlive(node.holder)) &&
    (await isAlive(node.init))
  );
}

async function installCniPlugins(folder: string): Promise<void> {
  for (const name of await readdir(CNI_PLUGINS)) await symlink(join(CNI_PLUGINS, name), join(folder, name));
  await put(join(folder, 'tenantry-ptp'), PTP_PLUGIN, 0o755);
  await installPolicyPlugin({ directory: folder, socketPath: POLICY_SOCKET });
}

async function firstChild(pid: number): Promise<ProcessId | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const child = Number(text.trim().split(' ')[0]);
  return child > 0 ? identify(child) : undefined;
}

async function put(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
