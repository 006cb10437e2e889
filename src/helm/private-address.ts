import { BlockList, isIP } from 'node:net';

/**
 * Addresses that a chart URL may not reach unless the operator is told otherwise: whoever may register a service could
 * else make the operator ask the cloud's metadata service, the API server or a neighbour, and read the answer.
 */

/** Special-purpose ranges of IANA's registries (RFC 6890 and successors). */
const IPV4_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; also used by clouds for metadata and by overlays
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, where clouds serve metadata
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4', // reserved, with the broadcast address
] as const;

/** The Internet is within 2000::/3 and nowhere else; what is special inside follows. */
const IPV6_RANGES = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23', // protocol assignments: Teredo, which carries an IPv4 address in disguise, benchmarks, ORCHID
  '2001:db8::/32',
  '2002::/16', // 6to4: carries an IPv4 address, too
  '3fff::/20', // documentation
] as const;

/** Answers whether an address is one of the Internet's. Made once; `extra` are the cluster's own ranges in CIDR form. */
export type AddressCheck = (address: string) => boolean;

/** Makes the check. Throws RangeError for a range that is no CIDR. */
export function publicAddressCheck(extra: readonly string[] = []): AddressCheck {
  // Two lists: one of both would take every IPv4 address for one in ::/3, as its mapped form.
  const [blocked4, blocked6] = [new BlockList(), new BlockList()];
  for (const range of [...IPV4_RANGES, ...IPV6_RANGES, ...extra])
    addRange(range.includes(':') ? blocked6 : blocked4, range);
  return (address) => {
    const plain = address.replace(/%.*$/, ''); // a zone makes it link-local anyhow
    const family = isIP(plain);
    if (family === 4) return !blocked4.check(plain, 'ipv4');
    if (family !== 6) return false;
    const inner = embeddedIpv4(plain);
    return inner === undefined ? !blocked6.check(plain, 'ipv6') : !blocked4.check(inner, 'ipv4');
  };
}

function addRange(list: BlockList, range: string): void {
  const [address = '', bits = ''] = range.split('/');
  const family = isIP(address);
  if (family === 0 || !/^\d+$/.test(bits)) throw new RangeError(`${range} is no address range (a.b.c.d/n)`);
  list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
}

/** The IPv4 address inside an IPv4-mapped (::ffff:0:0/96) or NAT64 (64:ff9b::/96) one, however it is spelled. */
function embeddedIpv4(address: string): string | undefined {
  // The URL parser writes every spelling of an IPv6 address in its one canonical way.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const match = /^(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(canonical);
  if (match === null) return undefined;
  const high = Number.parseInt(match[1] ?? '0', 16);
  const low = Number.parseInt(match[2] ?? '0', 16);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
