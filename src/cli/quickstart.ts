import { Command, Option } from 'commander';
import type { KubernetesRelease } from '../local/kubernetes-release.ts';
import { WrongOption } from '../lib/wrong-option.ts';
import type { CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { kubernetesVersion } from './kubernetes-version-option.ts';
import { DEFAULT_CLUSTER } from './local-options.ts';
import { splitImage } from './option-checks.ts';
import type { LocalFlags } from './quickstart-site.ts';

/** Where the quickstart installs; the same as `tenantry install`. */
const NAMESPACE = 'tenantry-system';

interface QuickstartFlags {
  readonly cluster: 'local' | 'existing';
  readonly image?: string;
  readonly imageRegistry?: string;
  readonly name?: string;
  readonly subnet?: string;
  readonly kubernetesVersion?: KubernetesRelease;
  readonly kubeconfig?: string;
  readonly down?: boolean;
}

/** `tenantry quickstart`: WordPress as a service with two customers, on a real cluster, shown by doing it. */
export function quickstartCommand(io: CliIo): Command {
  return new Command('quickstart')
    .description('Offer WordPress as a service to two customers, and show that they are isolated')
    .addOption(
      new Option('--cluster <which>', 'a cluster on this machine, or the current kubeconfig’s')
        .choices(['local', 'existing'])
        .default('local'),
    )
    .option('--image <reference>', 'pushed image of the operator (with --cluster existing)')
    .option(
      '--image-registry <prefix>',
      'registry with copies of the charts’ images (with --cluster existing)',
    )
    .option('--name <name>', `name of the local cluster (default: ${DEFAULT_CLUSTER})`)
    .option('--subnet <cidr>', 'addresses of the local cluster’s nodes, a /24')
    .addOption(kubernetesVersion())
    .option('-k, --kubeconfig <file>', 'kubeconfig to use (with --cluster existing)')
    .option('--down', 'give everything back')
    .action(async (flags: QuickstartFlags) => {
      checkFlags(flags);
      const started = io.clock.monotonic();
      await (flags.down === true ? bringDown(io, flags) : bringUp(io, flags));
      io.out(
        `\n${flags.down === true ? 'Everything was given back' : 'The main job works'}, after ${((io.clock.monotonic() - started) / 1000).toFixed(0)} s.\n`,
      );
    });
}

/** What only means something on one of the two kinds of cluster; given with the other it would be overlooked. */
const ONLY_FOR = {
  local: ['name', 'subnet', 'kubernetesVersion'],
  existing: ['image', 'imageRegistry', 'kubeconfig'],
} as const satisfies Record<QuickstartFlags['cluster'], readonly (keyof QuickstartFlags)[]>;

function checkFlags(flags: QuickstartFlags): void {
  const other = flags.cluster === 'local' ? 'existing' : 'local';
  const misplaced = ONLY_FOR[other].find((flag) => flags[flag] !== undefined);
  if (misplaced !== undefined) {
    const option = `--${misplaced.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new WrongOption(
      `${option} means nothing with --cluster ${flags.cluster}`,
      `Leave it out, or use --cluster ${other}.`,
    );
  }
  if (flags.cluster === 'existing' && flags.image === undefined && flags.down !== true)
    throw new WrongOption(
      '--cluster existing needs --image',
      'Build the image (Containerfile), push it to a registry the cluster reaches, and name it: --image registry.example.com/tenantry:0.1.0.',
    );
  if (flags.image !== undefined) splitImage(flags.image);
}

async function bringUp(io: CliIo, flags: QuickstartFlags): Promise<void> {
  const [{ provideLocalSite, existingSite }, { runMainJob }] = await Promise.all([
    import('./quickstart-site.ts'),
    import('./quickstart-main-job.ts'),
  ]);
  const site =
    flags.cluster === 'existing' ? existingSite(flags) : await provideLocalSite(io, localFlags(flags));
  await withClient(io, { kubeconfig: site.kubeconfig }, (connection) =>
    runMainJob(io, connection, { ...site, namespace: NAMESPACE }),
  );
}

const localFlags = ({ name = DEFAULT_CLUSTER, subnet, kubernetesVersion }: QuickstartFlags): LocalFlags => ({
  name,
  ...(subnet === undefined ? {} : { subnet }),
  ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
});

async function bringDown(io: CliIo, flags: QuickstartFlags): Promise<void> {
  if (flags.cluster === 'local') {
    const { downLocalSite } = await import('./quickstart-site.ts');
    await downLocalSite(io, localFlags(flags));
    return;
  }
  const { uninstallOperator } = await import('../features/installation/uninstall.ts');
  await withClient(io, flags, ({ client, discovery }) =>
    uninstallOperator({
      client,
      discovery,
      clock: io.clock,
      progress: io.progress,
      signal: io.signal,
      release: { name: 'tenantry', namespace: NAMESPACE },
      instances: 'delete',
      timeoutMs: 600_000,
    }),
  );
}
