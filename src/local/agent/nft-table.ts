import { familyOf, formatNetwork, type Family, type Network } from './address.ts';
import type { Allow, PeerMatch, PortMatch, Profile, Ruleset } from './ruleset.ts';

/** A named set or map of the kernel: its type and what is in it. */
export interface NftCollection {
  readonly form: 'set' | 'map';
  /** nft's type expression; of a map, with what it maps to. */
  readonly type: string;
  /** Key → value ('' in sets), both as nft reads them. */
  readonly elements: ReadonlyMap<string, string>;
}

/** The changing part of our table. The fixed part — base chains and who calls whom — is in `nft-script.ts`. */
export interface NftTable {
  readonly collections: ReadonlyMap<string, NftCollection>;
  /** Chain name → rules. Chains are named for their content and never change. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

const FAMILIES: readonly Family[] = [4, 6];
const ADDRESS_TYPE: Readonly<Record<Family, string>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' };
const HEADER: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' };

/** The verdict maps that the base chains look addresses up in; they exist even when nothing is isolated. */
export const VERDICT_MAPS = { ingress: 'ingress', egress: 'egress' } as const;

/** Pairs of equal addresses: a pod that reaches itself through a Service is never cut off. */
export const SELF_SET = 'self';

/** Name of a collection for one family: the kernel keeps addresses of the two apart. */
export const forFamily = (name: string, family: Family): string => `${name}_v${family}`;

/** Translates what a node enforces into sets, verdict maps and chains. Pure. */
export function nftTableOf(ruleset: Ruleset): NftTable {
  const collections = new Map<string, NftCollection>();
  const add = (
    name: string,
    elements: readonly Element[],
    form: NftCollection['form'],
    type: TypeOf,
  ): void => {
    for (const family of FAMILIES) {
      const own = elements.filter((element) => familyOf(element.address) === family);
      collections.set(forFamily(name, family), {
        form,
        type: type(ADDRESS_TYPE[family]),
        elements: new Map(own.map((element) => [element.key, element.value ?? ''])),
      });
    }
  };
  for (const direction of ['ingress', 'egress'] as const) {
    const verdicts = [...ruleset[direction]].map(([address, profile]) => ({
      address,
      key: address,
      value: `jump ${profile}`,
    }));
    add(VERDICT_MAPS[direction], verdicts, 'map', (address) => `${address} : verdict`);
  }
  const isolated = [...new Set([...ruleset.ingress.keys(), ...ruleset.egress.keys()])];
  const pairs = isolated.map((address) => ({ address, key: `${address} . ${address}` }));
  add(SELF_SET, pairs, 'set', (address) => `${address} . ${address}`);
  for (const [name, addresses] of ruleset.peers) {
    add(
      name,
      [...addresses].map((address) => ({ address, key: address })),
      'set',
      (address) => address,
    );
  }
  for (const [name, places] of ruleset.namedPorts) {
    const elements = places.map(({ address, protocol, port }) => ({
      address,
      key: `${address} . ${protocol.toLowerCase()} . ${port}`,
    }));
    add(name, elements, 'set', (address) => `${address} . inet_proto . inet_service`);
  }
  const chains = new Map([...ruleset.profiles].map(([name, profile]) => [name, chainOf(profile)]));
  return { collections, chains };
}

interface Element {
  readonly address: string;
  readonly key: string;
  readonly value?: string;
}
type TypeOf = (addressType: string) => string;

/** Allowed packets return to go on with the other direction's check; what nothing allows is dropped and counted. */
function chainOf(profile: Profile): string[] {
  const allowed = profile.allows.flatMap((allow) =>
    familiesOf(allow).map((family) => [...matches(allow, profile.direction, family), 'return'].join(' ')),
  );
  return [...new Set(allowed), 'counter drop'];
}

/** undefined: a rule that looks at no address serves both families at once. */
function familiesOf({ peers, ports }: Allow): readonly (Family | undefined)[] {
  if (peers.kind === 'block') return [peers.network.family];
  return peers.kind === 'any' && ports.kind !== 'named' ? [undefined] : FAMILIES;
}

function matches(allow: Allow, direction: Profile['direction'], family: Family | undefined): string[] {
  const peer = family === undefined ? [] : peerMatch(allow.peers, direction, family);
  return [...peer, ...portMatch(allow.ports, family)];
}

function peerMatch(peers: PeerMatch, direction: Profile['direction'], family: Family): string[] {
  const side = `${HEADER[family]} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  switch (peers.kind) {
    case 'any':
      return [];
    case 'pods':
      return [`${side} @${forFamily(peers.set, family)}`];
    case 'block': {
      const except = peers.except.map(formatNetwork).join(', ');
      return [blockMatch(side, peers.network), ...(except === '' ? [] : [`${side} != { ${except} }`])];
    }
  }
}

/** A network of length 0 can't be written as a prefix match; the family alone says it. */
function blockMatch(side: string, network: Network): string {
  if (network.prefix > 0) return `${side} ${formatNetwork(network)}`;
  return `meta nfproto ipv${network.family}`;
}

function portMatch(ports: PortMatch, family: Family | undefined): string[] {
  switch (ports.kind) {
    case 'any':
      return [];
    case 'protocol':
      return [`meta l4proto ${ports.protocol.toLowerCase()}`];
    case 'ranges': {
      const list = ports.ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
      return [`${ports.protocol.toLowerCase()} dport { ${list.join(', ')} }`];
    }
    case 'named': {
      const destination = `${HEADER[family ?? 4]} daddr . meta l4proto . th dport`;
      return [`${destination} @${forFamily(ports.set, family ?? 4)}`];
    }
  }
}
