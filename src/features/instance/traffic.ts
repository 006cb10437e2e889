import type { Instance } from '../../api/instance.ts';
import type { ServicePolicies } from '../../api/revision.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Finding } from '../../runtime/admission.ts';

/**
 * Traffic between two instances: `kubectl allow network traffic`. Each instance names the other in its own object, and each opens its own
 * doors only: what it lets in, and what it lets out. A packet must pass both, so who may change one instance of the two
 * opens nothing of the other.
 */

/** Another instance, by the namespace that holds it and its UID. */
export interface TrafficPeer {
  readonly namespace: string;
  readonly uid: string;
}

/** What a namespace may be called, and what a label may hold: anything else would make a policy that the server refuses. */
const NAMESPACE_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const UID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whom the doors of an instance are open to, by name; to nobody where the service isolates strictly. */
export function trafficPeers(
  { tenantry }: Pick<Instance, 'tenantry'>,
  isolation: ServicePolicies['isolation'],
): readonly TrafficPeer[] {
  if (isolation === 'strict') return [];
  return Object.entries(tenantry?.trafficWith ?? {})
    .map(([namespace, uid]) => ({ namespace, uid }))
    .filter((peer) => problemOf(peer) === undefined)
    .sort((one, other) => (one.namespace < other.namespace ? -1 : 1));
}

/** What is wrong with the agreed traffic of an instance, if it was changed. */
export function trafficFindings(
  object: Pick<Instance, 'tenantry'>,
  oldObject: Pick<Instance, 'tenantry'> | undefined,
  isolation: ServicePolicies['isolation'],
): readonly Finding[] {
  const { trafficWith = {} } = object.tenantry ?? {};
  if (deepEqual(trafficWith, oldObject?.tenantry?.trafficWith ?? {})) return [];
  const peers = Object.entries(trafficWith).map(([namespace, uid]) => ({ namespace, uid }));
  const field = 'tenantry.trafficWith';
  if (isolation === 'strict' && peers.length > 0) {
    const message = `${field}: the service isolates its instances strictly, from each other too; remove the field or ask the provider`;
    return [{ field, message }];
  }
  return peers.flatMap((peer) => {
    const problem = problemOf(peer);
    return problem === undefined ? [] : [{ field, message: `${field}: ${problem}` }];
  });
}

function problemOf({ namespace, uid }: TrafficPeer): string | undefined {
  if (!NAMESPACE_NAME.test(namespace))
    return `${JSON.stringify(namespace)} is no name of a namespace; name the one that holds the other instance`;
  if (!UID.test(uid))
    return `${JSON.stringify(uid)} is no UID; give metadata.uid of the instance in ${namespace}`;
  return undefined;
}
