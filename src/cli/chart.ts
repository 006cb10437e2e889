import { Command, Option } from 'commander';
import { resolve } from 'node:path';
import type { CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';

interface UploadFlags {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly plugin?: boolean;
}

/** `tenantry chart …`: charts kept in the cluster. */
export function chartCommand(io: CliIo): Command {
  return new Command('chart').description('Charts that services are made of').addCommand(uploadCommand(io));
}

const REPLACED =
  'It replaces another archive of this name. Services that run the other one keep it, until chartURL or chart.digest of their ResourceComposition changes: better give every chart a version of its own.\n';

/** `tenantry chart upload`, also `kubectl upload chart <tgz> <kubeconfig>` as KubePlus's users type it. */
function uploadCommand(io: CliIo): Command {
  return new Command('upload')
    .description('Keep a chart in the cluster, for compositions with chartURL file:///<name>')
    .argument('<chart>', 'chart archive (.tgz) or folder of a chart')
    .argument('[kubeconfig]', 'kubeconfig to use (the form of the kubectl plug-in)')
    .option(
      '-n, --namespace <namespace>',
      `where the operator runs (default: "${DEFAULT_NAMESPACE}"; as a plug-in the context's, if it is a provider's)`,
    )
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .addOption(new Option('--plugin').hideHelp())
    .action(async (path: string, positional: string | undefined, flags: UploadFlags) => {
      const { readChart } = await import('../features/installation/read-chart.ts');
      const { findUpload, saveUpload } = await import('../helm/chart-store.ts');
      const { isProviderNamespace } = await import('../features/installation/provider-namespace.ts');
      const chart = await readChart(resolve(io.cwd, path));
      const kubeconfig = flags.kubeconfig ?? positional;
      await withClient(io, kubeconfig === undefined ? {} : { kubeconfig }, async ({ client, namespace }) => {
        const ofContext = flags.plugin === true && (await isProviderNamespace(client, namespace));
        const target = flags.namespace ?? (ofContext ? namespace : DEFAULT_NAMESPACE);
        const before = await findUpload(client, target, chart.name);
        const upload = await saveUpload(client, target, chart.name, chart.archive, io.clock.now());
        io.out(`${upload.name} (${Math.ceil(upload.size / 1024)} KiB) is in namespace ${target}.\n`);
        if (before !== undefined && before.digest !== upload.digest) io.out(REPLACED);
        io.out(`Use it in a ResourceComposition: chartURL: file:///${upload.name}\n`);
      });
    });
}
