import { Command } from 'commander';
import { UserError, type CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';
import { secondsOf } from './option-checks.ts';
import type { Asked } from './adopt/adopt-release.ts';

/** Seconds until an instance that took a release over must be ready: nothing of it starts anew. */
const DEFAULT_WAIT_SECONDS = 120;

interface Flags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly release?: string;
  readonly operatorNamespace: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly kubeplus?: true;
  readonly servicesOnly?: true;
  readonly timeout: number;
}

/** `tenantry adopt`: a Helm release that is there becomes an instance of a service, where it stands. */
export function adoptReleaseCommand(io: CliIo): Command {
  return new Command('adopt')
    .description('Take an existing Helm release over as an instance, without restarting what runs')
    .argument('[kind]', 'kind of the service, e.g. WordpressService')
    .argument('[release-namespace]', 'namespace that holds the release, and nothing else')
    .option('--release <name>', 'name of the release (default: the one that is there)')
    .option('--name <name>', "name of the instance (default: the namespace's)")
    .option('-n, --namespace <namespace>', 'namespace of the instance (default: where the operator runs)')
    .option('--kubeplus', 'take over the services and instances of KubePlus, which is uninstalled, in -n')
    .option('--services-only', 'with --kubeplus: take over the services, and no instance yet')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--undo', 'give a release back that was taken over: it runs on as one of Helm’s')
    .option('--operator-namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .option(
      '--timeout <seconds>',
      'how long to wait until the instance is ready',
      secondsOf,
      DEFAULT_WAIT_SECONDS,
    )
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (kind: string | undefined, from: string | undefined, flags: Flags) => {
      const namespace = flags.namespace ?? flags.operatorNamespace;
      if (flags.kubeplus === true) {
        if (
          kind !== undefined ||
          flags.undo === true ||
          flags.release !== undefined ||
          flags.name !== undefined
        )
          throw new UserError(
            '--kubeplus takes everything of one namespace over: kind, --release, --name and --undo say nothing there',
            'Say only -n, --services-only or --dry-run with it; --undo works with one instance.',
          );
        const { adoptKubePlus } = await import('./adopt/kubeplus.ts');
        return withClient(io, flags, (connection) => adoptKubePlus({ io, connection, namespace, flags }));
      }
      if (kind === undefined || from === undefined || flags.servicesOnly === true)
        throw new UserError(
          'it is not said what to take over',
          'Say kind and namespace: tenantry adopt <kind> <release-namespace>; or --kubeplus -n <namespace>.',
        );
      await adoptOne(io, kind, from, { ...flags, namespace });
    });
}

async function adoptOne(
  io: CliIo,
  word: string,
  from: string,
  flags: Flags & { readonly namespace: string },
): Promise<void> {
  const { serviceKindsCalled } = await import('../features/application/find-application.ts');
  await withClient(io, flags, async (connection) => {
    const [kind] = serviceKindsCalled(await connection.discovery.resources(), word);
    if (kind === undefined) throw new Error(`${word}: found and not found`);
    const ref = { namespace: flags.namespace, name: flags.name ?? from };
    const asked = { io, connection, kind, ref, from, flags };
    if (flags.undo === true) return undo(asked);
    const { adoptRelease } = await import('./adopt/adopt-release.ts');
    await adoptRelease(asked);
  });
}

async function undo({ io, connection, kind, ref, from }: Asked): Promise<void> {
  const { undoAdoption } = await import('./adopt/undo.ts');
  const instance = await connection.client.find(kind, ref);
  if (instance?.tenantry?.adopted?.namespace !== from)
    throw new UserError(
      `there is no ${kind.kind} ${ref.namespace}/${ref.name} that took over namespace ${from}`,
      `Look at \`kubectl get ${kind.plural} -A\`; --name and -n say which instance is meant.`,
    );
  await undoAdoption(connection.client, kind, instance);
  io.out(
    `Namespace ${from} is the instance's no more; release ${instance.tenantry.adopted.release} runs on there. \`helm\` goes on with it.\n`,
  );
}
