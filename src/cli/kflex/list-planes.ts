import { Command } from 'commander';
import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import { SYNCED_CONDITION } from '../../api/control-plane-names.ts';
import { findCondition } from '../../kube/conditions.ts';
import { formatDuration } from '../../lib/duration.ts';
import type { CliIo } from '../cli-io.ts';
import { formatTable } from '../table.ts';
import { withHosting, type KflexFlags } from './hosting-connection.ts';

/** `kflex list`: the control planes of the hosting cluster. */
export function listCommand(io: CliIo): Command {
  return new Command('list')
    .description('List the control planes')
    .action(async (_flags: unknown, self: Command) => {
      await withHosting(io, self.optsWithGlobals<KflexFlags>(), async ({ client }) => {
        const { items } = await client.list(CONTROL_PLANE);
        if (items.length === 0) {
          io.out('No control planes found.\n');
          return;
        }
        const now = io.clock.now();
        const rows = items.map((plane) => rowOf(plane, now));
        io.out(`Control Planes:\n${formatTable(['NAME', 'SYNCED', 'READY', 'TYPE', 'AGE'], rows)}`);
      });
    });
}

function rowOf({ metadata, spec, status }: ControlPlane, now: number): readonly string[] {
  const is = (type: string): string => findCondition(status?.conditions, type)?.status ?? '';
  const born = Date.parse(metadata.creationTimestamp ?? '');
  const age = Number.isNaN(born) ? '' : formatDuration(Math.max(0, now - born));
  return [metadata.name, is(SYNCED_CONDITION), is('Ready'), spec.type, age];
}
