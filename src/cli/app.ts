import { Argument, Command, Option } from 'commander';
import { ACCOUNT_ANNOTATION } from '../api/names.ts';
import type { Client } from '../client/client.ts';
import type { ServedResource } from '../client/discovery-documents.ts';
import { unlessForbidden } from '../client/unless-forbidden.ts';
import type { Application, Release } from '../features/application/find-application.ts';
import { USAGE_FORMS, type UsageForm } from '../features/usage/usage-forms.ts';
import { INGRESS, NODE, POD, SERVICE } from '../kube/builtin-kinds.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { describeHidden } from './hidden-kinds.ts';

/** `tenantry app …`: questions about one instance; `kubectl appresources`, `appstatus`, `applogs`, `appurl` and `metrics` are these. */
export function appCommand(io: CliIo): Command {
  return new Command('app')
    .description('What an instance consists of, how it is, what it says, where it answers, what it uses')
    .addCommand(question(io, 'resources', 'List everything that was made for an instance', showResources))
    .addCommand(question(io, 'status', 'Show the release of an instance and its pods', showStatus))
    .addCommand(question(io, 'logs', 'Print the logs of all containers of an instance', showLogs))
    .addCommand(
      question(io, 'url', 'Print the addresses of an instance', showUrls).addOption(
        new Option('-o, --output <form>', 'a list in brackets, as in KubePlus, or one address a line')
          .choices(['list', 'plain'])
          .default('list'),
      ),
    )
    .addCommand(
      question(io, 'metrics', 'Show what an instance uses', showMetrics).addOption(
        new Option('-o, --output <form>', 'form of the figures')
          .choices(USAGE_FORMS)
          .argParser(usageForm)
          .default(USAGE_FORMS[0]),
      ),
    );
}

interface Flags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly output?: string;
}

/** An instance that was found, and what is needed to look further. */
interface Asked {
  readonly io: CliIo;
  readonly client: Client;
  readonly resources: readonly ServedResource[];
  readonly application: Application;
  /** As typed. */
  readonly words: { readonly kind: string; readonly name: string };
  readonly flags: Flags;
}

function question(
  io: CliIo,
  name: string,
  description: string,
  answer: (asked: Asked) => Promise<void>,
): Command {
  return new Command(name)
    .description(description)
    .argument('<kind>', 'kind of the service, e.g. WordpressService')
    .argument('<instance>', 'name of the instance')
    .addArgument(new Argument('[namespace]', 'namespace of the instance (default: wherever it is)'))
    .option('-n, --namespace <namespace>', 'the same')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (kind: string, instance: string, place: string | undefined, flags: Flags) => {
      const { findApplication } = await import('../features/application/find-application.ts');
      await withClient(io, flags, async ({ client, discovery, namespace }) => {
        const resources = await discovery.resources();
        const application = await findApplication(client, resources, {
          kind,
          name: instance,
          namespace: flags.namespace ?? place,
          contextNamespace: namespace,
        });
        await answer({ io, client, resources, application, words: { kind, name: instance }, flags });
      });
    });
}

/** Letters of a column, as KubePlus prints them. */
const RESOURCE_COLUMN = 25;
const STATUS_COLUMN = 55;

async function showResources({ io, client, resources, application, words }: Asked): Promise<void> {
  const { fixedTable, resourceRows } = await import('../features/application/resource-rows.ts');
  const { listNamespace } = await import('../client/list-namespace.ts');
  const { release } = application;
  const header = ['NAMESPACE', 'KIND', 'NAME'];
  const { objects, hidden } =
    release === undefined
      ? { objects: [], hidden: [] }
      : await listNamespace(client, resources, release.namespace);
  // KubePlus's lines have a space at the end.
  io.out(fixedTable(RESOURCE_COLUMN, [header, ...resourceRows(application, objects)], ' '));
  if (hidden.length > 0) io.err(`Not shown, for you may not list them: ${describeHidden(hidden)}\n`);
  if (release === undefined)
    throw new UserError(
      `No Helm release found for ${words.kind} resource ${words.name}`,
      'The instance was not installed yet: `kubectl describe` says why.',
    );
}

async function released(application: Application): Promise<Release> {
  const { releaseOrThrow } = await import('../features/application/find-application.ts');
  return releaseOrThrow(application);
}

async function showStatus({ io, client, application }: Asked): Promise<void> {
  const { fixedTable } = await import('../features/application/resource-rows.ts');
  const { statusRows } = await import('../features/application/status-rows.ts');
  const release = await released(application);
  const pods = await unlessForbidden(client.list(POD, { namespace: release.namespace }));
  const rows = statusRows(application.instance, release, pods?.items ?? []);
  io.out(fixedTable(STATUS_COLUMN, [['NAME', 'TYPE', 'NAMESPACE', 'STATUS'], ...rows]));
  if (pods === undefined) io.err('Not shown, for you may not list them: Pod\n');
  const { error } = application.instance.status ?? {};
  if (error !== undefined && error !== '') io.err(`${error}\n`);
}

async function showLogs({ io, client, application }: Asked): Promise<void> {
  const { printLogs } = await import('../features/application/read-logs.ts');
  await printLogs(client, (await released(application)).namespace, io.out);
}

async function showUrls({ io, client, application, flags }: Asked): Promise<void> {
  const { urlsOf } = await import('../features/instance/urls.ts');
  const { namespace } = await released(application);
  const [ingresses, services, nodes] = await Promise.all([
    unlessForbidden(client.list(INGRESS, { namespace })),
    unlessForbidden(client.list(SERVICE, { namespace })),
    unlessForbidden(client.list(NODE)),
  ]);
  const found = urlsOf(ingresses?.items ?? [], services?.items ?? [], nodes?.items ?? []);
  const { url } = application.instance.status ?? {};
  // Where the user may not look, the operator told one address.
  const urls = (found.length > 0 || url === undefined ? found : [url]).map((one) => one.replace(/\/$/, ''));
  const list = `[${urls.map((one) => `'${one}'`).join(', ')}]\n`;
  io.out(flags.output === 'plain' ? urls.map((one) => `${one}\n`).join('') : list);
}

/** KubePlus's words for a form that there is not. */
function usageForm(word: string): UsageForm {
  const form = USAGE_FORMS.find((one) => one === word);
  if (form !== undefined) return form;
  const forms = USAGE_FORMS.join(', ');
  throw new UserError(`Invalid output type ${word}. Valid options: ${forms}.`, 'Say one of these behind -o.');
}

async function showMetrics({ io, client, application, flags }: Asked): Promise<void> {
  const { collectUsage } = await import('../features/usage/collect-usage.ts');
  const { printUsage } = await import('../features/usage/print-usage.ts');
  const { instance } = application;
  const { namespace } = await released(application);
  const { usage, application: own, gaps } = await collectUsage(client, namespace);
  const measured = {
    kind: instance.kind,
    name: instance.metadata.name,
    account: instance.metadata.annotations?.[ACCOUNT_ANNOTATION] ?? '',
    usage,
    application: own,
    at: io.clock.now(),
  };
  io.out(printUsage(usageForm(flags.output ?? ''), measured));
  for (const gap of gaps) io.err(`${gap}\n`);
}
