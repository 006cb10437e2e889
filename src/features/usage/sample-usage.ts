import type { AppEndpoint } from '../../api/app-endpoint.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/error-text.ts';
import { mapLimit } from '../../lib/limit.ts';
import type { Stores } from '../../runtime/controller.ts';
import type { Log } from '../../runtime/log.ts';
import type { Task } from '../../runtime/task-loop.ts';
import { askApplications, type ReadPod } from './ask-application.ts';
import { nodesByNamespace } from './instance-pods.ts';
import type { PodStats } from './pod-stats.ts';
import type { NodeAnswer, UsageBook } from './usage-book.ts';

/*
 * The budget: of each node that has a pod of an instance one summary a round, two at a time, and after a round three times as long nothing
 * as it took, thirty seconds at least. A hundred nodes that answer in 0.2 s are asked for 10 s of each 40; ten thousand less often.
 */

/** Milliseconds from one round to the next, if it took no longer than a quarter of that. Kubelets measure every ten seconds. */
export const ROUND_MS = 30_000;
/** A round may take one part in so many of the time. */
const SHARE = 4;
/** Kubelets asked at the same time. */
const PARALLEL = 2;

export interface SamplerDeps {
  readonly askNode: (node: string, signal: AbortSignal) => Promise<readonly PodStats[]>;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly log: Log;
  readonly book: UsageBook;
  /** The metrics that a service's applications have of their own; undefined where nobody asks for them. */
  readonly endpointOf: (serviceUid: string) => AppEndpoint | undefined;
  readonly readPod: ReadPod;
}

/** The leader asks the kubelets, round by round, for as long as it leads. */
export function usageSampler(deps: SamplerDeps): Task {
  const { book, clock } = deps;
  return {
    name: 'usage',
    placement: 'leader',
    run: async (signal) => {
      try {
        while (!signal.aborted) {
          const begin = clock.monotonic();
          await sampleOnce(deps, signal);
          const tookMs = clock.monotonic() - begin;
          await clock.sleep(Math.max(ROUND_MS, tookMs * SHARE) - tookMs, signal);
        }
      } finally {
        book.clear();
      }
    },
  };
}

/** One round. Nodes that fail are gaps; nothing is thrown but what ends the term. */
async function sampleOnce(deps: SamplerDeps, signal: AbortSignal): Promise<void> {
  const { askNode, stores, clock, log, book } = deps;
  const nodesOf = nodesByNamespace(stores);
  const nodes = new Set([...nodesOf.values()].flatMap((names) => [...names]));
  const answered = await mapLimit([...nodes].sort(), PARALLEL, async (node): Promise<NodeAnswer> => {
    try {
      return { node, pods: await askNode(node, signal) };
    } catch (error) {
      if (signal.aborted) throw error;
      log.debug('Kubelet not read', { node, error });
      return { node, failure: messageOf(error) };
    }
  });
  const applications = await askApplications(deps, signal);
  book.learn(clock.now(), { nodes: answered, applications }, nodesOf);
}
