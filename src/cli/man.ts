import { Command } from 'commander';
import type { CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';

/** `tenantry man`, also `kubectl man`: a sample object of a service, made of its chart's values file. */
export function manCommand(io: CliIo): Command {
  return new Command('man')
    .description('Print a sample object of a service, with every field and its comment')
    .argument('<kind>', 'kind of the service, e.g. WordpressService')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (word: string, flags: { readonly kubeconfig?: string }) => {
      const { serviceKindsCalled } = await import('../features/application/find-application.ts');
      const { readUsage } = await import('../features/application/read-usage.ts');
      await withClient(io, flags, async ({ client, discovery, namespace }) => {
        const [kind] = serviceKindsCalled(await discovery.resources(), word);
        if (kind === undefined) return; // never: an unknown kind was thrown
        const text = await readUsage(client, kind, [namespace, DEFAULT_NAMESPACE]);
        io.out(text.endsWith('\n') ? text : `${text}\n`);
      });
    });
}
