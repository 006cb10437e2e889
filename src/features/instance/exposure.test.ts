import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { bindsRoles, exposedServices } from './exposure.ts';

function service(name: string, spec: object): AnyObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
}

describe('exposedServices', () => {
  it('finds NodePort and LoadBalancer Services with the ports of their pods', () => {
    const exposed = exposedServices([
      service('db', { selector: { app: 'db' }, ports: [{ port: 3306 }] }),
      service('web', {
        type: 'NodePort',
        selector: { app: 'web' },
        ports: [
          { port: 80, targetPort: 'http' },
          { port: 53, protocol: 'UDP' },
        ],
      }),
    ]);

    expect(exposed).toEqual([
      {
        name: 'web',
        selector: { app: 'web' },
        ports: [
          { port: 'http', protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
        outside: true,
      },
    ]);
  });

  it('opens the backends of an Ingress to ingress controllers only', () => {
    const ingress: AnyObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'web' } } }] } }] },
    };

    const exposed = exposedServices([
      ingress,
      service('web', { selector: { a: 'b' }, ports: [{ port: 80 }] }),
    ]);

    expect(exposed).toMatchObject([{ name: 'web', outside: false }]);
  });

  it('leaves out Services that select no pods', () => {
    expect(exposedServices([service('x', { type: 'NodePort', ports: [{ port: 80 }] })])).toEqual([]);
  });
});

describe('bindsRoles', () => {
  it('is true for a chart with a RoleBinding', () => {
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'b' },
    };

    expect(bindsRoles([binding])).toBe(true);
    expect(bindsRoles([service('web', {})])).toBe(false);
  });
});
