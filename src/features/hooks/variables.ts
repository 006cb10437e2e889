import { namespaceOfPlane, type ControlPlane, type ControlPlaneSpec } from '../../api/control-plane.ts';
import type { PostCreateHook } from '../../api/post-create-hook.ts';

/** One use of a hook by a control plane. */
export type HookUse = NonNullable<ControlPlaneSpec['postCreateHooks']>[number];

/** What templates see: texts by name. */
export type Variables = Readonly<Record<string, string>>;

/** The hooks that a plane uses, in order: the older field first, each name once, as in KubeFlex. */
export function usesOf(spec: ControlPlaneSpec): readonly HookUse[] {
  const { postCreateHook, postCreateHookVars, postCreateHooks = [] } = spec;
  const first: readonly HookUse[] =
    postCreateHook === undefined || postCreateHook === ''
      ? []
      : [
          {
            hookName: postCreateHook,
            ...(postCreateHookVars === undefined ? {} : { vars: postCreateHookVars }),
          },
        ];
  const all = [...first, ...postCreateHooks];
  return all.filter(({ hookName }, i) => all.findIndex((one) => one.hookName === hookName) === i);
}

/** Variables of one use; of several values the last of these counts: the hook's, the plane's, the use's, what nobody may set. */
export function variablesOf(hook: PostCreateHook, use: HookUse, plane: ControlPlane): Variables {
  const defaults = (hook.spec?.defaultVars ?? []).map(({ name, value }) => [name, value] as const);
  return {
    ...Object.fromEntries(defaults),
    ...plane.spec.globalVars,
    ...use.vars,
    Namespace: namespaceOfPlane(plane),
    ControlPlaneName: plane.metadata.name,
    HookName: hook.metadata.name,
  };
}
