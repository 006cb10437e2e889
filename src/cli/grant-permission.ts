import { Command } from 'commander';
import { DEFAULT_SERVICE_GROUP } from '../api/names.ts';
import type { Reader } from '../client/client.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';

interface GrantFlags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly consumer?: string;
}

/** `kubectl grantpermission consumer <plural> <kubeconfig>`: a consumer may make instances of one more kind. */
export function grantPermissionCommand(io: CliIo): Command {
  return new Command('grantpermission').description('Grant rights on a kind').addCommand(consumerCommand(io));
}

function consumerCommand(io: CliIo): Command {
  return new Command('consumer')
    .description('Let a consumer create, change and delete instances of a kind, beside those granted before')
    .argument('<plural>', 'plural name of the kind, e.g. wordpressservices')
    .argument('[kubeconfig]', 'kubeconfig of the provider (the form of the kubectl plug-in)')
    .option('-k, --kubeconfig <file>', 'kubeconfig of the provider')
    .option('-n, --namespace <namespace>', 'namespace of the consumer (default: the context’s)')
    .option('-c, --consumer <name>', 'name of the consumer (default: kubeplus-saas-consumer)')
    .action((plural: string, kubeconfig: string | undefined, flags: GrantFlags) =>
      grant(io, plural, { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...flags }),
    );
}

async function grant(io: CliIo, plural: string, flags: GrantFlags): Promise<void> {
  const { accountOf, CONSUMER_ACCOUNT } = await import('../features/access/account.ts');
  const { accessObjects } = await import('../features/access/access-objects.ts');
  const { grantRules } = await import('../features/access/change-rights.ts');
  const { kindRules } = await import('../features/access/provider-rules.ts');
  const { writeAccess } = await import('../features/access/write-access.ts');
  await withClient(io, flags, async ({ client, namespace }) => {
    const account = accountOf(flags.namespace ?? namespace, flags.consumer ?? CONSUMER_ACCOUNT);
    const kind = await findKind(client, plural, namespace);
    await writeAccess(client, account, accessObjects(account, undefined), () => undefined);
    await grantRules(client, account, kindRules(kind.group, kind.plural));
  });
  io.out(`Consumer granted permission on ${plural}.\n`);
}

/** The service's kind of that plural, or `plural.group`; where providers share a plural, that of the own namespace's group, else KubePlus's. */
async function findKind(
  reader: Reader,
  plural: string,
  namespace: string,
): Promise<{ readonly group: string; readonly plural: string }> {
  const { listServiceKinds } = await import('../features/installation/service-kinds.ts');
  const kinds = await listServiceKinds(reader);
  const named = kinds.filter((kind) => kind.plural === plural || `${kind.plural}.${kind.group}` === plural);
  const own = named.filter(({ group }) => group === `${namespace}.${DEFAULT_SERVICE_GROUP}`);
  const shared = named.filter(({ group }) => group === DEFAULT_SERVICE_GROUP);
  const [found, ...others] = [own, shared, named].find((list) => list.length > 0) ?? [];
  if (found === undefined)
    throw new UserError(
      `no service has the kind ${plural}`,
      `There are: ${kinds.map((kind) => kind.plural).join(', ') || 'none yet'}.`,
    );
  if (others.length > 0)
    throw new UserError(
      `several providers have a kind ${plural}`,
      `Name one with its group: ${named.map((kind) => `${kind.plural}.${kind.group}`).join(', ')}.`,
    );
  return found;
}
