import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { planNetwork, planNodes } from './network-plan.ts';

describe('planNetwork', () => {
  it('gives both families by default', () => {
    const plan = planNetwork({ ipv6: true });

    expect(plan.v4).toMatchObject({ node: '10.89.0.11', apiService: '10.96.0.1' });
    expect(plan.v6).toEqual({
      nodes: 'fd0a:5900:89::/64',
      pods: 'fd0a:5900:244::/56',
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
    ['--subnet', { nodes: '10.89.0.0/24 ' }],
    ['--subnet', { nodes: '0.0.7.0/24' }],
    ['--subnet', { nodes: '127.0.0.0/24' }],
    ['--pod-subnet', { pods: '169.254.0.0/16' }],
    ['--service-subnet', { services: '224.0.0.0/16' }],
    ['--subnet', { nodes: '255.255.255.0/24' }],
  ])('refuses what is no range of its size, or given to nobody: %s %o', (option, choice) => {
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

describe('planNodes', () => {
  it('gives each node an address and pods of its own in both families', () => {
    const network = planNetwork({ ipv6: true, nodes: '10.5.10.0/24', pods: '10.200.0.0/16' });

    expect(planNodes(network, 'a', 3)).toEqual([
      {
        number: 1,
        name: 'a-1',
        v4: { address: '10.5.10.11', pods: '10.200.0.0/24' },
        v6: { address: 'fd0a:50a:89::b', pods: 'fd0a:50a:244::/64' },
      },
      {
        number: 2,
        name: 'a-2',
        v4: { address: '10.5.10.12', pods: '10.200.1.0/24' },
        v6: { address: 'fd0a:50a:89::c', pods: 'fd0a:50a:244:1::/64' },
      },
      {
        number: 3,
        name: 'a-3',
        v4: { address: '10.5.10.13', pods: '10.200.2.0/24' },
        v6: { address: 'fd0a:50a:89::d', pods: 'fd0a:50a:244:2::/64' },
      },
    ]);
    expect(network.v4.node).toBe('10.5.10.11');
    expect(network.v6?.node).toBe('fd0a:50a:89::b');
  });

  it.each([0, 10, 1.5, Number.NaN])('refuses %s nodes', (count) => {
    expect(() => planNodes(planNetwork({ ipv6: false }), 'a', count)).toThrow(/^--nodes is /);
  });
});
