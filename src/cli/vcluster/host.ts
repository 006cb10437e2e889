import type { Command } from 'commander';
import { VIRTUAL_CLUSTER, type VirtualCluster } from '../../api/virtual-cluster.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { silentProgress } from '../../lib/progress.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { connect, type Connection } from '../connect.ts';
import { readKubeFiles } from '../kflex/edit-kubeconfig.ts';
import { filesAround } from '../kflex/hosting-connection.ts';
import { currentContext } from '../kflex/kube-files.ts';
import { terminalProgress } from '../terminal-progress.ts';
import { readContextName } from './context-name.ts';
import { goSwitch, refuseFlags } from './go-flags.ts';

/** Flags of every verb. */
export interface VclusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly silent: boolean;
}

/** The cluster that virtual clusters run on, as a command reaches it. */
export interface Host extends Connection {
  /** Its context; empty in a pod, where there is none. */
  readonly context: string;
}

/** The flags that every verb takes. */
export function withHostFlags(command: Command): Command {
  command
    .option(
      '-k, --kubeconfig <file>',
      'kubeconfig to use (default: those of KUBECONFIG, else ~/.kube/config)',
    )
    .option(
      '--context <name>',
      'context of the host cluster (default: the current one, or the one it was made from)',
    )
    .option('-n, --namespace <namespace>', 'namespace of the virtual cluster')
    .addOption(goSwitch('-s, --silent', 'do not tell on stderr what is being done', false));
  return refuseFlags(command, {
    config: 'nothing is kept in a file of its own',
    driver: 'there is one way to run virtual clusters',
    'log-output': 'results go to stdout, what is being done to stderr',
    debug: 'set TENANTRY_DEBUG=1 instead',
  });
}

/** The command's surroundings with its steps told beside the results, or not at all. */
export function tellingBeside(io: CliIo, { silent }: VclusterFlags): CliIo {
  return { ...io, progress: silent ? silentProgress : terminalProgress(io.err, io.clock, io.colors) };
}

/** Does something with the host cluster; from the context of a virtual cluster it is the one that was made from. */
export async function withHost<T>(
  io: CliIo,
  { kubeconfig, context }: VclusterFlags,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const current = context ?? currentContext(await readKubeFiles({ kubeconfig }, filesAround(io)));
  const name = readContextName(current)?.parent ?? current;
  const connection = await connect(io, { kubeconfig, context: name === '' ? undefined : name });
  try {
    return await work({ ...connection, context: name });
  } finally {
    await connection.client.close();
  }
}

/** The virtual clusters of a namespace, or of all that may be listed. */
export async function listClusters(
  { client, namespace }: Host,
  flags: VclusterFlags,
): Promise<readonly VirtualCluster[]> {
  if (flags.namespace !== undefined)
    return (await client.list(VIRTUAL_CLUSTER, { namespace: flags.namespace })).items;
  try {
    return (await client.list(VIRTUAL_CLUSTER)).items;
  } catch (error) {
    // Who may not look everywhere looks where the context says.
    if (!isKubeError(error, 'Forbidden')) throw error;
    return (await client.list(VIRTUAL_CLUSTER, { namespace })).items;
  }
}

/** The virtual cluster of that name, or undefined. Throws UserError where several have it. */
export async function searchCluster(
  host: Host,
  name: string,
  flags: VclusterFlags,
): Promise<VirtualCluster | undefined> {
  const found = (await listClusters(host, flags)).filter(({ metadata }) => metadata.name === name);
  if (found.length <= 1) return found[0];
  const namespaces = found.map(({ metadata }) => metadata.namespace).join(', ');
  throw new UserError(
    `there are several virtual clusters ${name}, in the namespaces ${namespaces}`,
    'Say which: --namespace NAMESPACE.',
  );
}

/** The virtual cluster of that name. Throws UserError where there is none, or several. */
export async function findCluster(host: Host, name: string, flags: VclusterFlags): Promise<VirtualCluster> {
  const cluster = await searchCluster(host, name, flags);
  if (cluster !== undefined) return cluster;
  const where = flags.namespace === undefined ? '' : ` in namespace ${flags.namespace}`;
  throw new UserError(
    `there is no virtual cluster ${name}${where}`,
    '`vcluster list` shows those that there are.',
  );
}

/** Where a virtual cluster is; namespaced objects that were read always say it. */
export function placeOf({ metadata }: VirtualCluster): { readonly namespace: string; readonly name: string } {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}
