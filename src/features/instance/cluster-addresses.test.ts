import { expect, it } from 'vitest';
import type { Node } from '../../kube/builtin-kinds.ts';
import { podRanges, publicNodeRanges } from './cluster-addresses.ts';

const NODE: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n' },
  spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24', 'fd00:1::/64'] },
  status: {
    addresses: [
      { type: 'InternalIP', address: '10.0.0.2' },
      { type: 'ExternalIP', address: '203.0.113.7' },
      { type: 'InternalIP', address: '2001:db8::1' },
      { type: 'Hostname', address: 'node-1' },
    ],
  },
};

it('reads the ranges of pods, each once', () => {
  expect(podRanges([NODE, NODE])).toEqual(['10.1.0.0/24', 'fd00:1::/64']);
});

it('lists the public addresses of nodes only', () => {
  expect(publicNodeRanges([NODE])).toEqual(['2001:db8::1/128', '203.0.113.7/32']);
});
