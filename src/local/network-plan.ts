import { BlockList, isIPv4 } from 'node:net';
import { LocalError } from './local-error.ts';

/** Addresses of one family. */
export interface FamilyPlan {
  /** What a node's own address is taken from, in CIDR notation. */
  readonly nodes: string;
  readonly pods: string;
  /** The part of `pods` that the first node gives out. */
  readonly nodePods: string;
  readonly services: string;
  /** The node's address. */
  readonly node: string;
  /** Where the API server is reached from inside: the first address of the services. */
  readonly apiService: string;
}

/** All addresses of a cluster. They exist only inside the node's own network namespace: nothing of the machine's is used. */
export interface NetworkPlan {
  readonly v4: FamilyPlan;
  /** Absent where the machine has no IPv6. */
  readonly v6?: FamilyPlan | undefined;
  readonly dns: string;
  /** Where Services of type LoadBalancer get their addresses from: `first-last`. */
  readonly loadBalancers: string;
}

/** Ranges that a user may choose; IPv4 in CIDR notation. */
export interface NetworkChoice {
  /** /24 for the nodes and load balancers. */
  readonly nodes?: string | undefined;
  /** /16 for pods. */
  readonly pods?: string | undefined;
  /** /16 for Services. */
  readonly services?: string | undefined;
  readonly ipv6: boolean;
}

/** The last part of the first node's address. */
const FIRST_NODE = 11;

/** Makes the plan. Throws LocalError when a range is not one, has another size, or meets another of them. */
export function planNetwork(choice: NetworkChoice): NetworkPlan {
  const nodes = parse('--subnet', choice.nodes ?? '10.89.0.0/24', 24);
  const pods = parse('--pod-subnet', choice.pods ?? '10.244.0.0/16', 16);
  const services = parse('--service-subnet', choice.services ?? '10.96.0.0/16', 16);
  apart([
    ['--subnet', nodes],
    ['--pod-subnet', pods],
    ['--service-subnet', services],
  ]);
  const [n, p, s] = [nodes.prefix(3), pods.prefix(2), services.prefix(2)];
  return {
    v4: {
      nodes: nodes.text,
      pods: pods.text,
      nodePods: `${p}.0.0/24`,
      services: services.text,
      node: `${n}.${FIRST_NODE}`,
      apiService: `${s}.0.1`,
    },
    ...(choice.ipv6 ? { v6: planV6(nodes.octets) } : {}),
    dns: `${s}.0.10`,
    loadBalancers: `${n}.200-${n}.250`,
  };
}

/** Unique local addresses (RFC 4193) that carry the IPv4 range's numbers, so that two clusters differ in both families. */
function planV6([a = 0, b = 0, c = 0]: readonly number[]): FamilyPlan {
  const site = `fd${hex(a, 2)}:${hex((b << 8) | c, 1)}`;
  return {
    nodes: `${site}:89::/64`,
    pods: `${site}:244::/56`,
    nodePods: `${site}:244::/64`,
    services: `${site}:96::/112`,
    node: `${site}:89::${hex(FIRST_NODE, 1)}`,
    apiService: `${site}:96::1`,
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

interface Range {
  readonly text: string;
  readonly octets: readonly number[];
  readonly bits: number;
  prefix(parts: number): string;
}

function parse(option: string, text: string, bits: number): Range {
  const [address = '', size = ''] = text.split('/');
  const octets = address.split('.').map(Number);
  const zeroTail = octets.slice(bits / 8).every((octet) => octet === 0);
  if (!isIPv4(address) || Number(size) !== bits || !zeroTail)
    throw new LocalError(
      `${option} is "${text}", which is not a /${bits} of IPv4`,
      `Give a private range whose last parts are zero, such as ${bits === 24 ? '10.89.7.0/24' : '10.200.0.0/16'}.`,
    );
  return { text, octets, bits, prefix: (parts) => octets.slice(0, parts).join('.') };
}

function apart(ranges: readonly (readonly [string, Range])[]): void {
  ranges.forEach(([name, range], index) => {
    for (const [other, second] of ranges.slice(index + 1)) {
      if (!meets(range, second)) continue;
      throw new LocalError(
        `the subnet ${range.text} (${name}) is in use by ${other} (${second.text})`,
        `Give ${name} or ${other} a range that no other part of the cluster uses.`,
      );
    }
  });
}

function meets(one: Range, two: Range): boolean {
  const contains = (outer: Range, inner: Range): boolean => {
    const list = new BlockList();
    list.addSubnet(outer.octets.join('.'), outer.bits);
    return list.check(inner.octets.join('.'));
  };
  return contains(one, two) || contains(two, one);
}
