import type { Node } from '../../kube/builtin-kinds.ts';

/** Ranges listed in one policy at most; larger clusters state theirs in the operator's settings. */
const MAX_RANGES = 100;
/** Addresses that the policies exclude anyhow. */
const PRIVATE =
  /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe[89ab])/i;

/** Pod ranges that the nodes' objects name. */
export function podRanges(nodes: readonly Node[]): readonly string[] {
  const ranges = nodes.flatMap(
    ({ spec }) => spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
  );
  return [...new Set(ranges)].sort().slice(0, MAX_RANGES);
}

/** Addresses of nodes that are not in a private range, as ranges of one. */
export function publicNodeRanges(nodes: readonly Node[]): readonly string[] {
  const addresses = nodes
    .flatMap(({ status }) => status?.addresses ?? [])
    .filter(({ type, address }) => (type === 'InternalIP' || type === 'ExternalIP') && !PRIVATE.test(address))
    .map(({ address }) => `${address}/${address.includes(':') ? 128 : 32}`);
  return [...new Set(addresses)].sort().slice(0, MAX_RANGES);
}
