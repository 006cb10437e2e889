import { BlockList, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Namespace, NetworkPolicy, Pod } from '../../kube/builtin-kinds.ts';
import { canonicalAddress } from './address.ts';
import { compilePolicies } from './compile-policies.ts';
import { nftTableOf, type NftTable } from './nft-table.ts';
import { policyPods } from './policy-pod.ts';
import type { PolicyPeer, PolicyPort } from './policy-objects.ts';

interface Packet {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
}

/*
 * An interpreter of the few statements that we write, as the kernel reads them: a second opinion on the compiler and on
 * the text that comes out of it.
 */

function passesTable(table: NftTable, packet: Packet): boolean {
  const family = isIPv6(packet.from) ? 'v6' : 'v4';
  const elements = (name: string): ReadonlyMap<string, string> =>
    table.collections.get(name)?.elements ?? new Map<string, string>();
  if (elements(`self_${family}`).has(`${packet.from} . ${packet.to}`)) return true;
  const jumps = [elements(`egress_${family}`).get(packet.from), elements(`ingress_${family}`).get(packet.to)];
  return jumps.every((jump) => jump === undefined || chainPasses(table, jump.replace('jump ', ''), packet));
}

function chainPasses(table: NftTable, chain: string, packet: Packet): boolean {
  for (const rule of table.chains.get(chain) ?? []) {
    if (rule === 'counter drop') return false;
    if (ruleMatches(table, rule.replace(/ ?return$/, ''), packet)) return true;
  }
  throw new Error(`chain ${chain} has no end`);
}

const STATEMENT =
  /^(?:(ip6?) daddr \. meta l4proto \. th dport @(\S+)|(ip6?) (saddr|daddr) (?:@(\S+)|(!= )?(?:\{ ([^}]*) \}|(\S+)))|meta (l4proto|nfproto) (\S+)|(tcp|udp|sctp) dport \{ ([^}]*) \}) ?/;

function ruleMatches(table: NftTable, rule: string, packet: Packet): boolean {
  const family = isIPv6(packet.from) ? 'ip6' : 'ip';
  let rest = rule;
  while (rest !== '') {
    const found = STATEMENT.exec(rest);
    if (found === null) throw new Error(`unknown statement: ${rest}`);
    const [text, placeFamily, place, sideFamily, side, set, not, many, one, meta, value, l4, ports] = found;
    rest = rest.slice(text.length);
    if ((placeFamily ?? sideFamily ?? family) !== family) return false;
    const address = side === 'saddr' ? packet.from : packet.to;
    const inSet = (name: string, key: string): boolean =>
      table.collections.get(name)?.elements.has(key) ?? false;
    if (place !== undefined && !inSet(place, `${packet.to} . ${packet.protocol} . ${packet.port}`))
      return false;
    if (set !== undefined && !inSet(set, address)) return false;
    const networks = many?.split(', ') ?? (one === undefined ? undefined : [one]);
    if (networks !== undefined && inNetworks(networks, address) === (not !== undefined)) return false;
    if (meta === 'l4proto' && value !== packet.protocol) return false;
    if (meta === 'nfproto' && value !== (family === 'ip' ? 'ipv4' : 'ipv6')) return false;
    if (l4 !== undefined && (l4 !== packet.protocol || !inPorts(ports ?? '', packet.port))) return false;
  }
  return true;
}

function inPorts(list: string, port: number): boolean {
  return list.split(', ').some((range) => {
    const [first = '', last = first] = range.split('-');
    return Number(first) <= port && port <= Number(last);
  });
}

