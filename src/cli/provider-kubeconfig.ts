import { Argument, Command, Option } from 'commander';
import { LEVELS, type Level } from '../features/access/prepare-namespace.ts';
import { DEFAULT_LIFE, type KubeconfigFlags } from './account-kubeconfig.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';

/** What KubePlus's program does, by its names. */
const ACTIONS = ['create', 'delete', 'update', 'revoke', 'extract'] as const;
type Action = (typeof ACTIONS)[number];

/** KubePlus's flags, and ours. */
export interface ProviderFlags extends KubeconfigFlags {
  readonly kubeconfig?: string;
  readonly filename?: string;
  readonly permissionfile?: string;
  readonly consumer?: string;
  readonly podSecurity?: Level;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `tenantry provider-kubeconfig`, also `provider-kubeconfig` and `provider-kubeconfig.py`: the cluster owner's side of a provider. */
export function providerKubeconfigCommand(io: CliIo): Command {
  return new Command('provider-kubeconfig')
    .description('Make, renew, change or take away the kubeconfig of a provider or of a consumer')
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('<namespace>', 'namespace of the provider or consumer')
    .option('-k, --kubeconfig <file>', 'kubeconfig of the cluster’s owner')
    .option('-s, --apiserverurl <url>', 'address of the API server in the file (default: the one used now)')
    .option('-f, --filename <name>', 'name of the file, without .json (default: the account’s)')
    .option('-x, --clustername <name>', 'name of the cluster and context in the file')
    .option('-p, --permissionfile <file>', 'rights to add or to take away, JSON or YAML')
    .option('-c, --consumer <name>', 'the consumer of this name instead of the provider')
    .option('--valid-for <time>', 'life of the token, e.g. 12h or 90d; extract renews it', DEFAULT_LIFE)
    .option('--endless', 'a token that never expires, in a Secret, as KubePlus made it')
    .option('--insecure-skip-tls-verify', 'a file that does not verify the server, as KubePlus made it')
    .option(
      '--certificate-authority <file>',
      'authority of the server at --apiserverurl, if it is another one',
    )
    .addOption(
      new Option('--pod-security <level>', 'what pods may be in the provider’s namespace').choices(LEVELS),
    )
    .option('--dry-run', 'show the rights and grant nothing')
    .option('-y, --yes', 'do not ask')
    .action((action: Action, namespace: string, flags: ProviderFlags) => run(io, action, namespace, flags));
}

async function run(io: CliIo, action: Action, namespace: string, flags: ProviderFlags): Promise<void> {
  const takesFile = action === 'update' || action === 'revoke';
  if (!takesFile && flags.permissionfile !== undefined)
    throw new UserError(
      'Permissions file should be used with update or revoke command.',
      'Run create first, then update with the file.',
    );
  if (takesFile && flags.permissionfile === undefined)
    throw new UserError(
      'Permission file missing. Please provide -p/--permissionfile.',
      'The denial of a registration prints such a file.',
    );
  const { accountOf } = await import('../features/access/account.ts');
  const account = accountOf(namespace, flags.consumer);
  const { createAccount, deleteAccount, changeRights, extractFile } = await import('./provider-actions.ts');
  const work = {
    create: createAccount,
    delete: deleteAccount,
    extract: extractFile,
    update: changeRights,
    revoke: changeRights,
  };
  await withClient(io, flags, (connection) => work[action]({ io, connection, account, flags, action }));
}
