import { Command } from 'commander';
import type { CliIo } from './cli-io.ts';
import { connect } from './connect.ts';

/** `tenantry release-instances`: what the chart's pre-delete hook runs before the operator goes. */
export function releaseInstancesCommand(io: CliIo): Command {
  return new Command('release-instances')
    .description('Make instances independent of the operator before it is removed (run by `helm delete`)')
    .requiredOption('-n, --namespace <namespace>', 'where the operator runs')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use; in a pod, the mounted account')
    .action(async (options: { namespace: string; kubeconfig?: string }) => {
      const { releaseInstances } = await import('../features/installation/release-instances.ts');
      const { client } = await connect(io, options);
      try {
        await releaseInstances({
          client,
          clock: io.clock,
          progress: io.progress,
          namespace: options.namespace,
          signal: io.signal,
        });
      } finally {
        await client.close();
      }
    });
}
