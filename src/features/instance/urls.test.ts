import { describe, expect, it } from 'vitest';
import type { Ingress, Node, Service } from '../../kube/builtin-kinds.ts';
import { urlOf } from './urls.ts';

function service(spec: NonNullable<Service['spec']>, ip?: string): Service {
  const status = ip === undefined ? {} : { loadBalancer: { ingress: [{ ip }] } };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec, status };
}

const NODE: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n' },
  status: { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] },
};

describe('urlOf', () => {
  it('is a node’s address with the node port', () => {
    expect(urlOf([], [service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })], [NODE])).toBe(
      'http://10.0.0.2:30080/',
    );
  });

  it('prefers a load balancer’s address, without the usual port', () => {
    const balanced = service(
      { type: 'LoadBalancer', ports: [{ name: 'https', port: 443, nodePort: 1 }] },
      'fd00::1',
    );

    expect(urlOf([], [balanced], [NODE])).toBe('https://[fd00::1]/');
  });

  it('prefers the host of an Ingress over all', () => {
    const ingress: Ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: { rules: [{ host: 'shop.example.com' }], tls: [{ hosts: ['shop.example.com'] }] },
    };

    expect(urlOf([ingress], [service({ type: 'LoadBalancer', ports: [{ port: 80 }] }, '1.2.3.4')], [])).toBe(
      'https://shop.example.com/',
    );
  });

  it('is unknown for Services inside the cluster', () => {
    expect(urlOf([], [service({ ports: [{ port: 80 }] })], [NODE])).toBeUndefined();
  });
});
