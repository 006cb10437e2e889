import { describe, expect, it } from 'vitest';
import type { EndpointSlice } from '../kube/builtin-kinds.ts';
import { apiServersOf } from './api-servers.ts';

const slice = (addressType: 'IPv4' | 'IPv6', addresses: string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'kubernetes', namespace: 'default' },
  addressType,
  endpoints: [{ addresses }],
  ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
});

describe('apiServersOf', () => {
  it('gives every address with every port as a range of one', () => {
    expect(apiServersOf(slice('IPv4', ['10.0.0.1', '10.0.0.2']))).toEqual([
      { cidr: '10.0.0.1/32', port: 6443 },
      { cidr: '10.0.0.2/32', port: 6443 },
    ]);
    expect(apiServersOf(slice('IPv6', ['fd00::1']))).toEqual([{ cidr: 'fd00::1/128', port: 6443 }]);
  });

  it('gives nothing for a slice without endpoints', () => {
    expect(apiServersOf(slice('IPv4', []))).toEqual([]);
  });
});
