import type { Client } from '../../client/client.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { createManager } from '../../runtime/manager.ts';
import { loadBalancerController } from './load-balancer-controller.ts';
import { parseRange } from './load-balancer-pool.ts';
import type { Nft } from './nft-command.ts';
import { runPolicyAgent } from './policy-agent.ts';
import { claimController, volumeController } from './storage-controllers.ts';
import { volumeFolders } from './volume-folders.ts';

/** What an agent is told by who starts it. */
export interface AgentOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the Node it serves. */
  readonly nodeName: string;
  /** `runNft`; tests record scripts instead. */
  readonly nft: Nft;
  /** Folder for volumes, at the same path for the kubelet. */
  readonly storageRoot: string;
  /** `first-last`, one a family; one node's agent only gives addresses, the others get an empty list. */
  readonly loadBalancerRanges: readonly string[];
  /** Unix socket that the CNI plug-in of `installPolicyPlugin` calls. */
  readonly policySocket: string;
  /** Ends the agent. Rules, volumes and addresses stay. */
  readonly signal: AbortSignal;
}

/**
 * The agent of one node of the local cluster: network policies, volumes, load balancer addresses. Runs inside the
 * node's network and mount namespaces as root. Returns when the signal aborts; throws when one of the three can't go
 * on, so that it is started anew as a whole.
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { client, clock, log, nodeName } = options;
  const ranges = options.loadBalancerRanges.map(parseRange);
  const manager = createManager({
    client,
    clock,
    log,
    identity: `tenantry-agent-${nodeName}`,
    namespace: 'kube-system',
  });
  const place = { nodeName, folders: volumeFolders(options.storageRoot) };
  manager.addController(claimController(place));
  manager.addController(volumeController(place));
  if (ranges.length > 0) manager.addController(loadBalancerController(ranges));
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const policies = runPolicyAgent({
    client,
    clock,
    log,
    nodeName,
    nft: options.nft,
    socketPath: options.policySocket,
    signal,
  });
  const duties = [policies, manager.run(signal)];
  try {
    await Promise.all(duties);
  } finally {
    // Whichever failed, the other ends, too: half an agent would go unnoticed.
    ending.abort();
    await Promise.allSettled(duties);
  }
}
