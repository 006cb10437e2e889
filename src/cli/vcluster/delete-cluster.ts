import { Command } from 'commander';
import { VIRTUAL_CLUSTER, type VirtualCluster } from '../../api/virtual-cluster.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { findCondition } from '../../kube/conditions.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { deleteContext } from '../kflex/contexts.ts';
import { editKubeconfig } from '../kflex/edit-kubeconfig.ts';
import { filesAround } from '../kflex/hosting-connection.ts';
import { currentContext, findEntry, useContext } from '../kflex/kube-files.ts';
import { secondsOf } from '../option-checks.ts';
import { endForward } from './background-forward.ts';
import { contextNameOf } from './context-name.ts';
import { goSwitch, refuseFlags } from './go-flags.ts';
import {
  findCluster,
  placeOf,
  searchCluster,
  tellingBeside,
  withHost,
  type Host,
  type VclusterFlags,
} from './host.ts';
import { CREATED_ANNOTATION } from './marks.ts';
import { DEFAULT_WAIT_SECONDS } from './pause-cluster.ts';

const LOOK_EVERY_MS = 500;

interface DeleteFlags extends VclusterFlags {
  readonly wait: boolean;
  readonly deleteContext: boolean;
  readonly deleteNamespace: boolean;
  readonly autoDeleteNamespace: boolean;
  readonly ignoreNotFound: boolean;
  readonly timeout: number;
}

/** `vcluster delete`: a virtual cluster and everything of it, and the context that leads there. */
export function deleteCommand(io: CliIo): Command {
  const command = new Command('delete')
    .alias('rm')
    .description('Delete a virtual cluster')
    .argument('<name>', 'name of the virtual cluster')
    .addOption(goSwitch('--wait', 'wait until it is gone', true))
    .addOption(goSwitch('--delete-context', 'remove the context that leads there', true))
    .addOption(goSwitch('--delete-namespace', 'delete its namespace, too', false))
    .addOption(goSwitch('--auto-delete-namespace', 'delete its namespace if `create` made it', true))
    .addOption(goSwitch('--ignore-not-found', 'do not fail if there is none', false))
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS)
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<DeleteFlags>();
      const told = tellingBeside(io, flags);
      await withHost(told, flags, (host) => remove(told, host, name, flags));
    });
  return refuseFlags(command, {
    'keep-pvc': 'the volume of its store goes with it',
    'delete-configmap': 'it has none',
    project: 'there is no platform',
  });
}

async function remove(io: CliIo, host: Host, name: string, flags: DeleteFlags): Promise<void> {
  const cluster = flags.ignoreNotFound
    ? await searchCluster(host, name, flags)
    : await findCluster(host, name, flags);
  if (cluster === undefined) {
    io.err(`there is no virtual cluster ${name}\n`);
    // One that somebody deleted otherwise leaves a context, and perhaps a forward.
    const { namespace } = flags;
    if (flags.deleteContext && namespace !== undefined)
      await forgetContext(io, host, { name, namespace }, flags);
    return;
  }
  const { client } = host;
  const place = placeOf(cluster);
  const { uid } = cluster.metadata;
  await client.delete(VIRTUAL_CLUSTER, place, uid === undefined ? {} : { uid });
  if (flags.deleteContext) await forgetContext(io, host, place, flags);
  // Its namespace must not go before it: what ends it works in there.
  const namespace = await namespaceToDelete(host, place.namespace, flags);
  if (flags.wait || namespace !== undefined)
    await io.progress.step(`virtual cluster ${name} goes`, () => waitGone(io, host, cluster, flags.timeout));
  io.out(`Successfully deleted virtual cluster ${name} in namespace ${place.namespace}\n`);
  if (namespace === undefined) return;
  await client.delete(NAMESPACE, { name: namespace });
  io.out(`Successfully deleted virtual cluster namespace ${namespace}\n`);
}

async function namespaceToDelete(
  { client }: Host,
  name: string,
  flags: DeleteFlags,
): Promise<string | undefined> {
  if (flags.deleteNamespace) return name;
  if (!flags.autoDeleteNamespace) return undefined;
  const namespace = await client.find(NAMESPACE, { name }).catch(() => undefined);
  return namespace?.metadata.annotations?.[CREATED_ANNOTATION] === undefined ? undefined : name;
}

async function forgetContext(
  io: CliIo,
  host: Host,
  place: ReturnType<typeof placeOf>,
  { kubeconfig }: VclusterFlags,
): Promise<void> {
  const context = contextNameOf({ ...place, parent: host.context });
  await endForward(io, context);
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) => {
    if (findEntry(files, 'contexts', context) === undefined) return files;
    const wasCurrent = currentContext(files) === context;
    const without = deleteContext(files, context, io.clock.now());
    return wasCurrent ? useContext(without, host.context) : without;
  });
}

async function waitGone(
  io: CliIo,
  { client }: Host,
  cluster: VirtualCluster,
  timeout: number,
): Promise<void> {
  const place = placeOf(cluster);
  let last: VirtualCluster | undefined = cluster;
  const isGone = async (): Promise<true | undefined> => {
    last = await client.find(VIRTUAL_CLUSTER, place);
    return last === undefined || last.metadata.uid !== cluster.metadata.uid ? true : undefined;
  };
  const within = timeout * 1000;
  const gone = await waitUntil(isGone, { clock: io.clock, within, every: LOOK_EVERY_MS, signal: io.signal });
  if (gone !== undefined) return;
  const said = findCondition(last?.status?.conditions, 'Ready')?.message ?? '';
  throw new UserError(
    `virtual cluster ${place.name} is not gone after ${timeout} s${said === '' ? '' : `: ${said}`}`,
    `\`kubectl describe virtualcluster ${place.name} -n ${place.namespace}\` says what it waits for.`,
  );
}
