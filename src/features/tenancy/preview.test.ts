import { describe, expect, it } from 'vitest';
import type { PlanSpec } from '../../api/plan.ts';
import type { ServicePolicies } from '../../api/revision.ts';
import type { Tenant } from '../../api/tenant.ts';
import { previewPlan, type Preview } from './preview.ts';

const QUOTA = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.cpu': '2', 'limits.memory': '2Gi' };
const POLICIES: ServicePolicies = {
  quota: QUOTA,
  podSecurity: 'baseline',
  fillResources: true,
  egress: 'default',
  allowedClusterKinds: [],
};
const TENANT: Tenant = {
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'acme', creationTimestamp: '2026-05-01T00:00:00Z' },
};
const USAGE = new Map([
  ['g/Shop', 3],
  ['g/Wiki', 1],
]);
const NOW = Date.parse('2026-06-01T00:00:00Z');
const preview = (from: PlanSpec, to: PlanSpec): Preview =>
  previewPlan(TENANT, { from, to }, USAGE, () => POLICIES, NOW);

describe('the preview of a plan', () => {
  it('names what would be over, and how long that is borne', () => {
    const { excess, creating } = preview(
      {},
      { instances: 2, services: [{ kind: 'Shop' }], gracePeriod: '3d' },
    );

    expect(excess.map(({ text }) => text)).toEqual([
      'instances: 4, where the plan offers 2',
      'Wiki: 1, where the plan offers none',
    ]);
    expect(creating).toBe(
      'What still fits can be created for 3d (until 2026-06-04T00:00:00Z), then nothing until what is over is gone',
    );
    expect(preview({}, { instances: 2 }).creating).toContain('the plan grants no time of grace');
  });

  it('names what changes for instances that run', () => {
    const instance = { ...QUOTA, 'limits.cpu': '1' };
    const to: PlanSpec = {
      quota: { instance },
      egress: 'closed',
      isolation: 'strict',
      storageClasses: ['slow'],
      nodePool: { nodeSelector: { pool: 'a' } },
      services: [{ kind: 'Shop', newestRevision: 2 }, { kind: 'Wiki' }],
    };

    expect(preview({}, to).services).toEqual([
      {
        service: 'g/Shop',
        instances: 3,
        changes: [
          'quota limits.cpu: 2 → 1',
          'isolation: none → strict',
          'egress: default → closed',
          'storage classes: all → slow',
          'nodes: any → pool=a',
          'newest revision: any → 2',
        ],
      },
      { service: 'g/Wiki', instances: 1, changes: expect.any(Array) as string[] },
    ]);
    expect(preview(to, to).services).toEqual([]);
  });

  it('tells of a trial that is over already, and of one that is not', () => {
    expect(preview({}, { trialPeriod: '1d' }).creating).toContain('over since 2026-05-02T00:00:00Z');
    expect(preview({}, { trialPeriod: '60d' }).creating).toBe(
      'New instances can be created until 2026-06-30T00:00:00Z',
    );
    expect(preview({}, {}).creating).toBe('New instances can be created');
  });
});
