import { REVIEW_HOST } from '../../api/virtual-cluster.ts';
import type { Pod, Service } from '../../kube/builtin-kinds.ts';

/** Where a tenant's API server finds a kubelet. */
const KUBELET_PORT = 10_250;
const HTTPS_PORT = 443;

/** What a CONNECT leads to. */
export type Target =
  | { readonly is: 'kubelet'; readonly host: string }
  | { readonly is: 'review' }
  | { readonly is: 'dial'; readonly address: string; readonly port: number }
  | { readonly is: 'refused'; readonly reason: string };

/** What the host says of a tenant: nothing in here can be written by the tenant. */
export interface HostFacts {
  /** The tenant's pods on the host. */
  pods(): readonly Pod[];
  /** The tenant's Services on the host. */
  services(): readonly Service[];
  /** The Service on the host of one of the tenant's. */
  serviceOf(namespace: string, name: string): Service | undefined;
}

/**
 * Decides where a tenant's API server may be connected to. It dials what its tenant writes, into webhooks, nodes and
 * API services; so only what the host says is this tenant's is ever dialled, and of that only pods, never an address that
 * something else could have.
 */
export function chooseTarget(authority: string, facts: HostFacts): Target {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(authority);
  const host = match?.[1]?.toLowerCase();
  const port = Number(match?.[2]);
  if (host === undefined || port < 1 || port > 65_535) return { is: 'refused', reason: 'not an address' };
  if (host === REVIEW_HOST) return port === HTTPS_PORT ? { is: 'review' } : refused();
  if (port === KUBELET_PORT && isNode(host, facts)) return { is: 'kubelet', host };
  const pod = facts.pods().find((one) => addressesOf(one).includes(host));
  if (pod !== undefined) return { is: 'dial', address: host, port };
  const service =
    named(host, facts) ?? facts.services().find(({ spec }) => spec?.clusterIPs?.includes(host) === true);
  return service === undefined ? refused() : behind(service, port, facts);
}

function refused(): Target {
  return { is: 'refused', reason: 'only pods, Services and nodes of this cluster can be reached' };
}

function isNode(host: string, facts: HostFacts): boolean {
  return facts.pods().some(({ spec, status }) => spec?.nodeName === host || status?.hostIP === host);
}

/** Addresses that are the pod's alone: one on the node's network has the node's, where everything else listens, too. */
function addressesOf({ spec, status, metadata }: Pod): readonly string[] {
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (spec?.hostNetwork === true || isOver || metadata.deletionTimestamp !== undefined) return [];
  return [status?.podIP ?? '', ...(status?.podIPs ?? []).map(({ ip }) => ip ?? '')].filter((ip) => ip !== '');
}

function named(host: string, facts: HostFacts): Service | undefined {
  const match = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc$/.exec(host);
  const [, name, namespace] = match ?? [];
  return name === undefined || namespace === undefined ? undefined : facts.serviceOf(namespace, name);
}

/**
 * A pod behind a Service. Not the Service's own address: what stands behind that is decided by endpoints, which a tenant
 * can write where a Service has no selector.
 */
function behind({ spec }: Service, port: number, facts: HostFacts): Target {
  const selector = Object.entries(spec?.selector ?? {});
  const targetPort = spec?.ports?.find((one) => one.port === port)?.targetPort ?? port;
  if (selector.length === 0) return { is: 'refused', reason: 'the Service selects no pods' };
  for (const pod of facts.pods()) {
    const [address] = addressesOf(pod);
    const isSelected = selector.every(([key, value]) => pod.metadata.labels?.[key] === value);
    const number = typeof targetPort === 'number' ? targetPort : portOf(pod, targetPort);
    if (address !== undefined && isSelected && number !== undefined && isReady(pod))
      return { is: 'dial', address, port: number };
  }
  return { is: 'refused', reason: 'no pod of the Service is ready' };
}

function isReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');
}

function portOf({ spec }: Pod, name: string): number | undefined {
  for (const { ports } of spec?.containers ?? [])
    for (const port of ports ?? []) if (port.name === name) return port.containerPort;
  return undefined;
}
