import { Command } from 'commander';
import type { Instance } from '../api/instance.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../api/resource-composition.ts';
import type { Reader } from '../client/client.ts';
import { findCondition } from '../kube/conditions.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { formatTable } from './table.ts';

/** `tenantry status`: what is offered and what runs, on one screen. */
export function statusCommand(io: CliIo): Command {
  return new Command('status')
    .description('Show the services and their instances')
    .option('-n, --namespace <namespace>', 'only those of this namespace (default: all)')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (options: { namespace?: string; kubeconfig?: string }) => {
      const { namespace } = options;
      await withClient(io, options, async ({ client }) => {
        const scope = namespace === undefined ? {} : { namespace };
        const compositions = await listCompositions(client, scope);
        io.out(formatTable(['SERVICE', 'NAMESPACE', 'KIND', 'CHART', 'READY'], compositions.map(serviceRow)));
        if (compositions.length === 0) {
          io.out('No services yet: create a ResourceComposition.\n');
          return;
        }
        const { listServiceKinds } = await import('../features/installation/service-kinds.ts');
        const kinds = await listServiceKinds(client);
        const lists = await Promise.all(kinds.map((kind) => client.list(kind, scope)));
        const rows = lists.flatMap(({ items }) => items.map(instanceRow));
        io.out('\n');
        io.out(formatTable(['INSTANCE', 'NAMESPACE', 'KIND', 'VERSION', 'READY', 'RUNS IN', 'URL'], rows));
      });
    });
}

async function listCompositions(
  client: Reader,
  scope: { readonly namespace?: string },
): Promise<readonly ResourceComposition[]> {
  try {
    return (await client.list(RESOURCE_COMPOSITION, scope)).items;
  } catch (error) {
    if (isKubeError(error, 'NotFound'))
      throw new UserError('Tenantry is not installed in this cluster', 'Run `tenantry install`.', {
        cause: error,
      });
    throw error;
  }
}

/** The condition's reason where it is not Ready: one word that says why. */
function readiness(conditions: Parameters<typeof findCondition>[0] | undefined): string {
  const ready = findCondition(conditions ?? [], 'Ready');
  if (ready === undefined) return 'Unknown';
  return ready.status === 'True' ? 'True' : ready.reason;
}

function serviceRow({ metadata, spec, status }: ResourceComposition): readonly string[] {
  const chart = status?.chart;
  return [
    metadata.name,
    metadata.namespace ?? '',
    spec?.newResource?.resource.kind ?? '',
    chart === undefined ? '' : `${chart.name}-${chart.version}`,
    readiness(status?.conditions),
  ];
}

function instanceRow({ kind, metadata, status }: Instance): readonly string[] {
  return [
    metadata.name,
    metadata.namespace ?? '',
    kind,
    status?.version ?? '',
    readiness(status?.conditions),
    status?.namespace ?? '',
    status?.url ?? '',
  ];
}
