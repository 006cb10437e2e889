import { CONTROL_PLANE, type ControlPlane } from '../../api/control-plane.ts';
import { POST_CREATE_HOOK, type HookStatus, type PostCreateHook } from '../../api/post-create-hook.ts';
import { setCondition } from '../../kube/conditions.ts';
import type { Controller } from '../../runtime/controller.ts';
import type { Plan } from '../../runtime/plan.ts';
import { watch } from '../../runtime/watch.ts';
import { planHooks, type HooksStatus } from './plan-hooks.ts';
import { usesOf } from './variables.ts';
import { workHooks, type HooksDeps, type HooksWorld } from './work-hooks.ts';

/** Applies the hooks of planes once their API servers answer. In the leader alone. */
export function hooksController(deps: HooksDeps): Controller<ControlPlane, HooksWorld, HooksStatus> {
  return {
    name: 'hooks',
    kind: CONTROL_PLANE,
    watches: [
      watch({
        kind: POST_CREATE_HOOK,
        heeds: (hook, previous) =>
          hook.metadata.generation !== previous.metadata.generation ||
          JSON.stringify(hook.metadata.labels) !== JSON.stringify(previous.metadata.labels),
        wakes: (hook, stores) =>
          stores
            .list(CONTROL_PLANE)
            .filter((plane) => doesUse(plane, hook))
            .map(({ metadata }) => metadata),
      }),
    ],
    observe: (plane, read) => workHooks(plane, read, deps),
    plan: planHooks,
  };
}

/** Tells at each hook how many planes use it and whether it could be applied everywhere. */
export function hookCounter(): Controller<PostCreateHook, readonly ControlPlane[], HookStatus> {
  return {
    name: 'hook-status',
    kind: POST_CREATE_HOOK,
    watches: [
      watch({
        kind: CONTROL_PLANE,
        heeds: (plane, previous) =>
          plane.metadata.generation !== previous.metadata.generation ||
          JSON.stringify(plane.status?.hooks) !== JSON.stringify(previous.status?.hooks),
        wakes: (plane, stores) => {
          const named = (plane.status?.hooks ?? []).map(({ name }) => ({ name }));
          // A hook that the plane names no longer has one plane less.
          return stores
            .list(POST_CREATE_HOOK)
            .filter(
              ({ metadata: { name }, status }) =>
                usesOf(plane.spec).some(({ hookName }) => hookName === name) ||
                named.some((one) => one.name === name) ||
                (status?.planes ?? 0) > 0,
            )
            .map(({ metadata }) => metadata);
        },
      }),
    ],
    observe: (hook, { stores }) =>
      Promise.resolve(stores.list(CONTROL_PLANE).filter((plane) => doesUse(plane, hook))),
    plan: planHook,
  };
}

function doesUse(plane: ControlPlane, { metadata: { name } }: PostCreateHook): boolean {
  return usesOf(plane.spec).some(({ hookName }) => hookName === name);
}

function planHook(hook: PostCreateHook, planes: readonly ControlPlane[], now: number): Plan<HookStatus> {
  const { name, generation } = hook.metadata;
  const states = planes.map((plane) => ({
    plane: plane.metadata.name,
    state: plane.status?.hooks?.find((one) => one.name === name),
  }));
  const applied = states.filter(({ state }) => state?.applied === true).length;
  const failing = states.find(({ state }) => state?.message !== undefined);
  const isReady = states.every(({ state }) => state?.applied === true && state.ready);
  const condition = {
    type: 'Ready',
    status: isReady ? ('True' as const) : ('False' as const),
    reason: isReady ? 'Applied' : failing === undefined ? 'Applying' : 'NotApplied',
    message: failing === undefined ? '' : `Control plane ${failing.plane}: ${failing.state?.message ?? ''}`,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  return {
    stages: [],
    status: {
      conditions: setCondition(hook.status?.conditions, condition, now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      planes: planes.length,
      applied,
    },
  };
}
