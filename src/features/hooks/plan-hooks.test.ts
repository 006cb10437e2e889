import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../api/control-plane.ts';
import type { HookState } from '../../api/hook-state.ts';
import { planHooks } from './plan-hooks.ts';
import type { HooksWorld } from './work-hooks.ts';

const state = (more: Partial<HookState> = {}): HookState => ({
  name: 'h',
  target: 'hosting',
  applied: true,
  ready: true,
  ...more,
});
const plane = (hooks?: readonly HookState[], spec: Partial<ControlPlane['spec']> = {}): ControlPlane => ({
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'ControlPlane',
  metadata: { name: 'cp1' },
  spec: { type: 'k8s', ...spec },
  ...(hooks === undefined ? {} : { status: { hooks } }),
});
const world = (states: readonly HookState[], more: Partial<HooksWorld> = {}): HooksWorld => ({
  isServing: true,
  states,
  labels: {},
  again: false,
  ...more,
});

describe('planHooks', () => {
  it('says nothing while the plane does not answer', () => {
    expect(planHooks(plane(), world([], { isServing: false }))).toEqual({ stages: [] });
  });

  it('is complete where nothing is to be done', () => {
    expect(planHooks(plane(), world([])).status).toEqual({ postCreateHookCompleted: true });
  });

  it('looks again soon where somebody waits, seldom where something is wrong, and never when all is done', () => {
    const waiting = state({ ready: false, message: 'Waiting for Job a' });
    const waits = { waitForPostCreateHooks: true };

    expect(planHooks(plane([], waits), world([waiting])).lookAgainMs).toBe(2_000);
    expect(planHooks(plane([]), world([waiting])).lookAgainMs).toBe(20_000);
    expect(planHooks(plane([], waits), world([state({ applied: false })])).lookAgainMs).toBe(20_000);
    expect(planHooks(plane([], waits), world([state()])).lookAgainMs).toBeUndefined();
  });

  it('tells each thing once', () => {
    const wrong = state({ applied: false, ready: false, message: 'no' });
    const reasons = (before: readonly HookState[], after: HookState): readonly string[] =>
      (planHooks(plane(before), world([after])).events ?? []).map(({ reason }) => reason);

    expect(reasons([], wrong)).toEqual(['PostCreateHookFailed']);
    expect(reasons([wrong], wrong)).toEqual([]);
    expect(reasons([wrong], state())).toEqual(['PostCreateHookReady']);
    expect(reasons([state()], state())).toEqual([]);
  });

  it('copies labels that the plane does not have', () => {
    const labelled = { ...plane(), metadata: { name: 'cp1', uid: 'u', labels: { a: '1' } } };

    expect(planHooks(labelled, world([], { labels: { a: '1', b: '2' } })).stages).toMatchObject([
      { writes: [{ body: { metadata: { uid: 'u', labels: { b: '2' } } } }] },
    ]);
    expect(planHooks(labelled, world([], { labels: { a: '1' } })).stages).toEqual([]);
  });
});
