import type { Network } from './address.ts';
import type { Protocol } from './policy-objects.ts';

/** Whom a rule speaks of: the other end of the connection. */
export type PeerMatch =
  | { readonly kind: 'any' }
  /** A set of `Ruleset.peers`. */
  | { readonly kind: 'pods'; readonly set: string }
  | { readonly kind: 'block'; readonly network: Network; readonly except: readonly Network[] };

/** Which destination ports a rule opens. */
export type PortMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  /** Inclusive, sorted, apart from each other. */
  | {
      readonly kind: 'ranges';
      readonly protocol: Protocol;
      readonly ranges: readonly (readonly [number, number])[];
    }
  /** A set of `Ruleset.namedPorts`: destination address, protocol and port together. */
  | { readonly kind: 'named'; readonly set: string };

/** One thing that is allowed. */
export interface Allow {
  readonly peers: PeerMatch;
  readonly ports: PortMatch;
}

/** What the pods under the same policies may receive, or send. Nothing else passes. */
export interface Profile {
  readonly direction: 'ingress' | 'egress';
  readonly allows: readonly Allow[];
}

/**
 * All that one node enforces, as plain data: which of its pods' addresses are isolated and what they may do all the
 * same. Addresses without a profile are not isolated in that direction.
 */
export interface Ruleset {
  /** Local pod address → name of its ingress profile. */
  readonly ingress: ReadonlyMap<string, string>;
  /** Local pod address → name of its egress profile. */
  readonly egress: ReadonlyMap<string, string>;
  /** Named for their content, so that a profile never changes: another one takes its place. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Set name → addresses of the pods that a peer's selectors choose. The name stands for the selectors. */
  readonly peers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Set name → where a named port is: destination, protocol, port. */
  readonly namedPorts: ReadonlyMap<string, readonly NamedPortAt[]>;
}

/** One address at which a port's name means this number. */
export interface NamedPortAt {
  readonly address: string;
  readonly protocol: Protocol;
  readonly port: number;
}
