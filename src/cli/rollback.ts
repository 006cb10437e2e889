import { Command, InvalidArgumentError } from 'commander';
import { RESOURCE_COMPOSITION } from '../api/resource-composition.ts';
import type { Revision } from '../api/revision.ts';
import type { CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { secondsOf } from './option-checks.ts';
import { formatTable } from './table.ts';
import type { RolledBack } from './rollback/roll-back.ts';
import type { ServiceHistory } from './rollback/service-history.ts';

/** Seconds until the operator has made a revision of it: it renders the chart, and asks the cluster's policies. */
const DEFAULT_WAIT_SECONDS = 120;
const MAX_REVISION = 1_000_000;

interface Flags {
  readonly namespace?: string;
  readonly kubeconfig?: string;
}

interface RollbackFlags extends Flags {
  readonly dryRun?: true;
  readonly timeout: number;
}

const SERVICE = 'name of the ResourceComposition, or kind of the service';
const NAMESPACE =
  "namespace of the service (default: the context's, if it is a provider's; else where the operator runs)";

/** `tenantry history`: every state that a service had. */
export function historyCommand(io: CliIo): Command {
  return new Command('history')
    .description('Show the revisions of a service, and how many instances run each')
    .argument('<service>', SERVICE)
    .option('-n, --namespace <namespace>', NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (service: string, flags: Flags) => {
      const { countInstances, readHistory } = await import('./rollback/service-history.ts');
      const { changesOf } = await import('./rollback/earlier-spec.ts');
      await withClient(io, flags, async (connection) => {
        const { revisions, newest } = await readHistory(connection, service, flags.namespace);
        const counts = await countInstances(connection.client, newest);
        const rows = revisions.map(({ metadata, spec }, at) => [
          String(spec.number),
          `${spec.chart.name}-${spec.chart.version}`,
          spec.chart.appVersion,
          metadata.creationTimestamp ?? '',
          counts === undefined ? '?' : String(counts.get(metadata.name) ?? 0),
          changesOf(revisions[at - 1], { spec }),
        ]);
        io.out(formatTable(['REVISION', 'CHART', 'APP VERSION', 'SINCE', 'INSTANCES', 'CHANGED'], rows));
        if (counts === undefined)
          io.err('Instances are not counted: you may not list those of all namespaces.\n');
      });
    });
}

/** `tenantry rollback`: a service, and with it its instances, back to what it was. */
export function rollbackCommand(io: CliIo): Command {
  return new Command('rollback')
    .description('Set a service back to an earlier revision; its instances follow')
    .argument('<service>', SERVICE)
    .argument(
      '[revision]',
      'number of the revision, as `tenantry history` shows it (default: the one before, or the last good one where a change was refused)',
      revisionNumber,
    )
    .option('-n, --namespace <namespace>', NAMESPACE)
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--timeout <seconds>', 'how long to wait until it is registered', secondsOf, DEFAULT_WAIT_SECONDS)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action((service: string, number: number | undefined, flags: RollbackFlags) =>
      run(io, service, number, flags),
    );
}

async function run(
  io: CliIo,
  service: string,
  number: number | undefined,
  flags: RollbackFlags,
): Promise<void> {
  const { readHistory, revisionToGoTo } = await import('./rollback/service-history.ts');
  const { rollBack } = await import('./rollback/roll-back.ts');
  const { localEngine } = await import('./local-engine.ts');
  const { waitReady } = await import('./wait-ready.ts');
  const { clock, signal } = io;
  const dryRun = flags.dryRun === true;
  const engine = localEngine(io);
  try {
    await withClient(io, flags, async (connection) => {
      const { client } = connection;
      const history = await readHistory(connection, service, flags.namespace);
      const { metadata } = history.composition;
      const target = revisionToGoTo(history, number);
      const done = await rollBack({ client, clock, engine, dryRun }, history, target);
      tell(io, history, target, done);
      if (dryRun || !done.changed) return io.out(dryRun ? 'Nothing was changed.\n' : '');
      const ready = await io.progress.step(`${metadata.name} is registered`, (note) =>
        waitReady(RESOURCE_COMPOSITION, metadata, {
          client,
          clock,
          signal,
          timeoutMs: flags.timeout * 1000,
          note,
        }),
      );
      io.out(
        `It is revision ${ready.status?.revision ?? ''} now; instances follow, ten at a time: tenantry history ${metadata.name} -n ${metadata.namespace ?? ''}\n`,
      );
    });
  } finally {
    await engine.close();
  }
}

function tell(io: CliIo, { composition }: ServiceHistory, { spec }: Revision, done: RolledBack): void {
  const { name } = composition.metadata;
  const { chart, number } = spec;
  if (!done.changed) return io.out(`${name} says what revision ${number} said: nothing to change.\n`);
  io.out(
    `${name} goes back to revision ${number}, ${chart.name}-${chart.version}: ${done.fields.join(', ')}\n`,
  );
  if (done.leftSource !== undefined)
    io.out(
      `The chart came from ${done.leftSource} and is ${done.spec.newResource.chartURL} now, as the cluster kept it. Change the file that you apply, too.\n`,
    );
  if (done.overruled !== undefined)
    io.err(
      `Not set back, for ResourcePolicy ${done.overruled.by} is laid over it: ${done.overruled.fields.join(', ')}\n`,
    );
}

function revisionNumber(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= 1 && number <= MAX_REVISION) return number;
  throw new InvalidArgumentError('must be a number that `tenantry history` shows, e.g. 3.');
}
