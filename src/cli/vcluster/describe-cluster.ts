import { Command, Option } from 'commander';
import type { VirtualCluster } from '../../api/virtual-cluster.ts';
import { findCondition } from '../../kube/conditions.ts';
import { toYaml } from '../../kube/yaml.ts';
import type { CliIo } from '../cli-io.ts';
import { refuseFlags } from './go-flags.ts';
import { findCluster, withHost, type VclusterFlags } from './host.ts';
import { goSwitch } from './go-flags.ts';
import { statusWord } from './list-clusters.ts';

interface DescribeFlags extends VclusterFlags {
  readonly output?: 'json' | 'yaml';
  readonly configOnly: boolean;
}

/** What is told of a virtual cluster, in vcluster's names. */
interface Description {
  readonly name: string;
  readonly namespace: string;
  readonly backingStore: string;
  readonly status: string;
  readonly created: string;
  readonly message: string;
}

/** `vcluster describe`: what a virtual cluster is and how it does. */
export function describeCommand(io: CliIo): Command {
  const command = new Command('describe')
    .description('Show what a virtual cluster is and how it does')
    .argument('<name>', 'name of the virtual cluster')
    .addOption(new Option('-o, --output <format>', 'form of the answer').choices(['json', 'yaml']))
    .addOption(goSwitch('--config-only', 'its spec alone, as YAML', false))
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<DescribeFlags>();
      const cluster = await withHost(io, flags, (host) => findCluster(host, name, flags));
      io.out(textOf(cluster, flags));
    });
  return refuseFlags(command, { project: 'there is no platform' });
}

function textOf(cluster: VirtualCluster, { output, configOnly }: DescribeFlags): string {
  const { metadata, spec = {}, status } = cluster;
  const described: Description = {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    backingStore: spec.backend ?? 'dedicated',
    status: statusWord(cluster),
    created: metadata.creationTimestamp ?? '',
    message: findCondition(status?.conditions, 'Ready')?.message ?? '',
  };
  if (configOnly) return output === 'json' ? json(spec) : toYaml(spec);
  if (output === 'json') return json(described);
  if (output === 'yaml') return toYaml(described);
  const lines = [
    ['Name', described.name],
    ['Namespace', described.namespace],
    ['Backing Store', described.backingStore],
    ['API server', status?.planeNamespace ?? ''],
    ['Created', described.created],
    ['Status', described.status],
    ['Message', described.message],
  ] as const;
  const width = Math.max(...lines.map(([label]) => label.length)) + 3;
  const head = lines
    .filter(([, text]) => text !== '')
    .map(([label, text]) => `${`${label}:`.padEnd(width)}${text}\n`);
  return `${head.join('')}\nSpec:\n${toYaml(spec).replace(/^(?=.)/gm, '  ')}`;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