/** Node's own address arithmetic, not ours; it takes IPv4 for a part of IPv6, which nft and Kubernetes do not. */
function inNetworks(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks.filter((one) => isIPv6(address) === one.includes(':'))) {
    const [base = '', prefix = ''] = network.split('/');
    list.addSubnet(base, Number(prefix), isIPv6(base) ? 'ipv6' : 'ipv4');
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/*
 * The rules of Kubernetes word by word, with no index, no set and no sharing.
 */

interface World {
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly policies: readonly NetworkPolicy[];
}
type Selector = NonNullable<PolicyPeer['podSelector']>;

function oracle(world: World, packet: Packet): boolean {
  if (packet.from === packet.to) return true;
  return (
    sideAllows(world, packet, { own: packet.from, other: packet.to, direction: 'Egress' }) &&
    sideAllows(world, packet, { own: packet.to, other: packet.from, direction: 'Ingress' })
  );
}

interface Side {
  readonly own: string;
  readonly other: string;
  readonly direction: 'Ingress' | 'Egress';
}

const podAt = (world: World, address: string): Pod | undefined =>
  world.pods.find((pod) => pod.status?.podIPs?.some(({ ip }) => canonicalAddress(ip ?? '') === address));

function sideAllows(world: World, packet: Packet, { own, other, direction }: Side): boolean {
  const pod = podAt(world, own);
  if (pod === undefined || pod.spec?.nodeName !== 'n1') return true;
  const selecting = world.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      selects(spec?.podSelector ?? {}, pod.metadata.labels) &&
      (spec?.policyTypes ?? []).includes(direction),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) => {
    const rules =
      direction === 'Ingress'
        ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from ?? [], ports: ports ?? [] }))
        : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to ?? [], ports: ports ?? [] }));
    return rules.some(
      ({ peers, ports }) =>
        (peers.length === 0 || peers.some((peer) => isPeer(world, peer, metadata.namespace, other))) &&
        (ports.length === 0 || ports.some((port) => isPort(world, port, packet))),
    );
  });
}

function isPeer(world: World, peer: PolicyPeer, namespace: string | undefined, address: string): boolean {
  if (peer.ipBlock !== undefined) {
    return inNetworks([peer.ipBlock.cidr], address) && !inNetworks(peer.ipBlock.except ?? [], address);
  }
  const pod = podAt(world, address);
  if (pod === undefined || !selects(peer.podSelector ?? {}, pod.metadata.labels)) return false;
  if (peer.namespaceSelector === undefined) return pod.metadata.namespace === namespace;
  const own = world.namespaces.find(({ metadata }) => metadata.name === pod.metadata.namespace);
  return own !== undefined && selects(peer.namespaceSelector, own.metadata.labels);
}

function isPort(world: World, entry: PolicyPort, packet: Packet): boolean {
  if ((entry.protocol ?? 'TCP').toLowerCase() !== packet.protocol) return false;
  if (entry.port === undefined) return true;
  if (typeof entry.port === 'number')
    return entry.port <= packet.port && packet.port <= (entry.endPort ?? entry.port);
  const containers = podAt(world, packet.to)?.spec?.containers ?? [];
  return containers
    .flatMap(({ ports = [] }) => ports)
    .some(
      ({ name, containerPort, protocol = 'TCP' }) =>
        name === entry.port && containerPort === packet.port && protocol.toLowerCase() === packet.protocol,
    );
}

function selects(selector: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  const expressed = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return operator === 'Exists' ? value !== undefined : value === undefined;
  });
  return equal && expressed;
}

/*
 * Small worlds, so that rules and packets meet often.
 */

