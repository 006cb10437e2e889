import { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { adoptCommand } from './adopt-plane.ts';
import { configCommand } from './config-command.ts';
import { createCommand } from './create-plane.ts';
import { ctxCommand } from './ctx-command.ts';
import { deleteCommand } from './delete-plane.ts';
import { initCommand } from './init-hub.ts';
import { listCommand } from './list-planes.ts';
import { restoreCommand } from './restore-plane.ts';
import { snapshotCommand } from './snapshot-plane.ts';
import { userKubeconfigCommand } from './user-kubeconfig.ts';
import { versionCommand } from './version-command.ts';

/** `kflex …` and `tenantry controlplane …`: control planes, and the contexts that lead to them. */
export function controlPlaneCommand(io: CliIo): Command {
  const command = new Command('controlplane')
    .description('Control planes of tenants, and the contexts that lead to them; the same as kflex')
    .option(
      '-k, --kubeconfig <file>',
      'kubeconfig to use (default: those of KUBECONFIG, else ~/.kube/config)',
    )
    .option('-s, --chatty-status [boolean]', 'tell on stderr what is being done (default: true)')
    .option('-v, --verbosity <level>', 'above 0: say which hosting cluster is meant');
  const verbs = [
    initCommand,
    createCommand,
    adoptCommand,
    deleteCommand,
    listCommand,
    snapshotCommand,
    restoreCommand,
    ctxCommand,
    userKubeconfigCommand,
    configCommand,
    versionCommand,
  ];
  for (const verb of verbs) command.addCommand(verb(io));
  return command;
}
