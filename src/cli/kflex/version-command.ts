import { Command } from 'commander';
import { isMap } from '../../lib/narrow.ts';
import type { CliIo } from '../cli-io.ts';
import { readVersion } from '../package-root.ts';
import { withHosting, type KflexFlags } from './hosting-connection.ts';

/** `kflex version`: this program's version and that of the hosting cluster; fails where that does not answer. */
export function versionCommand(io: CliIo): Command {
  return new Command('version')
    .description('Show the versions of this program and of the hosting cluster')
    .action(async (_flags: unknown, self: Command) => {
      io.out(`Kubeflex version: v${await readVersion()} (Tenantry)\n`);
      await withHosting(io, self.optsWithGlobals<KflexFlags>(), async ({ client }) => {
        const answer: unknown = JSON.parse((await client.raw({ method: 'GET', path: '/version' })).text);
        io.out(`Kubernetes version: ${isMap(answer) ? String(answer['gitVersion']) : 'unknown'}\n`);
      });
    });
}