const NAMESPACE_NAMES = ['a', 'b'];
const label = fc.constantFrom('x', 'y');
const labels = fc.dictionary(fc.constantFrom('k', 'l'), label, { maxKeys: 2 });
const selector: fc.Arbitrary<Selector> = fc.record(
  {
    matchLabels: fc.dictionary(fc.constantFrom('k', 'l'), label, { maxKeys: 1 }),
    matchExpressions: fc.array(
      fc.record({
        key: fc.constantFrom('k', 'l'),
        operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
        values: fc.array(label, { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: [] },
);
const blocks = fc.constantFrom(
  { cidr: '10.0.0.0/8', except: ['10.0.0.0/30', '10.0.0.0/31'] },
  { cidr: '0.0.0.0/0', except: ['10.0.0.4/30', '192.0.2.1/32'] },
  { cidr: '10.0.0.2/32' },
  { cidr: '::/0', except: ['fd00::/126'] },
  { cidr: 'fd00::5/125' },
);
const peer: fc.Arbitrary<PolicyPeer> = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.record({ ipBlock: blocks }),
);
const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP');
const port: fc.Arbitrary<PolicyPort> = fc.oneof(
  fc.record({ protocol, port: fc.integer({ min: 1, max: 6 }) }, { requiredKeys: [] }),
  fc.record({ protocol, port: fc.integer({ min: 1, max: 3 }), endPort: fc.integer({ min: 3, max: 6 }) }),
  fc.record({ protocol, port: fc.constantFrom('http', 'dns') }, { requiredKeys: ['port'] }),
);
const rule = fc.record(
  { peers: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const policies = fc.array(
  fc
    .record({
      namespace: fc.constantFrom(...NAMESPACE_NAMES),
      podSelector: selector,
      policyTypes: fc.subarray(['Ingress', 'Egress'], { minLength: 1 }),
      ingress: fc.array(rule, { maxLength: 2 }),
      egress: fc.array(rule, { maxLength: 2 }),
    })
    .map(({ namespace, ingress, egress, ...rest }) => ({
      namespace,
      spec: {
        ...rest,
        ingress: ingress.map(({ peers, ports }) => drop({ from: peers, ports })),
        egress: egress.map(({ peers, ports }) => drop({ to: peers, ports })),
      },
    })),
  { maxLength: 4 },
);
const pods = fc.array(
  fc.record({
    namespace: fc.constantFrom(...NAMESPACE_NAMES),
    labels,
    nodeName: fc.constantFrom('n1', 'n1', 'n2'),
    ports: fc.array(
      fc.record({
        name: fc.constantFrom('http', 'dns'),
        containerPort: fc.integer({ min: 1, max: 6 }),
        protocol,
      }),
      { maxLength: 2 },
    ),
  }),
  { minLength: 2, maxLength: 6 },
);
const world: fc.Arbitrary<World> = fc
  .record({ pods, policies, namespaceLabels: fc.tuple(labels, labels) })
  .map((draft) => ({
    namespaces: NAMESPACE_NAMES.map((name, index) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: draft.namespaceLabels[index] ?? {} },
    })),
    policies: draft.policies.map(({ namespace, spec }, index) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `p${index}`, namespace },
      spec,
    })),
    pods: draft.pods.map((pod, index) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod${index}`, uid: `u${index}`, namespace: pod.namespace, labels: pod.labels },
      spec: { nodeName: pod.nodeName, containers: [{ name: 'c', ports: pod.ports }] },
      status: { phase: 'Running', podIPs: [{ ip: `10.0.0.${index}` }, { ip: `fd00::${index}` }] },
    })),
  }));
const packet: fc.Arbitrary<Packet> = fc
  .record({
    six: fc.boolean(),
    from: fc.integer({ min: 0, max: 6 }),
    to: fc.integer({ min: 0, max: 6 }),
    protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    port: fc.integer({ min: 1, max: 6 }),
  })
  .map(({ six, from, to, ...rest }) => ({ ...rest, from: addressOf(six, from), to: addressOf(six, to) }));

/** Numbers beyond the pods are the world outside. */
function addressOf(six: boolean, number: number): string {
  const outside = number === 6;
  if (six) return canonicalAddress(outside ? '2001:db8::1' : `fd00::${number}`) ?? '';
  return outside ? '192.0.2.1' : `10.0.0.${number}`;
}

/** Without what is undefined: a missing list is not the same as an empty one. */
function drop<T extends object>(object: T): { [K in keyof T]: NonNullable<T[K]> } {
  // True: only undefined values are taken away, and the fields are optional where this is used.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}

describe('nftTableOf(compilePolicies)', () => {
  it('decides every packet as the words of the API say', () => {
    let allowed = 0;
    let refused = 0;
    fc.assert(
      fc.property(world, fc.array(packet, { minLength: 20, maxLength: 20 }), (one, packets) => {
        const table = nftTableOf(compilePolicies({ ...one, pods: policyPods(one.pods), nodeName: 'n1' }));
        for (const each of packets) {
          const expected = oracle(one, each);
          if (expected) allowed += 1;
          else refused += 1;

          expect({ packet: each, passes: passesTable(table, each) }).toEqual({
            packet: each,
            passes: expected,
          });
        }
      }),
      { numRuns: 400 },
    );
    // The worlds are not so that everything passes or nothing does.
    expect(Math.min(allowed, refused)).toBeGreaterThan(400);
  });
});
