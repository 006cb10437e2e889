import { describe, expect, it } from 'vitest';
import { STRICT_QUOTA, type ServicePolicies } from '../../api/revision.ts';
import { policiesUnder } from './plan-policies.ts';

const QUOTA = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };
const SERVICE: ServicePolicies = {
  quota: QUOTA,
  podSecurity: 'baseline',
  fillResources: true,
  egress: 'default',
  allowedClusterKinds: [],
};
const { quota: _quota, ...UNLIMITED } = SERVICE;

describe('the policies of a service under a plan', () => {
  it('are those of the service where the plan says nothing', () => {
    expect(policiesUnder({}, SERVICE)).toEqual(SERVICE);
  });

  it('cap the quota key by key', () => {
    const instance = { ...QUOTA, 'requests.cpu': '500m', 'limits.memory': '4Gi' };

    expect(policiesUnder({ quota: { instance } }, SERVICE).quota).toEqual({
      ...QUOTA,
      'requests.cpu': '500m',
    });
  });

  it('give the plan’s quota to a service that names none', () => {
    expect(policiesUnder({ quota: { instance: QUOTA } }, UNLIMITED).quota).toEqual(QUOTA);
  });

  it('isolate strictly as a service would, with the quota that belongs to it', () => {
    const strict = policiesUnder({ isolation: 'strict' }, UNLIMITED);

    expect(strict).toMatchObject({ isolation: 'strict', podSecurity: 'restricted', quota: STRICT_QUOTA });
    expect(policiesUnder({}, { ...SERVICE, isolation: 'strict', podSecurity: 'restricted' }).isolation).toBe(
      'strict',
    );
  });

  it.each([
    ['all', 'default', 'default'],
    ['all', 'closed', 'closed'],
    ['closed', 'default', 'closed'],
    ['default', 'closed', 'closed'],
    ['all', undefined, 'all'],
  ] as const)('close egress %s under %s: %s', (service, plan, both) => {
    const spec = plan === undefined ? {} : { egress: plan };

    expect(policiesUnder(spec, { ...SERVICE, egress: service }).egress).toBe(both);
  });

  it('join the nodes of both, never take back that they are exclusive, and prefer the plan’s runtime', () => {
    const service: ServicePolicies = {
      ...SERVICE,
      nodePool: { nodeSelector: { disk: 'ssd', pool: 'any' }, tolerations: [{ key: 'a' }] },
      nodes: 'exclusive',
      runtimeClass: 'runc',
    };
    const nodePool = { nodeSelector: { pool: 'gold' }, tolerations: [{ key: 'b' }] };

    expect(policiesUnder({ nodePool, nodes: 'shared', runtimeClass: 'kata' }, service)).toMatchObject({
      nodePool: { nodeSelector: { disk: 'ssd', pool: 'gold' }, tolerations: [{ key: 'a' }, { key: 'b' }] },
      nodes: 'exclusive',
      runtimeClass: 'kata',
    });
    expect(policiesUnder({ nodes: 'exclusive' }, SERVICE).nodes).toBe('exclusive');
    expect(policiesUnder({ nodes: 'shared' }, SERVICE)).toEqual(SERVICE);
  });

  it('count what either counts, and the smaller of both', () => {
    const service = { ...SERVICE, counts: { pods: '10', services: '2' } };

    expect(policiesUnder({ quota: { counts: { pods: '5', secrets: '9' } } }, service).counts).toEqual({
      pods: '5',
      services: '2',
      secrets: '9',
    });
    expect(policiesUnder({}, service).counts).toEqual(service.counts);
  });

  it('carry the nodes and the storage classes', () => {
    const nodePool = { nodeSelector: { pool: 'gold' }, tolerations: [{ key: 'gold' }] };

    expect(policiesUnder({ nodePool, storageClasses: ['slow', 'fast'] }, SERVICE)).toMatchObject({
      nodePool,
      storageClasses: ['fast', 'slow'],
    });
  });
});
