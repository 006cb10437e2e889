import { Command } from 'commander';
import type { CliIo } from '../cli-io.ts';
import { completionCommand } from '../completion.ts';
import { readVersion } from '../package-root.ts';
import { certsCommand, refusedVerb } from './certs-command.ts';
import { connectCommand } from './connect-cluster.ts';
import { createCommand } from './create-cluster.ts';
import { debugCommand } from './debug-command.ts';
import { deleteCommand } from './delete-cluster.ts';
import { describeCommand } from './describe-cluster.ts';
import { disconnectCommand } from './disconnect.ts';
import { forwardCommand } from './forward-command.ts';
import { withHostFlags } from './host.ts';
import { listCommand } from './list-clusters.ts';
import { pauseCommand, resumeCommand } from './pause-cluster.ts';

const NO_PLATFORM = 'there is no platform';
const NO_SNAPSHOTS = 'snapshots of virtual clusters are not there yet';
const NO_NODES = 'pods run on nodes of the host; there are no private nodes';
/** Verbs of vcluster's that can't work here. */
const REFUSED: Readonly<Record<string, string>> = {
  snapshot: NO_SNAPSHOTS,
  restore: NO_SNAPSHOTS,
  platform: NO_PLATFORM,
  login: NO_PLATFORM,
  logout: NO_PLATFORM,
  ui: NO_PLATFORM,
  use: 'there is one way to run virtual clusters',
  telemetry: 'nothing is reported to anybody',
  token: NO_NODES,
  node: NO_NODES,
  registry: NO_NODES,
  upgrade: 'this program is renewed as it was installed',
};

/** `vcluster …` and `tenantry vcluster …`: virtual clusters, and the contexts that lead into them. */
export function vclusterCommand(io: CliIo): Command {
  const command = withHostFlags(
    new Command('vcluster').description('Virtual clusters of tenants, and the contexts that lead into them'),
  );
  const verbs = [
    createCommand,
    connectCommand,
    disconnectCommand,
    listCommand,
    describeCommand,
    deleteCommand,
    pauseCommand,
    resumeCommand,
    certsCommand,
    debugCommand,
    versionCommand,
  ];
  for (const verb of verbs) command.addCommand(verb(io));
  command.addCommand(completionCommand(io, 'vcluster'));
  command.addCommand(forwardCommand(io), { hidden: true });
  for (const [verb, why] of Object.entries(REFUSED))
    command.addCommand(refusedVerb(verb, why), { hidden: true });
  return command;
}

function versionCommand(io: CliIo): Command {
  return new Command('version')
    .description('Show the version of this program')
    .action(async () => io.out(`vcluster version ${await readVersion()} (Tenantry)\n`));
}
