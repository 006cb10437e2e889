import { shortHash } from '../../lib/hash.ts';
import { matchesSelector, type LabelSelector } from '../../kube/selector.ts';
import type { Namespace, NetworkPolicy } from '../../kube/builtin-kinds.ts';
import { containsNetwork, formatNetwork, parseNetwork, type Network } from './address.ts';
import { protocolOf, type PolicyPeer, type PolicyPort, type Protocol } from './policy-objects.ts';
import type { PolicyPod } from './policy-pod.ts';
import type { Allow, NamedPortAt, PeerMatch, PortMatch, Profile, Ruleset } from './ruleset.ts';

/** Hex digits of names made from content: 96 bits, so that nobody finds two selectors of one name. */
const NAME_DIGITS = 24;

/** Highest port number there is. */
const MAX_PORT = 65_535;

/** What the compiler looks at. */
export interface PolicyWorld {
  readonly policies: readonly NetworkPolicy[];
  readonly pods: readonly PolicyPod[];
  readonly namespaces: readonly Namespace[];
  /** Only this node's pods are enforced here; the others are peers. */
  readonly nodeName: string;
}

type Direction = Profile['direction'];
type Rule = { readonly peers: readonly PolicyPeer[]; readonly ports: readonly PolicyPort[] };

/**
 * Compiles NetworkPolicies (networking.k8s.io/v1) into what one node enforces. Pure; the same input gives the same
 * names, so that two results can be compared.
 *
 * A pod that no policy selects for a direction is free in that direction. One that is selected may do what the rules of
 * all its policies allow together. Ports are those of the pod, not of a Service: rules act after address translation.
 */
export function compilePolicies(world: PolicyWorld): Ruleset {
  return new Compilation(world).run();
}

/** The working state of one compilation: indexes of the world and the sets found so far. */
class Compilation {
  readonly #world: PolicyWorld;
  readonly #podsOf = new Map<string, PolicyPod[]>();
  readonly #policiesOf = new Map<string, NetworkPolicy[]>();
  readonly #allows = new Map<string, readonly Allow[]>();
  readonly #peers = new Map<string, ReadonlySet<string>>();
  readonly #namedPorts = new Map<string, readonly NamedPortAt[]>();
  readonly #profiles = new Map<string, Profile>();
  readonly #profileOf = new Map<string, string>();

