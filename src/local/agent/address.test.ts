import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalAddress,
  containsAddress,
  containsNetwork,
  familyOf,
  formatAddress,
  formatNetwork,
  parseAddress,
  parseNetwork,
} from './address.ts';

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['fd00::1', 'fd00:0:0:0:0:0:0:1'],
    ['FD00:0:0::00A1', 'fd00:0:0:0:0:0:0:a1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['1::', '1:0:0:0:0:0:0:0'],
    ['::ffff:10.0.0.1', '0:0:0:0:0:ffff:a00:1'],
    ['fe80::1%eth0', undefined],
    ['10.0.0', undefined],
    ['', undefined],
  ])('%s is spelled %s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected);
  });

  it('survive a round trip through text in both families', () => {
    const value = fc.oneof(
      fc.record({ family: fc.constant<4>(4), value: fc.bigInt(0n, 2n ** 32n - 1n) }),
      fc.record({ family: fc.constant<6>(6), value: fc.bigInt(0n, 2n ** 128n - 1n) }),
    );
    fc.assert(
      fc.property(value, (address) => {
        const text = formatAddress(address.family, address.value);

        expect(parseAddress(text)).toEqual(address);
        expect(familyOf(text)).toBe(address.family);
      }),
    );
  });
});

describe('networks', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.0.0.1/32', '10.0.0.1/32'],
    ['fd00:1:2::/32', 'fd00:1:0:0:0:0:0:0/32'],
    ['::/0', '0:0:0:0:0:0:0:0/0'],
  ])('%s means %s', (text, expected) => {
    const network = parseNetwork(text);

    expect(network && formatNetwork(network)).toBe(expected);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/', 'x/8'])(
    'refuses %s',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );

  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', 'fd00::1', false],
    ['fd00::/64', 'fd00::ffff', true],
    ['fd00::/64', 'fd00:0:0:1::', false],
    ['10.0.0.4/30', '10.0.0.7', true],
    ['10.0.0.4/30', '10.0.0.8', false],
    ['10.0.0.0/8', 'no address', false],
  ])('%s contains %s: %s', (text, address, expected) => {
    const network = parseNetwork(text);

    expect(network !== undefined && containsAddress(network, address)).toBe(expected);
  });

  it('nest by prefix and family', () => {
    const [wide, narrow, other] = ['10.0.0.0/8', '10.1.0.0/16', '::/0'].map(parseNetwork);
    if (wide === undefined || narrow === undefined || other === undefined) throw new Error('unreadable');

    expect([
      containsNetwork(wide, narrow),
      containsNetwork(narrow, wide),
      containsNetwork(other, wide),
      containsNetwork(wide, wide),
    ]).toEqual([true, false, false, true]);
  });
});
