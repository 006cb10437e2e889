import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '../../api/control-plane.ts';
import type { PostCreateHook } from '../../api/post-create-hook.ts';
import { usesOf, variablesOf } from './variables.ts';

const hook = (vars: Record<string, string>): PostCreateHook => ({
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'PostCreateHook',
  metadata: { name: 'hello' },
  spec: { defaultVars: Object.entries(vars).map(([name, value]) => ({ name, value })) },
});
const plane = (spec: Partial<ControlPlane['spec']> = {}): ControlPlane => ({
  apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
  kind: 'ControlPlane',
  metadata: { name: 'cp1' },
  spec: { type: 'k8s', ...spec },
});

describe('variablesOf', () => {
  it('lets the plane win over the hook, the use over the plane, and nobody over what is built in', () => {
    const all = { a: 'hook', b: 'hook', c: 'hook', Namespace: 'hook', HookName: 'hook' };
    const globalVars = { b: 'plane', c: 'plane', Namespace: 'plane', ControlPlaneName: 'plane' };
    const use = { hookName: 'hello', vars: { c: 'use', Namespace: 'use', HookName: 'use' } };

    expect(variablesOf(hook(all), use, plane({ globalVars }))).toEqual({
      a: 'hook',
      b: 'plane',
      c: 'use',
      Namespace: 'cp1-system',
      ControlPlaneName: 'cp1',
      HookName: 'hello',
    });
  });
});

describe('usesOf', () => {
  it('takes the older field first and each hook once', () => {
    const uses = usesOf({
      type: 'k8s',
      postCreateHook: 'b',
      postCreateHookVars: { x: '1' },
      postCreateHooks: [{ hookName: 'a' }, { hookName: 'b', vars: { x: '2' } }, { hookName: 'a' }],
    });

    expect(uses).toEqual([{ hookName: 'b', vars: { x: '1' } }, { hookName: 'a' }]);
    expect(usesOf({ type: 'k8s' })).toEqual([]);
  });
});
