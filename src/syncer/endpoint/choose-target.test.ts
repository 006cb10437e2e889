import { describe, expect, it } from 'vitest';
import { pod, service } from '../../../test/builders/virtual.ts';
import type { Pod, Service } from '../../kube/builtin-kinds.ts';
import { chooseTarget, type HostFacts } from './choose-target.ts';

const READY = { conditions: [{ type: 'Ready', status: 'True' }] };
const running = (spec: Partial<NonNullable<Pod['spec']>> = {}, status: object = {}): Pod => ({
  ...pod({ nodeName: 'n1', ...spec }, { labels: { app: 'web' } }),
  status: { podIP: '10.1.1.5', hostIP: '10.0.0.5', ...READY, ...status },
});
const facts = (pods: readonly Pod[], services: readonly Service[] = []): HostFacts => ({
  pods: () => pods,
  services: () => services,
  serviceOf: (namespace, name) =>
    services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
});
const HOOK = service('hook', {
  clusterIPs: ['10.96.1.1'],
  selector: { app: 'web' },
  ports: [{ port: 443, targetPort: 'https' }],
});
const https = { containers: [{ name: 'main', ports: [{ name: 'https', containerPort: 8443 }] }] };

describe('chooseTarget', () => {
  it('answers as the kubelet of a node that runs a pod of the tenant', () => {
    expect(chooseTarget('10.0.0.5:10250', facts([running()]))).toEqual({ is: 'kubelet', host: '10.0.0.5' });
    expect(chooseTarget('n1:10250', facts([running()]))).toMatchObject({ is: 'kubelet' });
  });

  it('answers reviews by a name of its own', () => {
    expect(chooseTarget('sync.tenantry.internal:443', facts([]))).toEqual({ is: 'review' });
  });

  it('dials the tenant’s pods, directly or behind a Service', () => {
    const dial = { is: 'dial', address: '10.1.1.5', port: 8443 };

    expect(chooseTarget('10.1.1.5:8443', facts([running()]))).toEqual(dial);
    expect(chooseTarget('10.96.1.1:443', facts([running(https)], [HOOK]))).toEqual(dial);
    expect(chooseTarget('hook.shop.svc:443', facts([running(https)], [HOOK]))).toEqual(dial);
  });

  it.each([
    ['the host’s API server', '10.96.0.1:443'],
    ['the metadata of the cloud', '169.254.169.254:80'],
    ['this process', '127.0.0.1:8443'],
    ['this process by name', 'localhost:8443'],
    ['the real kubelet of another node', '10.0.0.6:10250'],
    ['another port of the node', '10.0.0.5:22'],
    ['the read-only port of the kubelet', '10.0.0.5:10255'],
    ['another port of the made-up name', 'sync.tenantry.internal:80'],
    ['a name of the host', 'kubernetes.default.svc:443'],
    ['a Service of another tenant', 'hook.other.svc:443'],
    ['the internet', 'example.com:443'],
    ['nothing', ''],
    ['no port', '10.1.1.5'],
    ['a port that is none', '10.1.1.5:99999'],
    ['the tenant’s pod in another spelling', '10.1.1.5.:8443'],
  ])('refuses %s', (_what, authority) => {
    expect(chooseTarget(authority, facts([running()], [HOOK])).is).toBe('refused');
  });

  it('never dials the address of a pod that is also the node’s, or no longer the pod’s', () => {
    const onNode = running({ hostNetwork: true }, { podIP: '10.0.0.5' });

    expect(chooseTarget('10.0.0.5:22', facts([onNode])).is).toBe('refused');
    expect(chooseTarget('10.1.1.5:80', facts([running({}, { phase: 'Failed' })])).is).toBe('refused');
  });

  it('never follows endpoints that were written by hand', () => {
    const plain = { ...HOOK, spec: { ...HOOK.spec, selector: {} } };

    expect(chooseTarget('10.96.1.1:443', facts([running(https)], [plain])).is).toBe('refused');
  });

  it('waits for a pod that is ready', () => {
    expect(chooseTarget('10.96.1.1:443', facts([running(https, { conditions: [] })], [HOOK])).is).toBe(
      'refused',
    );
  });
});
