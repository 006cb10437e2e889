import { once } from 'node:events';
import { Command } from 'commander';
import { VIRTUAL_CLUSTER } from '../../api/virtual-cluster.ts';
import type { CliIo } from '../cli-io.ts';
import { LISTEN_FD, SERVE_VERB } from './background-forward.ts';
import { withHost, type VclusterFlags } from './host.ts';
import { openApiServer } from './pod-route.ts';
import { forwardServer } from './serve-forward.ts';

/** Milliseconds between two looks whether the virtual cluster is still there. */
const LOOK_EVERY_MS = 30_000;

/** What `connect --background-proxy` starts: carries connections until it is told to end, or the virtual cluster is gone. */
export function forwardCommand(io: CliIo): Command {
  return new Command(SERVE_VERB)
    .argument('<name>', 'name of the virtual cluster')
    .requiredOption('--listen-fd <number>', 'inherited listening socket')
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<VclusterFlags & { readonly namespace: string }>();
      await withHost(io, flags, async (host) => {
        const place = { name, namespace: flags.namespace };
        const find = () => host.client.find(VIRTUAL_CLUSTER, place);
        const stop = new AbortController();
        const server = forwardServer({
          signal: AbortSignal.any([io.signal, stop.signal]),
          // Read anew: where its API server runs may change.
          open: async (signal) =>
            openApiServer(host, await host.client.get(VIRTUAL_CLUSTER, place), { signal }),
          clock: io.clock,
          tell: () => undefined,
        });
        await once(server.listen({ fd: LISTEN_FD }), 'listening');
        while (!io.signal.aborted) {
          await io.clock.sleep(LOOK_EVERY_MS, io.signal).catch(() => undefined);
          // Only a clear answer ends it: the host may be away for a while.
          if (!io.signal.aborted && (await find().catch(() => true)) === undefined) break;
        }
        stop.abort();
      });
    });
}
