import type { Service } from '../../kube/builtin-kinds.ts';
import { canonicalAddress, formatAddress, parseAddress, type Family } from './address.ts';

/** Class name that Services may ask for by `spec.loadBalancerClass`; those without a class are ours as well. */
export const LOAD_BALANCER_CLASS = 'tenantry.dev/local';

/** Addresses from first to last, both included. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** What a Service got: one address a family, or why it got none. */
export type Grant =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string };

/** Service UID → addresses it got before, for what the store does not show yet. */
export type Remembered = ReadonlyMap<string, readonly string[]>;

/** Reads `10.89.0.200-10.89.0.250`. Throws an Error that names the text. */
export function parseRange(text: string): AddressRange {
  const [first, last, ...rest] = text.split('-').map((part) => parseAddress(part.trim()));
  if (
    first === undefined ||
    last === undefined ||
    rest.length > 0 ||
    first.family !== last.family ||
    first.value > last.value
  ) {
    throw new Error(
      `load balancer range "${text}": write the first and the last address of one family, e.g. 10.89.0.200-10.89.0.250`,
    );
  }
  return { family: first.family, first: first.value, last: last.value };
}

/** Text (`10.0.0.1`) in one of the ranges. */
export function inRanges(ranges: readonly AddressRange[], address: string): boolean {
  const parsed = parseAddress(address);
  return (
    parsed !== undefined &&
    ranges.some(
      ({ family, first, last }) => family === parsed.family && first <= parsed.value && parsed.value <= last,
    )
  );
}

/** True for Services that wait for an address from here. */
export function wantsAddress(service: Service): boolean {
  const { type, loadBalancerClass } = service.spec ?? {};
  return (
    type === 'LoadBalancer' && (loadBalancerClass === undefined || loadBalancerClass === LOAD_BALANCER_CLASS)
  );
}

/**
 * Gives every Service its addresses. Pure; no address is given twice, whatever the statuses say. Who has one keeps it
 * (the older Service, where two claim one), unless it asks for another by `spec.loadBalancerIP`. New ones get the one they
 * ask for or the lowest free one.
 */
export function allocate(
  services: readonly Service[],
  ranges: readonly AddressRange[],
  remembered: Remembered,
): ReadonlyMap<string, Grant> {
  const sorted = services.filter(wantsAddress).sort(oldestFirst);
  const taken = new Map<string, string>();
  const kept = sorted.map((service) => keep(service, ranges, remembered, taken));
  return new Map(
    sorted.map((service, index) => [uidOf(service), complete(service, kept[index] ?? [], ranges, taken)]),
  );
}

const uidOf = (service: Service): string => service.metadata.uid ?? '';

function oldestFirst(a: Service, b: Service): number {
  const [left = '', right = ''] = [a, b].map(
    (one) => `${one.metadata.creationTimestamp ?? ''}/${uidOf(one)}`,
  );
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function familiesOf(service: Service): readonly Family[] {
  const families = service.spec?.ipFamilies ?? ['IPv4'];
  return families.map((family) => (family === 'IPv6' ? 6 : 4));
}

const familyIn = (address: string): Family | undefined => parseAddress(address)?.family;

function keep(
  service: Service,
  ranges: readonly AddressRange[],
  remembered: Remembered,
  taken: Map<string, string>,
): string[] {
  const shown = (service.status?.loadBalancer?.ingress ?? []).flatMap(
    ({ ip }) => canonicalAddress(ip ?? '') ?? [],
  );
  const had = remembered.get(uidOf(service)) ?? shown;
  const wished = canonicalAddress(service.spec?.loadBalancerIP ?? '');
  return familiesOf(service).flatMap((family) => {
    const wish = wished !== undefined && familyIn(wished) === family ? wished : undefined;
    const address = had.find((one) => familyIn(one) === family && (wish === undefined || wish === one));
    if (address === undefined || taken.has(address) || !inRanges(ranges, address)) return [];
    taken.set(address, uidOf(service));
    return [address];
  });
}

function complete(
  service: Service,
  kept: readonly string[],
  ranges: readonly AddressRange[],
  taken: Map<string, string>,
): Grant {
  const served = familiesOf(service).filter((family) => ranges.some((range) => range.family === family));
  if (served.length === 0) {
    const message = `No load balancer addresses of the family ${familiesOf(service)
      .map((one) => `IPv${one}`)
      .join(', ')} exist in this cluster`;
    return { kind: 'refused', reason: 'NoAddressRange', message };
  }
  // In the order of the Service's families, so that the answer does not depend on what was there.
  const addresses: string[] = [];
  for (const family of served) {
    const own = kept.find((address) => familyIn(address) === family);
    const found: Grant =
      own === undefined ? choose(service, family, ranges, taken) : { kind: 'addresses', addresses: [own] };
    if (found.kind === 'refused') return found;
    addresses.push(...found.addresses);
  }
  for (const address of addresses) taken.set(address, uidOf(service));
  return { kind: 'addresses', addresses };
}

function choose(
  service: Service,
  family: Family,
  ranges: readonly AddressRange[],
  taken: ReadonlyMap<string, string>,
): Grant {
  const wished = canonicalAddress(service.spec?.loadBalancerIP ?? '');
  if (wished !== undefined && familyIn(wished) === family) {
    if (!inRanges(ranges, wished)) {
      const message = `spec.loadBalancerIP: ${wished} is not one of this cluster's addresses (${rangesText(ranges, family)}); choose one of them or leave it out`;
      return { kind: 'refused', reason: 'AddressNotInRange', message };
    }
    if (taken.has(wished)) {
      const message = `spec.loadBalancerIP: ${wished} is in use by another Service; choose another one or leave it out`;
      return { kind: 'refused', reason: 'AddressInUse', message };
    }
    return { kind: 'addresses', addresses: [wished] };
  }
  for (const range of ranges.filter((one) => one.family === family)) {
    for (let value = range.first; value <= range.last; value += 1n) {
      const address = formatAddress(family, value);
      if (!taken.has(address)) return { kind: 'addresses', addresses: [address] };
    }
  }
  const message = `All load balancer addresses (${rangesText(ranges, family)}) are in use; delete a Service of type LoadBalancer or widen the range`;
  return { kind: 'refused', reason: 'AddressesExhausted', message };
}

function rangesText(ranges: readonly AddressRange[], family: Family): string {
  return ranges
    .filter((range) => range.family === family)
    .map(({ first, last }) => `${formatAddress(family, first)}-${formatAddress(family, last)}`)
    .join(', ');
}
