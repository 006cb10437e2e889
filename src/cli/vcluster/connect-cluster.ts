import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { JsonObject } from '../../api/json-schema.ts';
import { parseKubeconfig } from '../../client/kubeconfig.ts';
import { toYaml } from '../../kube/yaml.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import { CommandEnd, UserError, type CliIo } from '../cli-io.ts';
import { editKubeconfig } from '../kflex/edit-kubeconfig.ts';
import { filesAround } from '../kflex/hosting-connection.ts';
import { currentContext, putEntry, useContext, type KubeFiles } from '../kflex/kube-files.ts';
import { wholeNumber } from '../option-checks.ts';
import { accountEntry } from './account-entry.ts';
import { contextNameOf } from './context-name.ts';
import { goSwitch, refuseFlags } from './go-flags.ts';
import { findCluster, placeOf, tellingBeside, withHost, type Host, type VclusterFlags } from './host.ts';
import { DEFAULT_WAIT_SECONDS, resume } from './pause-cluster.ts';
import { openWay, type Way, type WayFlags } from './open-way.ts';
import { kubeconfigOf, readTenantEntries, type TenantEntries } from './tenant-kubeconfig.ts';

/** What `connect` and `create` say of the kubeconfig that they make. */
export interface ConnectFlags extends VclusterFlags, WayFlags {
  readonly print: boolean;
  readonly updateCurrent: boolean;
  readonly kubeConfig: string;
  readonly kubeConfigContextName?: string;
  readonly serviceAccount?: string;
  readonly clusterRole?: string;
  readonly tokenExpiration?: number;
}

/** Where vcluster writes a kubeconfig of its own, in the current folder. */
export const KUBECONFIG_FILE = './kubeconfig.yaml';
/** A kubeconfig holds keys. */
const MODE = 0o600;

/** `vcluster connect`: a context that leads into a virtual cluster, in use, or a kubeconfig of its own, or a command run in there. */
export function connectCommand(io: CliIo): Command {
  const command = new Command('connect')
    .description('Connect to a virtual cluster')
    .argument('<name>', 'name of the virtual cluster')
    .argument('[command...]', 'behind --: run this with KUBECONFIG set, then disconnect')
    .addOption(goSwitch('--print', 'print the kubeconfig to stdout', false))
    .addOption(
      goSwitch(
        '--update-current',
        'write to the current kubeconfig and switch to it; false: write --kube-config',
        true,
      ),
    )
    .option('--kube-config <file>', 'where to write with --update-current=false', KUBECONFIG_FILE)
    .option(
      '--service-account <name>',
      'use a token of this account inside, as [NAMESPACE/]NAME (default namespace: kube-system)',
    )
    .option('--cluster-role <role>', 'make that account and bind it to this ClusterRole')
    .option('--token-expiration <seconds>', 'life of the token (default: a year)', wholeNumber);
  withWayFlags(command);
  return command.action(async (name: string, words: readonly string[], _flags: unknown, self: Command) => {
    const flags = self.optsWithGlobals<ConnectFlags>();
    checkFlags(flags);
    await withHost(io, flags, (host) => connectTo(io, host, { name, words }, flags));
  });
}

/** The flags of how a virtual cluster is reached, and what the context is called. */
export function withWayFlags(command: Command): Command {
  command
    .option('--server <url>', 'address to use; something of yours leads from there to its API server')
    .option('--local-port <port>', 'port of this machine to forward (default: a free one)', wholeNumber)
    .option('--address <address>', 'address of this machine to listen at (default: 127.0.0.1)')
    .option('--pod <name>', 'pod of its API server to forward to (default: one that is ready)')
    .option('--kube-config-context-name <name>', 'name of the context')
    .addOption(goSwitch('--insecure', 'do not check its certificate', false))
    .addOption(goSwitch('--background-proxy', 'forward in the background and return', false));
  return refuseFlags(command, {
    'background-proxy-image': 'the forward is a process, not a container',
    project: 'there is no platform',
  });
}

function checkFlags({ clusterRole, tokenExpiration, serviceAccount }: ConnectFlags): void {
  const alone =
    clusterRole !== undefined ? 'cluster-role' : tokenExpiration !== undefined ? 'token-expiration' : '';
  if (serviceAccount === undefined && alone !== '')
    throw new WrongOption(
      `--${alone} means nothing without --service-account`,
      'Name the account: --service-account NAME.',
    );
}

