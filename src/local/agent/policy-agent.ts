import {
  NAMESPACE,
  NETWORK_POLICY,
  POD,
  type Namespace,
  type NetworkPolicy,
  type Pod,
} from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Client } from '../../client/client.ts';
import type { Clock } from '../../lib/clock.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Stores } from '../../runtime/controller.ts';
import { InformerSet } from '../../runtime/informer-set.ts';
import type { Log } from '../../runtime/log.ts';
import { watch } from '../../runtime/watch.ts';
import { AddressBook } from './address-book.ts';
import { serveCni } from './cni-endpoint.ts';
import { compilePolicies } from './compile-policies.ts';
import type { Nft } from './nft-command.ts';
import { nftTableOf, type NftTable } from './nft-table.ts';
import { podGate } from './pod-gate.ts';
import { policyPods, slimPod } from './policy-pod.ts';
import { PolicySync } from './policy-sync.ts';

/** What network policies need on one node. */
export interface PolicyAgentOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly nft: Nft;
  /** Path of the Unix socket that the CNI plug-in calls; its state is kept beside it, in `<path>.json`. */
  readonly socketPath: string;
  readonly signal: AbortSignal;
}

/**
 * Enforces network policies for the node's pods until the signal aborts. First everything that exists is put in force,
 * then new pods are let in. Until then rules of an agent before us stay as they are, and pods wait.
 */
export async function runPolicyAgent(options: PolicyAgentOptions): Promise<void> {
  const { client, clock, log, nodeName, nft, signal, socketPath } = options;
  const informers = new InformerSet({ client, clock, log });
  const book = new AddressBook(`${socketPath}.json`);
  const sync = new PolicySync({
    compute: () => computeTable(informers.stores, book, nodeName),
    nft,
    clock,
    log,
  });
  const holds = [
    informers.hold(watch({ kind: POD, slim: slimPod, wakes: () => [] })),
    informers.hold(watch({ kind: NAMESPACE, slim: slimNamespace, wakes: () => [] })),
    informers.hold(watch({ kind: NETWORK_POLICY, wakes: () => [] })),
  ];
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await book.load();
    informers.start();
    await Promise.race([Promise.all(holds.map(({ informer }) => informer.synced)), stopped]);
    for (const { informer } of holds) {
      informer.subscribe(({ object, previous, gone }) => {
        if (gone || previous === undefined || !saysTheSame(object, previous)) sync.touch();
      });
    }
    await firstRules(sync, { clock, signal });
    if (signal.aborted) return;
    const handler = podGate({ stores: informers.stores, book, sync, clock, signal });
    const { closed } = await serveCni({ path: socketPath, handler, log, signal });
    log.info('network policies are enforced', { node: nodeName });
    await closed;
  } finally {
    sync.stop();
    await informers.stop();
  }
}

/** Until the kernel took the rules once there is nothing else to do; `PolicySync` tells the log why it refuses. */
async function firstRules(
  sync: PolicySync,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sync.settle();
      return;
    } catch {
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

/** Between two tries to put the first rules in force. */
const RETRY_MS = 500;

function computeTable(stores: Stores, book: AddressBook, nodeName: string): NftTable {
  const pods: readonly Pod[] = stores.list(POD);
  const uids = new Set(pods.map((pod) => pod.metadata.uid));
  const namespaces: readonly Namespace[] = stores.list(NAMESPACE);
  const policies: readonly NetworkPolicy[] = stores.list(NETWORK_POLICY);
  const assignments = book.assignments((uid) => uids.has(uid));
  return nftTableOf(compilePolicies({ policies, namespaces, pods: policyPods(pods, assignments), nodeName }));
}

/** Labels and name: nothing else of a namespace is asked for. */
function slimNamespace(namespace: Namespace): Namespace {
  const { name, uid, labels, resourceVersion } = namespace.metadata;
  return {
    apiVersion: namespace.apiVersion,
    kind: namespace.kind,
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(labels === undefined ? {} : { labels }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

/** True if two states differ in nothing that policies look at: most updates of pods are such. */
function saysTheSame(a: KubeObject, b: KubeObject): boolean {
  const relevant = (object: KubeObject): unknown => {
    const {
      resourceVersion: _version,
      generation: _generation,
      annotations: _notes,
      ...metadata
    } = object.metadata;
    return { ...object, metadata };
  };
  return deepEqual(relevant(a), relevant(b));
}