  constructor(world: PolicyWorld) {
    this.#world = world;
    for (const pod of world.pods) push(this.#podsOf, pod.namespace, pod);
    const sorted = [...world.policies].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    for (const policy of sorted) push(this.#policiesOf, policy.metadata.namespace ?? '', policy);
  }

  run(): Ruleset {
    const ingress = new Map<string, string>();
    const egress = new Map<string, string>();
    for (const pod of this.#world.pods) {
      if (pod.nodeName !== this.#world.nodeName) continue;
      const inbound = this.#profile(pod, 'ingress');
      const outbound = this.#profile(pod, 'egress');
      for (const address of pod.addresses) {
        if (inbound !== undefined) ingress.set(address, inbound);
        if (outbound !== undefined) egress.set(address, outbound);
      }
    }
    return { ingress, egress, profiles: this.#profiles, peers: this.#peers, namedPorts: this.#namedPorts };
  }

  #profile(pod: PolicyPod, direction: Direction): string | undefined {
    const policies = (this.#policiesOf.get(pod.namespace) ?? []).filter(
      (policy) => isolates(policy, direction) && matchesSelector(policy.spec?.podSelector ?? {}, pod.labels),
    );
    if (policies.length === 0) return undefined;
    const memo = JSON.stringify([direction, ...policies.map(keyOf)]);
    const known = this.#profileOf.get(memo);
    if (known !== undefined) return known;
    const allows = distinct(policies.flatMap((policy) => this.#allowsOf(policy, direction)));
    const name = `${direction}_${shortHash(JSON.stringify(allows, plainBigInt), NAME_DIGITS)}`;
    this.#profiles.set(name, { direction, allows });
    this.#profileOf.set(memo, name);
    return name;
  }

  #allowsOf(policy: NetworkPolicy, direction: Direction): readonly Allow[] {
    const memo = `${direction} ${keyOf(policy)}`;
    const known = this.#allows.get(memo);
    if (known !== undefined) return known;
    const namespace = policy.metadata.namespace ?? '';
    const allows = rulesOf(policy, direction).flatMap((rule) => {
      const peers = this.#peerMatches(rule.peers, namespace);
      const ports = this.#portMatches(rule.ports);
      return peers.flatMap((peer) => ports.map((port) => ({ peers: peer, ports: port })));
    });
    this.#allows.set(memo, allows);
    return allows;
  }

  /** An empty or missing list of peers means everybody. A peer that says nothing, or nothing readable, means nobody. */
  #peerMatches(peers: readonly PolicyPeer[], namespace: string): PeerMatch[] {
    if (peers.length === 0) return [{ kind: 'any' }];
    return peers.flatMap((peer): PeerMatch[] => {
      if (peer.ipBlock !== undefined) return blockMatch(peer.ipBlock);
      if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return [];
      return [{ kind: 'pods', set: this.#peerSet(peer, namespace) }];
    });
  }

  #peerSet(peer: PolicyPeer, namespace: string): string {
    const { namespaceSelector, podSelector = {} } = peer;
    const scope =
      namespaceSelector === undefined ? { namespace } : { namespaceSelector: ordered(namespaceSelector) };
    const name = `peers_${shortHash(JSON.stringify([scope, ordered(podSelector)]), NAME_DIGITS)}`;
    if (!this.#peers.has(name)) {
      const namespaces = namespaceSelector === undefined ? [namespace] : this.#namespaces(namespaceSelector);
      const chosen = namespaces
        .flatMap((one) => this.#podsOf.get(one) ?? [])
        .filter((pod) => matchesSelector(podSelector, pod.labels));
      this.#peers.set(name, new Set(chosen.flatMap((pod) => pod.addresses)));
    }
    return name;
  }

  #namespaces(selector: LabelSelector): string[] {
    return this.#world.namespaces
      .filter((namespace) => matchesSelector(selector, namespace.metadata.labels))
      .map((namespace) => namespace.metadata.name);
  }

  /** An empty or missing list of ports means all traffic, whatever the protocol. */
  #portMatches(ports: readonly PolicyPort[]): PortMatch[] {
    if (ports.length === 0) return [{ kind: 'any' }];
    const whole = new Set<Protocol>();
    const named = new Set<string>();
    const ranges = new Map<Protocol, [number, number][]>();
    for (const entry of ports) {
      const { port, endPort } = entry;
      const protocol = protocolOf(entry);
      if (protocol === undefined) continue;
      if (port === undefined) whole.add(protocol);
      else if (typeof port === 'string') named.add(this.#namedPortSet(port, protocol));
      else push(ranges, protocol, [port, Math.min(endPort ?? port, MAX_PORT)]);
    }
    return [
      ...[...whole].map((protocol): PortMatch => ({ kind: 'protocol', protocol })),
      ...[...ranges]
        .filter(([protocol]) => !whole.has(protocol))
        .map(([protocol, list]): PortMatch => ({ kind: 'ranges', protocol, ranges: mergeRanges(list) })),
      ...[...named].map((set): PortMatch => ({ kind: 'named', set })),
    ];
  }

  /** One set a name and protocol, over all pods: which of them a rule reaches is said by its peers. */
  #namedPortSet(port: string, protocol: Protocol): string {
    const name = `port_${shortHash(`${protocol} ${port}`, NAME_DIGITS)}`;
    if (!this.#namedPorts.has(name)) {
      const places = this.#world.pods.flatMap((pod) =>
        pod.namedPorts
          .filter((entry) => entry.name === port && entry.protocol === protocol)
          .flatMap((entry) => pod.addresses.map((address) => ({ address, protocol, port: entry.port }))),
      );
      this.#namedPorts.set(name, places);
    }
    return name;
  }
}

const keyOf = (policy: NetworkPolicy): string => `${policy.metadata.namespace ?? ''}/${policy.metadata.name}`;

/** `policyTypes` as the API server defaults it: ingress always, egress where there are egress rules. */
function isolates(policy: NetworkPolicy, direction: Direction): boolean {
  const types = policy.spec?.policyTypes;
  if (types !== undefined && types.length > 0) {
    return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
  }
  return direction === 'ingress' || (policy.spec?.egress ?? []).length > 0;
}

function rulesOf(policy: NetworkPolicy, direction: Direction): Rule[] {
  return direction === 'ingress'
    ? (policy.spec?.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (policy.spec?.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }));
}

function blockMatch(block: NonNullable<PolicyPeer['ipBlock']>): PeerMatch[] {
  const network = parseNetwork(block.cidr);
  if (network === undefined) return [];
  const except = (block.except ?? []).map(parseNetwork);
  // An exception that can't be read would open what somebody wanted closed.
  if (except.some((entry) => entry === undefined)) return [];
  return [{ kind: 'block', network, except: outermost(except.filter((entry) => entry !== undefined)) }];
}

/** Without networks that lie in another one: networks nest or are apart, so what is left is apart. */
function outermost(networks: readonly Network[]): Network[] {
  const unique = [...new Map(networks.map((network) => [formatNetwork(network), network])).values()];
  return unique.filter((inner) => !unique.some((outer) => outer !== inner && containsNetwork(outer, inner)));
}

/** Sorted and apart; ranges that touch become one. A range that ends before it begins is nothing. */
export function mergeRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const previous = merged.at(-1);
    if (last < first) continue;
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function distinct(allows: readonly Allow[]): Allow[] {
  return [...new Map(allows.map((allow) => [JSON.stringify(allow, plainBigInt), allow])).values()];
}

/** The selector with its labels in order, so that two spellings get one name. */
function ordered(selector: LabelSelector): unknown {
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return [labels, selector.matchExpressions ?? []];
}

function plainBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString(16) : value;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
