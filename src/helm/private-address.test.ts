import { describe, expect, it } from 'vitest';
import { publicAddressCheck } from './private-address.ts';

describe('publicAddressCheck', () => {
  const isPublic = publicAddressCheck(['34.118.224.0/20']);

  it.each([
    '1.1.1.1',
    '172.32.0.1',
    '192.167.255.255',
    '2606:4700::1111',
    '2001:4860:4860::8888',
    '2a00:1450::1',
    '64:ff9b::101:101',
    '::ffff:8.8.8.8',
  ])('lets %s pass', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.96.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '255.255.255.255',
    '224.0.0.1',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:10:96::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '0:0:0:0:0:ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::7f00:1',
    'ff02::1',
    '34.118.224.1',
    '2001:0:7f00:1::', // Teredo
    '::ffff:0:7f00:1', // IPv4-translated
    '64:ff9b:1::7f00:1', // local NAT64
    'fec0::1',
    '100::1',
    '5f00::1', // segment routing
    '4000::1',
    '3fff::1',
    '2001:20::1', // ORCHID
    'localhost',
    '',
  ])('stops %s', (address) => {
    expect(isPublic(address)).toBe(false);
  });

  it('refuses a range that is none', () => {
    expect(() => publicAddressCheck(['10.0.0.0'])).toThrow(RangeError);
  });
});
