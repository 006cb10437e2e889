import { Command } from 'commander';
import type { CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';
import { readVersion } from './package-root.ts';

/** `tenantry version`: this program's version and, where a cluster answers, the cluster's and the operator's. */
export function versionCommand(io: CliIo): Command {
  return new Command('version')
    .description('Show the versions of this program, the cluster and the operator')
    .option('--client', 'this program only; no cluster is asked')
    .option('-n, --namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (options: { client?: boolean; namespace: string; kubeconfig?: string }) => {
      io.out(`tenantry    ${await readVersion()}\n`);
      if (options.client === true) return;
      await withClient(io, options, async ({ client }) => {
        // True by the API's contract for /version.
        const server = JSON.parse((await client.raw({ method: 'GET', path: '/version' })).text) as {
          gitVersion: string;
        };
        io.out(`kubernetes  ${server.gitVersion}\n`);
        const { DEPLOYMENT } = await import('../kube/builtin-kinds.ts');
        const { OPERATOR_SELECTOR } = await import('../features/installation/release-instances.ts');
        const { items } = await client.list(DEPLOYMENT, {
          namespace: options.namespace,
          labelSelector: OPERATOR_SELECTOR,
        });
        io.out(
          `operator    ${items[0]?.metadata.labels?.['app.kubernetes.io/version'] ?? 'not installed'}\n`,
        );
      });
    });
}
