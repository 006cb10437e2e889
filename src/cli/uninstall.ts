import { Command, Option } from 'commander';
import { WrongOption } from '../lib/wrong-option.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';
import { DEFAULT_RELEASE } from './install.ts';
import { checkNamespace, checkRelease, secondsOf } from './option-checks.ts';

const DEFAULT_TIMEOUT_SECONDS = 600;

interface UninstallFlags {
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly name: string;
  readonly instances?: 'keep' | 'delete';
  readonly timeout: number;
}

/** `tenantry uninstall`: takes the operator away; asks what becomes of the instances, unless it is told. */
export function uninstallCommand(io: CliIo): Command {
  return new Command('uninstall')
    .description('Remove the operator; instances are kept or deleted, as you say')
    .option('-n, --namespace <namespace>', 'where the operator runs', checkNamespace, DEFAULT_NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .option('--name <release>', 'name of the Helm release', checkRelease, DEFAULT_RELEASE)
    .addOption(
      new Option(
        '--instances <what>',
        'what becomes of the instances: they go on running, or all goes',
      ).choices(['keep', 'delete']),
    )
    .option('--timeout <seconds>', 'how long deleting may take', secondsOf, DEFAULT_TIMEOUT_SECONDS)
    .action(async (flags: UninstallFlags) => {
      const instances = flags.instances ?? (await askAboutInstances(io));
      const timeoutMs = flags.timeout * 1000;
      const { uninstallOperator } = await import('../features/installation/uninstall.ts');
      await withClient(io, flags, ({ client, discovery }) =>
        uninstallOperator({
          client,
          discovery,
          clock: io.clock,
          progress: io.progress,
          signal: io.signal,
          release: { name: flags.name, namespace: flags.namespace },
          instances,
          timeoutMs,
        }),
      );
      io.out(
        instances === 'keep'
          ? 'The instances go on running; install again to manage them.\n'
          : 'Services and instances are deleted. The CRDs of Tenantry were kept.\n',
      );
    });
}

/** Asks at a terminal; elsewhere the answer must be given as a flag, since none of the two may happen by accident. */
async function askAboutInstances(io: CliIo): Promise<'keep' | 'delete'> {
  if (io.ask === undefined)
    throw new WrongOption(
      'what becomes of the instances was not said',
      'Add --instances keep or --instances delete.',
    );
  const answer = (
    await io.ask('Keep the instances running, or delete them with all their data? [keep/delete] ')
  ).trim();
  if (answer === 'keep' || answer === 'delete') return answer;
  throw new UserError(`"${answer}" is neither keep nor delete`, 'Nothing was done; run it again.');
}
