import type { Pod } from '../../kube/builtin-kinds.ts';
import { canonicalAddress } from './address.ts';
import { protocolOf, type Protocol } from './policy-objects.ts';

/** A pod as network policies see it: one that has addresses of its own and may send and receive. */
export interface PolicyPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Canonical text, both families. */
  readonly addresses: readonly string[];
  readonly namedPorts: readonly NamedPort[];
}

/** A container port that rules may name instead of number. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/**
 * Addresses that the node has just given to a pod, told by the CNI plug-in before the API server knows:
 * address → UID of the pod that holds it. It outranks what any status says.
 */
export type Assignments = ReadonlyMap<string, string>;

/**
 * The pods that policies are about. Left out are pods on the host's network (their address is the node's: policies do
 * not apply to them), and those that ended (their address may be somebody else's already). Where two claim one address
 * — a status that has not caught up — the assignment decides, then the younger pod, so that no rule of a dead pod
 * opens the door to a new one.
 */
export function policyPods(pods: readonly Pod[], assignments: Assignments = new Map()): PolicyPod[] {
  const assigned = new Map<string, string[]>();
  for (const [address, uid] of assignments) {
    assigned.set(uid, [...(assigned.get(uid) ?? []), address]);
  }
  const live = pods.filter(isOnPodNetwork).sort(youngestFirst);
  const taken = new Set(assignments.keys());
  return live.flatMap((pod) => {
    const own = assigned.get(pod.metadata.uid ?? '') ?? [];
    const claimed = statusAddresses(pod).filter((address) => !taken.has(address));
    for (const address of claimed) taken.add(address);
    const addresses = [...new Set([...own, ...claimed])];
    return addresses.length === 0 ? [] : [policyPod(pod, addresses)];
  });
}

function isOnPodNetwork(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return pod.spec?.hostNetwork !== true && phase !== 'Succeeded' && phase !== 'Failed';
}

/** RFC 3339 stamps of one zone sort as text. The UID settles ties, so that the answer never depends on order. */
function youngestFirst(a: Pod, b: Pod): number {
  const [left, right] = [a, b].map(
    (pod) => `${pod.metadata.creationTimestamp ?? ''}/${pod.metadata.uid ?? ''}`,
  );
  if (left === right) return 0;
  return (left ?? '') < (right ?? '') ? 1 : -1;
}

function statusAddresses(pod: Pod): string[] {
  const listed = (pod.status?.podIPs ?? []).map((entry) => entry.ip ?? '');
  const all = pod.status?.podIP === undefined ? listed : [pod.status.podIP, ...listed];
  return [...new Set(all.flatMap((text) => canonicalAddress(text) ?? []))];
}

function policyPod(pod: Pod, addresses: readonly string[]): PolicyPod {
  return {
    uid: pod.metadata.uid ?? '',
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    nodeName: pod.spec?.nodeName ?? '',
    labels: pod.metadata.labels ?? {},
    addresses,
    namedPorts: namedPorts(pod),
  };
}

/** Ports of containers and of init containers that stay (sidecars); an ordinary init container is gone when traffic counts. */
function namedPorts(pod: Pod): NamedPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? []).flatMap((entry) => {
      const protocol = protocolOf(entry);
      return entry.name === undefined || protocol === undefined
        ? []
        : [{ name: entry.name, protocol, port: entry.containerPort }];
    }),
  );
}

/** What a store keeps of a pod for policies: a few hundred bytes instead of several thousand. */
export function slimPod(pod: Pod): Pod {
  const { name, namespace, uid, labels, creationTimestamp, resourceVersion } = pod.metadata;
  const { nodeName, hostNetwork, containers, initContainers } = pod.spec ?? {};
  const { phase, podIP, podIPs } = pod.status ?? {};
  const ports = (list: typeof containers): typeof containers =>
    list
      ?.filter((container) => container.ports !== undefined)
      .map(({ name: own, ports: kept = [], restartPolicy }) => ({
        name: own,
        ports: kept,
        ...(restartPolicy === undefined ? {} : { restartPolicy }),
      }));
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: dropUndefined({ name, namespace, uid, labels, creationTimestamp, resourceVersion }),
    spec: dropUndefined({
      nodeName,
      hostNetwork,
      containers: ports(containers) ?? [],
      initContainers: ports(initContainers),
    }),
    status: dropUndefined({ phase, podIP, podIPs }),
  };
}

/** The object without its undefined fields. */
function dropUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  // True: only undefined values were taken away, and optional fields may be absent.
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
