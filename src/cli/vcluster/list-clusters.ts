import { Command, Option } from 'commander';
import { CONTROL_PLANE, namespaceOfPlane } from '../../api/control-plane.ts';
import type { VirtualCluster } from '../../api/virtual-cluster.ts';
import { unlessForbidden } from '../../client/unless-forbidden.ts';
import { findCondition } from '../../kube/conditions.ts';
import { formatDuration } from '../../lib/duration.ts';
import type { CliIo } from '../cli-io.ts';
import { readKubeFiles } from '../kflex/edit-kubeconfig.ts';
import { filesAround } from '../kflex/hosting-connection.ts';
import { currentContext } from '../kflex/kube-files.ts';
import { formatTable } from '../table.ts';
import { contextNameOf, readContextName } from './context-name.ts';
import { listClusters, placeOf, withHost, type Host, type VclusterFlags } from './host.ts';

const MS = 1000;

/** One line of the list, in vcluster's JSON form. */
interface Line {
  readonly Created: string;
  readonly Name: string;
  readonly Namespace: string;
  readonly Version: string;
  readonly Status: string;
  readonly AgeSeconds: number;
  readonly Connected: boolean;
}

interface ListFlags extends VclusterFlags {
  readonly output: 'table' | 'json';
}

/** `vcluster list`: the virtual clusters of the host. */
export function listCommand(io: CliIo): Command {
  return new Command('list')
    .alias('ls')
    .description('List the virtual clusters')
    .addOption(
      new Option('--output <format>', 'form of the list').choices(['table', 'json']).default('table'),
    )
    .action(async (_flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<ListFlags>();
      const current = currentContext(await readKubeFiles(flags, filesAround(io)));
      const lines = await withHost(io, flags, async (host) => {
        const clusters = await listClusters(host, flags);
        const versions = await versionsOf(host);
        const now = io.clock.now();
        return clusters.map((cluster) => lineOf(cluster, { parent: host.context, current, now, versions }));
      });
      io.out(flags.output === 'json' ? `${JSON.stringify(lines, null, 4)}\n` : tableOf(lines));
      if (flags.output === 'table' && readContextName(current) !== undefined)
        io.err('`vcluster disconnect` goes back to the host cluster.\n');
    });
}

/** Versions of Kubernetes by the namespace of the plane; none for who may not look at planes. */
async function versionsOf({ client }: Host): Promise<ReadonlyMap<string, string>> {
  const planes = (await unlessForbidden(client.list(CONTROL_PLANE)))?.items ?? [];
  return new Map(planes.map((plane) => [namespaceOfPlane(plane), plane.status?.version ?? '']));
}

interface Around {
  readonly parent: string;
  readonly current: string;
  readonly now: number;
  readonly versions: ReadonlyMap<string, string>;
}

function lineOf(cluster: VirtualCluster, { parent, current, now, versions }: Around): Line {
  const { metadata, status } = cluster;
  const born = Date.parse(metadata.creationTimestamp ?? '');
  return {
    Created: metadata.creationTimestamp ?? '',
    Name: metadata.name,
    Namespace: metadata.namespace ?? '',
    Version: versions.get(status?.planeNamespace ?? '') ?? '',
    Status: statusWord(cluster),
    AgeSeconds: Number.isNaN(born) ? 0 : Math.max(0, Math.round((now - born) / MS)),
    Connected: contextNameOf({ ...placeOf(cluster), parent }) === current,
  };
}

/** The state in vcluster's words, where it has one for it. */
export function statusWord({ metadata, spec, status }: VirtualCluster): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const ready = findCondition(status?.conditions, 'Ready');
  if (spec?.paused === true) return ready?.reason === 'Paused' ? 'Paused' : 'Pausing';
  if (ready?.status === 'True') return 'Running';
  return ready?.reason ?? 'Pending';
}

function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.Name,
    line.Namespace,
    line.Status,
    line.Version,
    line.Connected ? 'True' : '',
    formatDuration(line.AgeSeconds * MS),
  ]);
  return formatTable(['NAME', 'NAMESPACE', 'STATUS', 'VERSION', 'CONNECTED', 'AGE'], rows);
}
