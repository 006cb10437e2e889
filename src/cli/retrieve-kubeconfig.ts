import { Argument, Command } from 'commander';
import { accountKubeconfig, DEFAULT_LIFE, type KubeconfigFlags } from './account-kubeconfig.ts';
import type { CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';

interface RetrieveFlags extends KubeconfigFlags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly consumer?: string;
}

/** `kubectl retrieve kubeconfig provider|consumer`: prints an account's kubeconfig, with a token that is made now. */
export function retrieveCommand(io: CliIo): Command {
  return new Command('retrieve')
    .description('Print what a provider or a consumer works with')
    .addCommand(kubeconfigCommand(io));
}

function kubeconfigCommand(io: CliIo): Command {
  return new Command('kubeconfig')
    .description('Print the kubeconfig of a provider or a consumer')
    .addArgument(new Argument('<who>', 'whose').choices(['provider', 'consumer']))
    .option('-s, --apiserverurl <url>', 'address of the API server in it (default: the one used now)')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .option('-n, --namespace <namespace>', 'namespace of the account (default: the context’s)')
    .option('-c, --consumer <name>', 'name of the consumer (default: kubeplus-saas-consumer)')
    .option('-x, --clustername <name>', 'name of the cluster and context in it')
    .option('--valid-for <time>', 'life of the token, e.g. 12h or 90d', DEFAULT_LIFE)
    .action((who: string, flags: RetrieveFlags) => retrieve(io, who, flags));
}

async function retrieve(io: CliIo, who: string, flags: RetrieveFlags): Promise<void> {
  const { accountOf, CONSUMER_ACCOUNT } = await import('../features/access/account.ts');
  const { requireAccount } = await import('../features/access/change-rights.ts');
  await withClient(io, flags, async (connection) => {
    const name = who === 'consumer' ? (flags.consumer ?? CONSUMER_ACCOUNT) : undefined;
    const account = accountOf(flags.namespace ?? connection.namespace, name);
    await requireAccount(connection.client, account);
    io.out((await accountKubeconfig(io, connection, account, flags)).document);
  });
}
