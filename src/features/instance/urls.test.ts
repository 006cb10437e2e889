import { describe, expect, it } from 'vitest';
import type { Ingress, Node, Service } from '../../kube/builtin-kinds.ts';
import { urlOf, urlsOf } from './urls.ts';

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

describe('urlsOf', () => {
  const outer: Node = {
    ...NODE,
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.3' },
        { type: 'ExternalIP', address: '203.0.113.3' },
      ],
    },
  };
  const database = service({
    type: 'NodePort',
    ports: [
      { name: 'db', port: 3306, nodePort: 31_306 },
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 31_053 },
      { name: 'https', port: 8443, nodePort: 31_443 },
    ],
  });

  it('are every TCP port on every node, whatever its number', () => {
    expect(urlsOf([], [database], [NODE, outer])).toEqual([
      'https://203.0.113.3:31443/',
      'http://203.0.113.3:31306/',
      'https://10.0.0.2:31443/',
      'http://10.0.0.2:31306/',
    ]);
  });

  it('are a load balancer’s addresses once it has some, and its node ports until then', () => {
    const spec = { type: 'LoadBalancer', ports: [{ port: 5000, nodePort: 31_500 }] };

    expect(urlsOf([], [service(spec, '198.51.100.7')], [NODE])).toEqual(['http://198.51.100.7:5000/']);
    expect(urlsOf([], [service(spec)], [NODE])).toEqual(['http://10.0.0.2:31500/']);
  });

  it('are all hosts of Ingresses where there are any, http without a certificate', () => {
    const ingress: Ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: {
        rules: [{ host: 'a.example.com' }, { host: '*.example.com' }, { host: 'b.example.com' }],
        tls: [{ hosts: ['b.example.com'] }],
      },
    };

    expect(urlsOf([ingress], [database], [NODE])).toEqual([
      'http://a.example.com/',
      'https://b.example.com/',
    ]);
  });
});
