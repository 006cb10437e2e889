import { BlockList, isIPv4 } from 'node:net';
import { WrongOption } from '../lib/wrong-option.ts';

/** Addresses of one family. */
export interface FamilyPlan {
  /** What a node's own address is taken from, in CIDR notation. */
  readonly nodes: string;
  readonly pods: string;
  readonly services: string;
  /** The address of the first node, which has the API server. */
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

/** Where one node is, in one family. */
export interface NodePlace {
  readonly address: string;
  /** The part of the cluster's pod addresses that this node gives out, in CIDR notation. */
  readonly pods: string;
}

/** What differs from node to node. */
export interface NodePlan {
  /** From 1 on; the first one has the API server, the others are workers. */
  readonly number: number;
  readonly name: string;
  readonly v4: NodePlace;
  readonly v6?: NodePlace | undefined;
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

/** Added to a node's number, gives the last part of its address. */
const NODE_OFFSET = 10;
/** Each takes some 200 MiB and shares the machine's processors with the others: more would only be slower. */
const MAX_NODES = 9;

/** Makes the plan. Throws WrongOption when a range is not one, has another size, or meets another of them. */
export function planNetwork(choice: NetworkChoice): NetworkPlan {
  const nodes = parse('--subnet', choice.nodes ?? '10.89.0.0/24', 24);
  const pods = parse('--pod-subnet', choice.pods ?? '10.244.0.0/16', 16);
  const services = parse('--service-subnet', choice.services ?? '10.96.0.0/16', 16);
  apart([
    ['--subnet', nodes],
    ['--pod-subnet', pods],
    ['--service-subnet', services],
  ]);
  const [n, s] = [nodes.prefix(3), services.prefix(2)];
  return {
    v4: {
      nodes: nodes.text,
      pods: pods.text,
      services: services.text,
      node: `${n}.${NODE_OFFSET + 1}`,
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
    services: `${site}:96::/112`,
    node: `${site}:89::${hex(NODE_OFFSET + 1, 1)}`,
    apiService: `${site}:96::1`,
  };
}

/** The nodes of a cluster. Throws WrongOption for a number of them that is not possible. */
export function planNodes(network: NetworkPlan, cluster: string, count: number): readonly NodePlan[] {
  if (!Number.isInteger(count) || count < 1 || count > MAX_NODES)
    throw new WrongOption(
      `--nodes is ${count}, which is not a number from 1 to ${MAX_NODES}`,
      'Two are enough to try what happens between nodes.',
    );
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    return {
      number,
      name: `${cluster}-${number}`,
      v4: {
        address: network.v4.nodes.replace(/0\/24$/, String(NODE_OFFSET + number)),
        pods: network.v4.pods.replace(/0\.0\/16$/, `${index}.0/24`),
      },
      ...(network.v6 === undefined ? {} : { v6: placeV6(network.v6, number) }),
    };
  });
}

/** The fourth part of a pod address tells the node. */
function placeV6({ nodes, pods }: FamilyPlan, number: number): NodePlace {
  return {
    address: nodes.replace('::/64', `::${hex(NODE_OFFSET + number, 1)}`),
    pods: pods.replace('::/56', number === 1 ? '::/64' : `:${hex(number - 1, 1)}::/64`),
  };
}

/** Both families of a plan, as far as there are two. */
export function families(plan: NetworkPlan): readonly FamilyPlan[] {
  return plan.v6 === undefined ? [plan.v4] : [plan.v4, plan.v6];
}

/** Where a node is, in the order of `families`. */
export function places(node: NodePlan): readonly NodePlace[] {
  return node.v6 === undefined ? [node.v4] : [node.v4, node.v6];
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

interface Range {
  readonly text: string;
  readonly octets: readonly number[];
  readonly bits: number;
  prefix(parts: number): string;
}

const EXAMPLES = { 16: '10.200.0.0/16', 24: '10.89.7.0/24' };

function parse(option: string, text: string, bits: 16 | 24): Range {
  const [address = '', size = ''] = text.split('/');
  const octets = address.split('.').map(Number);
  const zeroTail = octets.slice(bits / 8).every((octet) => octet === 0);
  if (!isIPv4(address) || size !== String(bits) || !zeroTail)
    throw new WrongOption(
      `${option} is "${text}", which is not a /${bits} of IPv4`,
      `Give a private range whose last parts are zero, such as ${EXAMPLES[bits]}.`,
    );
  const range = { text, octets, bits, prefix: (parts: number) => octets.slice(0, parts).join('.') };
  const taken = RESERVED.find(([reserved]) => meets(range, reserved));
  if (taken !== undefined)
    throw new WrongOption(
      `${option} is "${text}", which is ${taken[1]}`,
      `Give a private range, such as ${EXAMPLES[bits]}.`,
    );
  return range;
}

const reserved = (first: number, bits: number): Span => ({
  octets: [first, ...(bits === 16 ? [254] : [0]), 0, 0],
  bits,
});
/** Addresses that mean something else wherever they are: no node or Service would be reached by them. */
const RESERVED: readonly (readonly [Span, string])[] = [
  [reserved(0, 8), 'not for addresses of machines (0.0.0.0/8)'],
  [reserved(127, 8), 'for the machine itself (127.0.0.0/8)'],
  [reserved(169, 16), 'for links without addresses of their own (169.254.0.0/16)'],
  [reserved(224, 3), 'for groups and not for machines (224.0.0.0/3)'],
];

function apart(ranges: readonly (readonly [string, Range])[]): void {
  ranges.forEach(([name, range], index) => {
    for (const [other, second] of ranges.slice(index + 1)) {
      if (!meets(range, second)) continue;
      throw new WrongOption(
        `the subnet ${range.text} (${name}) is in use by ${other} (${second.text})`,
        `Give ${name} or ${other} a range that no other part of the cluster uses.`,
      );
    }
  });
}

type Span = Pick<Range, 'octets' | 'bits'>;

function meets(one: Span, two: Span): boolean {
  const contains = (outer: Span, inner: Span): boolean => {
    const list = new BlockList();
    list.addSubnet(outer.octets.join('.'), outer.bits);
    return list.check(inner.octets.join('.'));
  };
  return contains(one, two) || contains(two, one);
}
