import type { HookState } from '../../api/hook-state.ts';
import type { PostCreateHook } from '../../api/post-create-hook.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Variables } from './variables.ts';

/**
 * What to do next about one hook of a plane:
 *
 * - `record`: write down what will be made, before any of it is there: nothing is ever left behind by a process that dies;
 * - `apply`: make it, and remove what an older form made;
 * - `check`: look whether it works;
 * - `nothing`: it does.
 */
export type Step = 'record' | 'apply' | 'check' | 'nothing';

/** Digits of the digest: it is compared with one other, of the same hook. */
const DIGEST_LENGTH = 16;

/** Everything that a hook's objects are made of, as a short text. */
export function inputsOf(hook: PostCreateHook, variables: Variables): string {
  const { templates = [], target = 'hosting' } = hook.spec ?? {};
  return sha256(canonicalJson({ templates, target, variables })).slice(0, DIGEST_LENGTH);
}

/** The next step of a hook with the state that it has. Once it worked it counts as done, whatever becomes of its Jobs. */
export function nextStep(state: HookState | undefined, inputs: string, reapply: boolean): Step {
  if (state?.inputs === undefined) return 'record';
  if (state.inputs !== inputs && (reapply || !state.applied)) return 'record';
  if (!state.applied) return 'apply';
  return state.ready ? 'nothing' : 'check';
}
