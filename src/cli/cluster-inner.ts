import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { createClient } from '../client/http-client.ts';
import { runAgent } from '../local/agent/agent.ts';
import { runNft } from '../local/agent/nft-command.ts';
import { carry, parseTarget, serveForwarder } from '../local/dial.ts';
import { accessOf } from '../local/own-kubeconfig.ts';
import { createLog } from '../runtime/log.ts';
import type { CliIo } from './cli-io.ts';

/** Commands that the local cluster starts for itself. They run until they are told to end; people do not call them. */
export function clusterInnerCommands(io: CliIo): readonly Command[] {
  return [forwarder(io), carrier(io), agent(io)];
}

interface ForwardOptions {
  readonly listenFd: string;
  readonly target: string;
  readonly dialSocket: string;
}

/** Inside the node: carries what comes from the machine. */
function forwarder(io: CliIo): Command {
  return withForwardOptions(new Command('forwarder')).action(async (options: ForwardOptions) => {
    await serveForwarder(forwardArguments(options, io));
  });
}

/** On the machine, in the background: one port of `cluster forward --keep`. */
function carrier(io: CliIo): Command {
  return withForwardOptions(new Command('carry')).action(async (options: ForwardOptions) => {
    await carry(forwardArguments(options, io));
  });
}

function withForwardOptions(command: Command): Command {
  return command
    .requiredOption('--listen-fd <number>', 'inherited listening socket')
    .requiredOption('--target <address:port>', 'where connections go')
    .requiredOption('--dial-socket <path>', 'socket of the way into the node');
}

function forwardArguments(options: ForwardOptions, io: CliIo): Parameters<typeof carry>[0] {
  return {
    listen: { fd: Number(options.listenFd) },
    target: parseTarget(options.target),
    dialSocket: options.dialSocket,
    signal: io.signal,
  };
}

interface AgentFlags {
  readonly node: string;
  readonly kubeconfig: string;
  readonly storageRoot: string;
  readonly loadBalancers?: string;
  readonly policySocket: string;
}

/** Inside the node: network policies, volumes, load balancers. */
function agent(io: CliIo): Command {
  return new Command('agent')
    .requiredOption('--node <name>', 'the node it serves')
    .requiredOption('--kubeconfig <file>', 'its identity')
    .requiredOption('--storage-root <folder>', 'where volumes lie')
    .option('--load-balancers <first-last>', 'addresses for Services of type LoadBalancer')
    .requiredOption('--policy-socket <path>', 'where the CNI plug-in announces pods')
    .action(async (flags: AgentFlags) => {
      const client = createClient(accessOf(await readFile(flags.kubeconfig, 'utf8')), {
        clock: io.clock,
        userAgent: 'tenantry-agent',
      });
      try {
        await runAgent({
          client,
          clock: io.clock,
          log: createLog({ level: 'info', clock: io.clock, write: io.out }),
          nodeName: flags.node,
          nft: runNft,
          storageRoot: flags.storageRoot,
          loadBalancerRanges: flags.loadBalancers === undefined ? [] : [flags.loadBalancers],
          policySocket: flags.policySocket,
          signal: io.signal,
        });
      } finally {
        await client.close();
      }
    });
}
