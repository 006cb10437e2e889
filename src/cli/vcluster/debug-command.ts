import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { VirtualCluster } from '../../api/virtual-cluster.ts';
import type { Client } from '../../client/client.ts';
import { CORE_EVENT, LIMIT_RANGE, POD, RESOURCE_QUOTA, SERVICE } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { toYaml } from '../../kube/yaml.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { CliIo } from '../cli-io.ts';
import { refusedVerb } from './certs-command.ts';
import { findCluster, placeOf, withHost, type VclusterFlags } from './host.ts';

/** Lines of each log: the last ones tell what is wrong. */
const LOG_LINES = 500;

interface CollectFlags extends VclusterFlags {
  readonly outputFilename?: string;
}

/** `vcluster debug …`: what helps to find out what is wrong. */
export function debugCommand(io: CliIo): Command {
  const collect = new Command('collect')
    .description('Write state, events and logs of a virtual cluster to a file; no Secret is read')
    .argument('<name>', 'name of the virtual cluster')
    .option('--output-filename <file>', 'where to write (default: vcluster-<name>.yaml)')
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<CollectFlags>();
      const file = resolve(io.cwd, flags.outputFilename ?? `vcluster-${name}.yaml`);
      const text = await withHost(io, flags, async (host) =>
        collectFacts(host.client, await findCluster(host, name, flags)),
      );
      await writeFile(file, text);
      io.out(`Wrote ${file}\n`);
    });
  return new Command('debug')
    .description('What helps to find out what is wrong')
    .addCommand(collect)
    .addCommand(refusedVerb('shell', 'its containers hold one program each and no shell'), { hidden: true });
}

async function collectFacts(client: Client, cluster: VirtualCluster): Promise<string> {
  const { namespace } = placeOf(cluster);
  const plane = cluster.status?.planeNamespace;
  const list = (kind: Kind, place: string): Promise<unknown> =>
    client.list(kind, { namespace: place }).then(({ items }) => items.map(shortened), told);
  return toYaml({
    virtualCluster: shortened(cluster),
    namespace: {
      pods: await list(POD, namespace),
      services: await list(SERVICE, namespace),
      resourceQuotas: await list(RESOURCE_QUOTA, namespace),
      limitRanges: await list(LIMIT_RANGE, namespace),
      events: await list(CORE_EVENT, namespace),
    },
    apiServer:
      plane === undefined
        ? 'none yet'
        : {
            pods: await list(POD, plane),
            events: await list(CORE_EVENT, plane),
            logs: await logsOf(client, plane),
          },
  });
}

async function logsOf(client: Client, namespace: string): Promise<unknown> {
  try {
    const { items } = await client.list(POD, { namespace });
    const logs = items.flatMap(({ metadata, spec }) =>
      (spec?.containers ?? []).map(async ({ name }) => {
        const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log?container=${name}&tailLines=${LOG_LINES}`;
        const log = await client.raw({ method: 'GET', path }).then(({ text }) => text, told);
        return [`${metadata.name}/${name}`, log] as const;
      }),
    );
    return Object.fromEntries(await Promise.all(logs));
  } catch (error) {
    return told(error);
  }
}

/** What may not be read is said in its place. */
const told = (error: unknown): string => messageOf(error);

function shortened<T extends { readonly metadata?: unknown }>(object: T): unknown {
  const { metadata, ...rest } = object;
  const { managedFields: _left, ...kept } = (metadata ?? {}) as Readonly<Record<string, unknown>>; // true of every object's metadata
  return { metadata: kept, ...rest };
}