/** What is connected to, and what is run there. */
interface Target {
  readonly name: string;
  readonly words: readonly string[];
}

/** Connects; with a forward in the foreground it ends when it is told to. */
export async function connectTo(
  io: CliIo,
  host: Host,
  { name, words }: Target,
  flags: ConnectFlags,
): Promise<void> {
  const told = tellingBeside(io, flags);
  const found = await findCluster(host, name, flags);
  const cluster = await resume(told, host, found, DEFAULT_WAIT_SECONDS);
  const place = placeOf(cluster);
  const context = flags.kubeConfigContextName ?? contextNameOf({ ...place, parent: host.context });
  const entries = await readTenantEntries(host, cluster);
  const way = await openWay(told, { host, cluster, context, entry: entries.cluster }, flags);
  try {
    const user =
      flags.serviceAccount === undefined
        ? entries.user
        : await tokenOf(way, { ...flags, serviceAccount: flags.serviceAccount });
    const result = { cluster: way.cluster, user };
    if (words.length > 0) await runIn(told, words, kubeconfigOf(context, result));
    else await handOut(told, { context, way, entries: result, before: host.context }, flags);
  } finally {
    way.close();
  }
}

async function tokenOf(way: Way, choice: Parameters<typeof accountEntry>[1]): Promise<JsonObject> {
  const client = await way.client();
  try {
    return await accountEntry(client, choice);
  } finally {
    await client.close();
  }
}

interface HandedOut {
  readonly context: string;
  readonly way: Way;
  readonly entries: TenantEntries;
  /** The host's context. */
  readonly before: string;
}

async function handOut(
  io: CliIo,
  { context, way, entries, before }: HandedOut,
  flags: ConnectFlags,
): Promise<void> {
  const { kubeconfig } = flags;
  const document = kubeconfigOf(context, entries);
  const updates = !flags.print && flags.updateCurrent;
  if (flags.print) io.out(toYaml(document));
  else if (updates) {
    await editKubeconfig({ kubeconfig }, filesAround(io), (files) => withContext(files, context, entries));
    io.out(`Switched active kube context to ${context}\n`);
  } else {
    const file = resolve(io.cwd, flags.kubeConfig);
    // For its complaints, should this ever not be one.
    parseKubeconfig(toYaml(document), file);
    await writeFile(file, toYaml(document), { mode: MODE });
    io.out(`Virtual cluster kube config written to: ${flags.kubeConfig}\n`);
  }
  if (!way.needsUs) return;
  io.err(
    'The port is forwarded by this program: leave it running, or use --background-proxy. Ctrl-C ends it.\n',
  );
  await new Promise<void>((done) => {
    if (io.signal.aborted) done();
    io.signal.addEventListener('abort', () => done(), { once: true });
  });
  if (!updates) return;
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) =>
    currentContext(files) === context ? useContext(files, before) : files,
  );
  io.err(`Switched back to context ${before}\n`);
}

/** With the context in use. Where it stands already it is replaced: its name is ours. */
export function withContext(files: KubeFiles, context: string, { cluster, user }: TenantEntries): KubeFiles {
  const withCluster = putEntry(files, 'clusters', context, cluster);
  const withUser = putEntry(withCluster, 'users', context, user);
  return useContext(putEntry(withUser, 'contexts', context, { cluster: context, user: context }), context);
}

/** Runs a command with a kubeconfig of its own. Throws CommandEnd with the code that it ended with. */
async function runIn(
  io: CliIo,
  [program = '', ...args]: readonly string[],
  document: JsonObject,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vcluster-'));
  try {
    const file = join(folder, 'kubeconfig.yaml');
    await writeFile(file, toYaml(document), { mode: MODE });
    const child = spawn(program, args, {
      stdio: 'inherit',
      cwd: io.cwd,
      env: { ...io.env, KUBECONFIG: file },
    });
    const code = await new Promise<number>((done, failed) => {
      child.on('error', (error) => {
        failed(
          new UserError(`${program} can't be run: ${error.message}`, 'Check the name, and PATH.', {
            cause: error,
          }),
        );
      });
      // As shells count what a signal ended.
      child.on('close', (status, signal) =>
        done(signal === null ? (status ?? 1) : 128 + constants.signals[signal]),
      );
    });
    if (code !== 0) throw new CommandEnd(code);
  } finally {
    await rm(folder, { recursive: true });
  }
}
