import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Stores } from '../../runtime/controller.ts';
import type { AddressBook } from './address-book.ts';
import type { SandboxHandler } from './cni-endpoint.ts';
import type { CniRequest } from './cni-request.ts';
import type { PolicySync } from './policy-sync.ts';

/** How long a pod may be unknown: the kubelet knows it, so our watch brings it within milliseconds. */
const PATIENCE_MS = 5_000;

/** Between two looks for it. */
const LOOK_MS = 20;

/** What the gate works with. */
export interface PodGateDeps {
  readonly stores: Stores;
  readonly book: AddressBook;
  readonly sync: Pick<PolicySync, 'settle' | 'touch'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Lets a sandbox pass when the rules for its addresses are in force. Labels decide about rules, so the pod itself must
 * be known: without it the address would be free to talk to everybody.
 */
export function podGate(deps: PodGateDeps): SandboxHandler {
  return {
    added: async (request) => {
      if (request.addresses.length === 0) {
        throw new Error(
          'no addresses came with the sandbox: tenantry-policy must be the last plug-in of the chain',
        );
      }
      const pod = await findPod(deps, request);
      await deps.book.assign(request.addresses, { podUid: pod.metadata.uid ?? '', sandbox: request.sandbox });
      await deps.sync.settle();
    },
    removed: async ({ sandbox }) => {
      if (await deps.book.release(sandbox)) deps.sync.touch();
    },
  };
}

async function findPod({ stores, clock, signal }: PodGateDeps, request: CniRequest): Promise<Pod> {
  const { namespace, name, podUid } = request;
  for (let waited = 0; waited <= PATIENCE_MS; waited += LOOK_MS) {
    const pod = stores.get(POD, { namespace, name });
    // The same name with another UID is the pod before, e.g. of a StatefulSet.
    if (pod !== undefined && (podUid === undefined || pod.metadata.uid === podUid)) return pod;
    await clock.sleep(LOOK_MS, signal);
  }
  throw new Error(`pod ${namespace}/${name} (${podUid ?? 'no UID'}) is not known to the agent yet`);
}
