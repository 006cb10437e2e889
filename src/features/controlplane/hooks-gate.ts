import type { ControlPlane } from '../../api/control-plane.ts';
import type { Verdict } from './status.ts';

/** Whether a plane that answers is Ready: not before its hooks are, where its spec says so. Says which hook is waited for, and why. */
export function readyWhenAsked(plane: ControlPlane, message: string): NonNullable<Verdict['ready']> {
  const { spec, status } = plane;
  if (spec.waitForPostCreateHooks !== true || status?.postCreateHookCompleted === true)
    return { is: true, reason: 'available', message };
  const hook = status?.hooks?.find(({ applied, ready }) => !applied || !ready);
  const why =
    hook === undefined ? '' : `: ${hook.name}${hook.message === undefined ? '' : `: ${hook.message}`}`;
  return { is: false, reason: 'waitingForHooks', message: `Waiting for PostCreateHook completion${why}` };
}
