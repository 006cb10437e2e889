import { describe, expect, it } from 'vitest';
import type { ControlPlane, ControlPlaneSpec } from '../../api/control-plane.ts';
import { withEnd } from './lifetime.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;
const plane = (
  spec: Partial<ControlPlaneSpec>,
  more: Partial<ControlPlane['metadata']> = {},
): ControlPlane => ({
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'ControlPlane',
  metadata: { name: 'a', uid: 'u', creationTimestamp: new Date(NOW - HOUR).toISOString(), ...more },
  spec: { type: 'k8s', ...spec },
});
const PLAN = { stages: [], finalizer: 'present', lookAgainMs: 2 * HOUR } as const;

describe('the end of a plane', () => {
  it.each<[string, ControlPlane, number | undefined]>([
    ['is none where nobody sets one', plane({}), 2 * HOUR],
    ['is looked for when it comes', plane({ ttl: '1h30m' }), HOUR / 2],
    ['is not the reason to look later than otherwise', plane({ ttl: '8h' }), 2 * HOUR],
    ['is over once it goes', plane({ ttl: '1m' }, { deletionTimestamp: 'now' }), 2 * HOUR],
  ])('%s', (_name, one, lookAgainMs) => {
    expect(withEnd(one, PLAN, NOW)).toEqual({ ...PLAN, lookAgainMs });
  });

  it('is not put off by timers that take no more than weeks', () => {
    const { lookAgainMs } = withEnd(plane({ ttl: '90d' }), { stages: [] }, NOW);

    expect(lookAgainMs).toBeLessThan(2 ** 31);
  });

  it('deletes this plane, and no other of its name', () => {
    expect(withEnd(plane({ ttl: '1h' }), PLAN, NOW).stages).toMatchObject([
      { writes: [{ verb: 'delete', ref: { name: 'a' }, uid: 'u' }] },
    ]);
  });
});
