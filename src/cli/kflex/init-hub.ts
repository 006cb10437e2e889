import { Command } from 'commander';
import { UserError, type CliIo } from '../cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from '../connect.ts';
import { DEFAULT_RELEASE, imageValues, installInto } from '../install.ts';
import { secondsOf } from '../option-checks.ts';
import { setHosting, textOf } from './contexts.ts';
import { DEFAULT_WAIT_SECONDS } from './create-plane.ts';
import { editKubeconfig, readKubeFiles } from './edit-kubeconfig.ts';
import { filesAround, tellingBeside, type KflexFlags } from './hosting-connection.ts';
import { currentContext, findEntry, putEntry, useContext, type KubeFiles } from './kube-files.ts';

interface InitFlags extends KflexFlags {
  readonly createKind?: boolean;
  readonly image?: string;
  readonly subnet?: string;
  readonly timeout: number;
}

/** `kflex init`: the operator in the current context's cluster, or in a new one on this machine, which is the hosting cluster then. */
export function initCommand(io: CliIo): Command {
  return new Command('init')
    .description('Install the operator and make this the hosting cluster')
    .argument('[cluster-name]', 'name of the local cluster (with --create-kind)', 'kubeflex')
    .option(
      '-c, --create-kind',
      'bring up a cluster on this machine first; neither kind nor Docker is needed',
    )
    .option('--subnet <cidr>', 'addresses of its nodes, a /24 (with --create-kind)')
    .option('--image <reference>', 'pushed image of the operator (without --create-kind)')
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS)
    .action(async (cluster: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<InitFlags>();
      await init(tellingBeside(io, flags), cluster, flags);
    });
}

async function init(io: CliIo, cluster: string, flags: InitFlags): Promise<void> {
  const { kubeconfig } = flags;
  const local = flags.createKind === true ? await bringUp(io, cluster, flags) : undefined;
  const before = await readKubeFiles({ kubeconfig }, filesAround(io));
  const context = local?.context ?? currentContext(before);
  if (context === '')
    throw new UserError(
      'no context is in use, so there is no cluster to install into',
      'Choose one with `kubectl config use-context`, or give --create-kind.',
    );
  const values =
    local?.values ?? (flags.image === undefined ? {} : { image: imageValues(undefined, flags.image) });
  await withClient(io, { kubeconfig, context }, (connection) =>
    installInto(io, connection, {
      namespace: DEFAULT_NAMESPACE,
      name: DEFAULT_RELEASE,
      values,
      keepValues: true,
      wait: true,
      timeout: flags.timeout,
    }),
  );
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) =>
    setHosting(files, context, io.clock.now()),
  );
  io.out(`The hosting cluster is that of context "${context}". Next: \`kflex create cp1\`.\n`);
}

/** A local cluster with the operator's image in it, and its context in the kubeconfig, in use. */
async function bringUp(
  io: CliIo,
  name: string,
  { kubeconfig, subnet }: InitFlags,
): Promise<{ readonly context: string; readonly values: Parameters<typeof installInto>[2]['values'] }> {
  const { provideLocalSite } = await import('../quickstart-site.ts');
  const site = await provideLocalSite(io, { name, ...(subnet === undefined ? {} : { subnet }) });
  const own = await readKubeFiles({ kubeconfig: site.kubeconfig }, filesAround(io));
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) =>
    useContext(withCluster(files, own, name), name),
  );
  return { context: name, values: site.values };
}

/** With the one context of another kubeconfig, its cluster and its user, under one name. */
function withCluster(files: KubeFiles, own: KubeFiles, name: string): KubeFiles {
  const context = findEntry(own, 'contexts', currentContext(own)) ?? {};
  const parts = { clusters: context['cluster'], users: context['user'] } as const;
  const withCluster = putEntry(
    files,
    'clusters',
    name,
    findEntry(own, 'clusters', textOf(parts.clusters)) ?? {},
  );
  const withUser = putEntry(withCluster, 'users', name, findEntry(own, 'users', textOf(parts.users)) ?? {});
  return putEntry(withUser, 'contexts', name, { ...context, cluster: name, user: name });
}
