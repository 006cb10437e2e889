import { Command } from 'commander';
import { VIRTUAL_CLUSTER, type VirtualCluster } from '../../api/virtual-cluster.ts';
import { findCondition } from '../../kube/conditions.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { secondsOf } from '../option-checks.ts';
import { waitReady } from '../wait-ready.ts';
import { refuseFlags } from './go-flags.ts';
import { findCluster, placeOf, tellingBeside, withHost, type Host, type VclusterFlags } from './host.ts';

/** Seconds until something counts as failed: an API server that must fetch its image first takes minutes. */
export const DEFAULT_WAIT_SECONDS = 600;
/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 500;

interface PauseFlags extends VclusterFlags {
  readonly timeout: number;
}

/** `vcluster pause`: nothing of it runs any more, and everything it holds is kept. */
export function pauseCommand(io: CliIo): Command {
  return verb(
    'pause',
    'Stop a virtual cluster with everything that runs in it; what it holds is kept',
    async (name, flags) => {
      const told = tellingBeside(io, flags);
      await withHost(told, flags, async (host) => {
        const cluster = await findCluster(host, name, flags);
        const { namespace } = placeOf(cluster);
        if (cluster.spec?.paused === true) {
          io.err(`vcluster ${namespace}/${name} is paused already\n`);
          return;
        }
        await setPaused(host, cluster, true);
        await told.progress.step(`vcluster ${name} stops`, () =>
          waitPaused(told, host, cluster, flags.timeout),
        );
        io.out(`Successfully paused vcluster ${namespace}/${name}\n`);
      });
    },
  );
}

/** `vcluster resume`: it goes on where it was. */
export function resumeCommand(io: CliIo): Command {
  return verb('resume', 'Start a paused virtual cluster again', async (name, flags) => {
    const told = tellingBeside(io, flags);
    await withHost(told, flags, async (host) => {
      const cluster = await findCluster(host, name, flags);
      await resume(told, host, cluster, flags.timeout);
      io.out(`Successfully resumed vcluster ${name} in namespace ${placeOf(cluster).namespace}\n`);
    });
  });
}

/** Starts a virtual cluster if it is paused, and waits until it answers. */
export async function resume(
  io: CliIo,
  host: Host,
  cluster: VirtualCluster,
  timeout: number,
): Promise<VirtualCluster> {
  if (cluster.spec?.paused === true) await setPaused(host, cluster, false);
  const place = placeOf(cluster);
  return io.progress.step(`vcluster ${place.name}`, (note) =>
    waitReady<VirtualCluster>(VIRTUAL_CLUSTER, place, {
      client: host.client,
      clock: io.clock,
      signal: io.signal,
      timeoutMs: timeout * 1000,
      note,
    }),
  );
}

function verb(
  name: string,
  description: string,
  work: (name: string, flags: PauseFlags) => Promise<void>,
): Command {
  const command = new Command(name)
    .description(description)
    .argument('<name>', 'name of the virtual cluster')
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS)
    .action((cluster: string, _flags: unknown, self: Command) =>
      work(cluster, self.optsWithGlobals<PauseFlags>()),
    );
  return refuseFlags(command, {
    project: 'there is no platform',
    'prevent-wakeup': 'nothing but `vcluster resume` and `vcluster connect` starts it again',
  });
}

async function setPaused({ client }: Host, cluster: VirtualCluster, paused: boolean): Promise<void> {
  await client.patch(VIRTUAL_CLUSTER, placeOf(cluster), { type: 'merge', body: { spec: { paused } } });
}

async function waitPaused(
  io: CliIo,
  { client }: Host,
  cluster: VirtualCluster,
  timeout: number,
): Promise<void> {
  const place = placeOf(cluster);
  let said = '';
  const isDone = async (): Promise<true | undefined> => {
    const now = await client.get(VIRTUAL_CLUSTER, place);
    const ready = findCondition(now.status?.conditions, 'Ready');
    said = ready?.message ?? '';
    return ready?.reason === 'Paused' ? true : undefined;
  };
  const within = timeout * 1000;
  const done = await waitUntil(isDone, { clock: io.clock, within, every: LOOK_EVERY_MS, signal: io.signal });
  if (done === undefined)
    throw new UserError(
      `virtual cluster ${place.name} has not stopped after ${timeout} s${said === '' ? '' : `: ${said}`}`,
      `\`kubectl describe virtualcluster ${place.name} -n ${place.namespace}\` says what it waits for.`,
    );
}
