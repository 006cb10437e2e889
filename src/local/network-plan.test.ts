import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { planNetwork } from './network-plan.ts';

describe('planNetwork', () => {
  it('gives both families by default', () => {
    const plan = planNetwork({ ipv6: true });

    expect(plan.v4).toMatchObject({ node: '10.89.0.11', apiService: '10.96.0.1', nodePods: '10.244.0.0/24' });
    expect(plan.v6).toEqual({
      nodes: 'fd0a:5900:89::/64',
      pods: 'fd0a:5900:244::/56',
      nodePods: 'fd0a:5900:244::/64',
      services: 'fd0a:5900:96::/112',
      node: 'fd0a:5900:89::b',
      apiService: 'fd0a:5900:96::1',
    });
    expect(plan).toMatchObject({ dns: '10.96.0.10', loadBalancers: '10.89.0.200-10.89.0.250' });
  });

  it('leaves IPv6 out where the machine has none', () => {
    expect(planNetwork({ ipv6: false }).v6).toBeUndefined();
  });

  it('gives clusters of different subnets different addresses in both families', () => {
    const [one, two] = [planNetwork({ ipv6: true }), planNetwork({ ipv6: true, nodes: '10.255.3.0/24' })];

    expect(two.v6?.node).not.toBe(one.v6?.node);
    expect(isIPv6(two.v6?.node ?? '')).toBe(true);
    expect(two.v4.node).toBe('10.255.3.11');
  });

  it.each([
    ['--subnet', { nodes: '10.89.0.0/16' }],
    ['--subnet', { nodes: '10.89.0.4/24' }],
    ['--pod-subnet', { pods: 'fd00::/64' }],
    ['--service-subnet', { services: '300.1.0.0/16' }],
    ['--service-subnet', { services: '' }],
  ])('refuses what is no range of its size: %s %o', (option, choice) => {
    expect(() => planNetwork({ ipv6: false, ...choice })).toThrow(new RegExp(`^${option} is `));
  });

  it.each([
    [{ nodes: '10.244.7.0/24' }, '--subnet'],
    [{ services: '10.244.0.0/16' }, '--pod-subnet'],
    [{ pods: '10.89.0.0/16' }, '--subnet'],
  ])('refuses ranges that meet: %o', (choice, named) => {
    expect(() => planNetwork({ ipv6: false, ...choice })).toThrow(new RegExp(`in use by|${named}`));
  });
});
