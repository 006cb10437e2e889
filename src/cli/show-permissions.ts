import { Command } from 'commander';
import { fixedCredential } from '../client/access.ts';
import type { CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { formatTable } from './table.ts';

/** Long enough for one question. */
const LIFE_SECONDS = 600;

/** `kubectl show provider permissions <ns>`, `kubectl show consumer permissions <ns> <name>`: what an account may do there. */
export function showCommand(io: CliIo): Command {
  const provider = permissionsCommand().action((namespace: string, flags: ShowFlags) =>
    show(io, namespace, undefined, flags),
  );
  const consumer = permissionsCommand()
    .argument('<name>', 'name of the consumer')
    .action((namespace: string, name: string, flags: ShowFlags) => show(io, namespace, name, flags));
  return new Command('show')
    .description('Show what a provider or a consumer may do in a namespace')
    .addCommand(new Command('provider').description('Of a provider').addCommand(provider))
    .addCommand(new Command('consumer').description('Of a consumer').addCommand(consumer));
}

interface ShowFlags {
  readonly kubeconfig?: string;
}

function permissionsCommand(): Command {
  return new Command('permissions')
    .description('Rights in the account’s namespace and in the whole cluster')
    .argument('<namespace>', 'namespace of the account')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use');
}

/** Asks as the account itself, with a token for it: whoever looks needs no right to impersonate. */
async function show(
  io: CliIo,
  namespace: string,
  consumer: string | undefined,
  flags: ShowFlags,
): Promise<void> {
  const { accountOf } = await import('../features/access/account.ts');
  const { requireAccount } = await import('../features/access/change-rights.ts');
  const { requestToken } = await import('../features/access/issue-token.ts');
  const { reviewRules, rulesTable } = await import('../features/access/review-rules.ts');
  const { createClient } = await import('../client/http-client.ts');
  const account = accountOf(namespace, consumer);
  await withClient(io, flags, async ({ client, access }) => {
    await requireAccount(client, account);
    const { token } = await requestToken(client, account, LIFE_SECONDS);
    const { impersonate: _nobody, ...server } = access;
    const asAccount = createClient(
      { ...server, credentials: fixedCredential({ token }) },
      { clock: io.clock, userAgent: 'tenantry-cli' },
    );
    try {
      const { header, rows } = rulesTable(await reviewRules(asAccount, namespace));
      io.out(formatTable(header, rows));
    } finally {
      await asAccount.close();
    }
  });
}
