import { describe, expect, it } from 'vitest';
import type { Service } from '../../kube/builtin-kinds.ts';
import { planService } from './load-balancer-controller.ts';
import { parseRange } from './load-balancer-pool.ts';

const RANGES = [parseRange('10.0.0.1-10.0.0.9')];
const service = (type: string, ...has: readonly string[]): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's', namespace: 'a', uid: 'u' },
  spec: { type },
  status: { loadBalancer: { ingress: has.map((ip) => ({ ip })) } },
});
const written = (...args: Parameters<typeof planService>): unknown =>
  planService(...args).stages.flatMap(({ writes }) =>
    writes.map((write) => ('body' in write ? write.body : write)),
  );
const body = (...ips: readonly string[]): unknown => ({
  metadata: { uid: 'u' },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) } },
});

describe('planService', () => {
  const grant = { kind: 'addresses', addresses: ['10.0.0.1'] } as const;

  it('writes the granted address into the status, once', () => {
    expect(written(service('LoadBalancer'), grant, RANGES)).toEqual([body('10.0.0.1')]);
    expect(written(service('LoadBalancer', '10.0.0.1'), grant, RANGES)).toEqual([]);
  });

  it('replaces an address that is not granted any more', () => {
    expect(written(service('LoadBalancer', '10.0.0.2'), grant, RANGES)).toEqual([body('10.0.0.1')]);
  });

  it('takes ours away from a Service that became another type, and nobody else’s', () => {
    expect(written(service('ClusterIP', '10.0.0.1'), undefined, RANGES)).toEqual([body()]);
    expect(written(service('ClusterIP', '192.0.2.1'), undefined, RANGES)).toEqual([]);
  });

  it('leaves a Service of another class its addresses', () => {
    expect(written(service('LoadBalancer', '10.0.0.1'), undefined, RANGES)).toEqual([]);
  });

  it('tells why there is none and looks again', () => {
    const refused = { kind: 'refused', reason: 'AddressesExhausted', message: 'All in use' } as const;

    const plan = planService(service('LoadBalancer'), refused, RANGES);

    expect(plan.events).toMatchObject([
      { type: 'Warning', reason: 'AddressesExhausted', message: 'All in use' },
    ]);
    expect(plan.lookAgainMs).toBeGreaterThan(0);
    expect(plan.stages).toEqual([]);
  });
});
