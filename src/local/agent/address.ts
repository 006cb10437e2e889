import { isIP, isIPv4 } from 'node:net';

/** 4 or 6: rules of the two families never mix. */
export type Family = 4 | 6;

/** A network: what a CIDR means, host bits cleared. */
export interface Network {
  readonly family: Family;
  readonly base: bigint;
  /** Bits that are fixed: 0–32 or 0–128. */
  readonly prefix: number;
}

/** The family of an address in text form; undefined if it is none. */
export function familyOf(address: string): Family | undefined {
  const family = isIP(address);
  return family === 4 || family === 6 ? family : undefined;
}

const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** An address as a number; undefined for text that is no address. Zones (`%eth0`) are not addresses of pods. */
export function parseAddress(text: string): { family: Family; value: bigint } | undefined {
  if (text.includes('%')) return undefined;
  if (isIPv4(text)) return { family: 4, value: parseV4(text) };
  return isIP(text) === 6 ? { family: 6, value: parseV6(text) } : undefined;
}

function parseV4(text: string): bigint {
  return text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseV6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = tail === undefined ? [] : Array<bigint>(8 - left.length - right.length).fill(0n);
  return [...left, ...zeros, ...right].reduce((value, group) => value * 0x10000n + group, 0n);
}

function groupsOf(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const low = parseV4(group);
    return [low / 0x10000n, low % 0x10000n];
  });
}

/** The text form: dotted for IPv4, lower-case groups without `::` for IPv6 (every tool reads it). */
export function formatAddress(family: Family, value: bigint): string {
  const [size, width, separator] = family === 4 ? [4, 8n, '.'] : [8, 16n, ':'];
  const parts = Array.from({ length: size }, (_, index) => {
    const part = (value >> (width * BigInt(size - 1 - index))) & ((1n << width) - 1n);
    return part.toString(family === 4 ? 10 : 16);
  });
  return parts.join(separator);
}

/** One spelling an address: pods, rules and packets are compared as text. Undefined if it is no address. */
export function canonicalAddress(text: string): string | undefined {
  // IPv4 has one spelling only; this is the hot path.
  if (isIPv4(text)) return text;
  const parsed = parseAddress(text);
  return parsed === undefined ? undefined : formatAddress(parsed.family, parsed.value);
}

/** Reads `10.0.0.0/8` or `fd00::/8`; undefined if it is no CIDR. Host bits are cleared, as the kernel would. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const parsed = parseAddress(address);
  if (parsed === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  const bits = bitsOf(parsed.family);
  if (prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  return { family: parsed.family, base: (parsed.value >> host) << host, prefix };
}

/** `base/prefix`. */
export function formatNetwork(network: Network): string {
  return `${formatAddress(network.family, network.base)}/${network.prefix}`;
}

/** True if every address of `inner` is in `outer`. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || inner.prefix < outer.prefix) return false;
  const host = BigInt(bitsOf(outer.family) - outer.prefix);
  return inner.base >> host === outer.base >> host;
}

/** True if the address lies in the network; false for text that is no address. */
export function containsAddress(network: Network, address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === undefined) return false;
  return containsNetwork(network, {
    family: parsed.family,
    base: parsed.value,
    prefix: bitsOf(parsed.family),
  });
}
