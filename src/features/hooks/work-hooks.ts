import type { ControlPlane } from '../../api/control-plane.ts';
import { PLANE_REASONS } from '../../api/control-plane-names.ts';
import { hookMessage, type HookObject, type HookState } from '../../api/hook-state.ts';
import { POST_CREATE_HOOK, type PostCreateHook } from '../../api/post-create-hook.ts';
import { KubeconfigError } from '../../client/kubeconfig-error.ts';
import type { Engine } from '../../helm/rendering.ts';
import { findCondition } from '../../kube/conditions.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { Read } from '../../runtime/controller.ts';
import { classify } from '../../runtime/outcome.ts';
import { HookError } from './hook-error.ts';
import { keyOfObject, mergeObjects, namedIn } from './hook-objects.ts';
import { openPlaces, type HookPlaces, type PlaceDeps } from './hook-places.ts';
import { makeObject, removeObject, surplusOf, whatIsMissing, type HookPlace } from './make-objects.ts';
import { inputsOf, nextStep } from './next-step.ts';
import { renderHook } from './render-hook.ts';
import { usesOf, variablesOf, type HookUse } from './variables.ts';

/** What working on hooks needs. */
export interface HooksDeps extends PlaceDeps {
  readonly engine: Pick<Engine, 'load' | 'render'>;
}

/** What a look at the hooks of one plane found and did. */
export interface HooksWorld {
  /** Whether the plane's API server answers; hooks wait for it. */
  readonly isServing: boolean;
  readonly states: readonly HookState[];
  /** Labels of the hooks that were applied: KubeFlex copies them to the plane. */
  readonly labels: Readonly<Record<string, string>>;
  /** Something was only written down, and is to be made now. */
  readonly again: boolean;
}

/** Labels with these prefixes say whose an object is: a hook can't say it of a plane. */
const KEPT_LABELS = /^(?:[^/]*\.)?(?:tenantry\.dev|kubernetes\.io|k8s\.io)\//;

/** RBAC's words for a right that nobody gave to the hooks' account on the hosting cluster. */
const NOT_GRANTED = /tenantry-hooks" cannot/;
const GRANT =
  "; the cluster's owner allows it by the operator's values hooks.rules and hooks.clusterRules, or target: controlPlane makes it on the plane";

/** Works on the hooks of one plane in their order. What fails is told in the hook's state and keeps no other from going on. */
export async function workHooks(plane: ControlPlane, read: Read, deps: HooksDeps): Promise<HooksWorld> {
  const before = plane.status?.hooks ?? [];
  if (!isServing(plane)) return { isServing: false, states: before, labels: {}, again: false };
  const places = openPlaces(plane, deps);
  const work: Work = { plane, read, deps, places };
  try {
    const states: HookState[] = [];
    const labels: Record<string, string> = {};
    let waitsFor: string | undefined;
    let again = false;
    for (const use of usesOf(plane.spec)) {
      const hook = read.stores.get(POST_CREATE_HOOK, { name: use.hookName });
      const state = before.find(({ name }) => name === use.hookName);
      const next =
        waitsFor !== undefined && state?.applied !== true
          ? { ...(state ?? unborn(use, hook)), message: `waits for hook ${waitsFor}` }
          : await workHook(work, use, hook, state);
      again ||= next.inputs !== undefined && !next.applied && next.message === undefined;
      if (use.wait === true && !next.ready) waitsFor ??= use.hookName;
      if (next.applied) Object.assign(labels, hook?.metadata.labels);
      states.push(next);
    }
    const used = new Set(states.map(({ name }) => name));
    for (const state of before) if (!used.has(state.name)) states.push(...(await dropHook(work, state)));
    const copied = Object.entries(labels).filter(([name]) => !KEPT_LABELS.test(name));
    return { isServing: true, states, labels: Object.fromEntries(copied), again };
  } finally {
    await places.close();
  }
}

interface Work {
  readonly plane: ControlPlane;
  readonly read: Read;
  readonly deps: HooksDeps;
  readonly places: HookPlaces;
}

/** Ready, or not ready only because hooks are waited for. */
function isServing({ metadata, status }: ControlPlane): boolean {
  const ready = findCondition(status?.conditions, 'Ready');
  if (metadata.deletionTimestamp !== undefined) return false;
  return ready?.status === 'True' || ready?.reason === PLANE_REASONS.waitingForHooks;
}

async function workHook(
  work: Work,
  use: HookUse,
  hook: PostCreateHook | undefined,
  state: HookState | undefined,
): Promise<HookState> {
  if (hook === undefined) return withoutHook(use, state);
  try {
    const target = hook.spec?.target ?? 'hosting';
    const moved = state !== undefined && state.target !== target;
    if (moved) await removeAll(work, state);
    return await stepOn(work, { use, hook, state: moved ? undefined : state, target });
  } catch (error) {
    return { ...(state ?? unborn(use, hook)), ...failed(error), applied: false, ready: false };
  }
}

interface Seen {
  readonly use: HookUse;
  readonly hook: PostCreateHook;
  readonly state: HookState | undefined;
  readonly target: HookState['target'];
}

async function stepOn(work: Work, { use, hook, state, target }: Seen): Promise<HookState> {
  const variables = variablesOf(hook, use, work.plane);
  const inputs = inputsOf(hook, variables);
  const step = nextStep(state, inputs, hook.spec?.reapply !== false);
  if (state !== undefined && step === 'nothing') return state;
  if (state !== undefined && step === 'check') return checkHook(await placeOf(work, state), state);
  const objects = await renderHook(work.deps.engine, hook, variables, work.read.signal);
  const recorded = state?.objects ?? [];
  const begun = { name: use.hookName, target, inputs, applied: false, ready: false };
  if (step === 'apply') return applyHook(work, { ...begun, objects: recorded }, objects);
  return {
    ...begun,
    objects: mergeObjects(
      recorded,
      objects.map((one) => namedIn(one)),
    ),
  };
}

/** Of a hook that is gone, what it made stays and counts: a plane that was ready is so still. */
function withoutHook(use: HookUse, state: HookState | undefined): HookState {
  if (state?.applied === true) return { ...state, message: 'the PostCreateHook is gone; what it made stays' };
  const message = `there is no PostCreateHook ${use.hookName}`;
  return { ...(state ?? unborn(use, undefined)), message };
}

/** Makes what is wanted, in order, and removes what is not; UIDs that are known are kept also where it ends half-way. */
async function applyHook(work: Work, state: HookState, objects: readonly AnyObject[]): Promise<HookState> {
  const recorded = state.objects ?? [];
  const uids = new Map(recorded.map((one) => [keyOfObject(one), one.uid]));
  const made: HookObject[] = [];
  try {
    const place = await placeOf(work, state);
    for (const object of objects) {
      const uid = uids.get(keyOfObject(namedIn(object)));
      made.push(await makeObject(place, object, state.name, uid));
    }
    for (const one of surplusOf(recorded, objects)) await removeObject(place, one, state.name);
    return await checkHook(place, { ...state, applied: true, objects: made });
  } catch (error) {
    return { ...state, ...failed(error), objects: mergeObjects(made, recorded) };
  }
}

async function checkHook(place: HookPlace, state: HookState): Promise<HookState> {
  const { message: _old, ...rest } = state;
  const missing = await whatIsMissing(place, state.objects ?? []).catch(
    (error: unknown) => failed(error).message,
  );
  return missing === undefined
    ? { ...rest, ready: true }
    : { ...rest, ready: false, message: hookMessage(missing) };
}

/** A hook that the plane names no longer: what it made goes. The answer is what is left to do. */
async function dropHook(work: Work, state: HookState): Promise<readonly HookState[]> {
  try {
    await removeAll(work, state);
    return [];
  } catch (error) {
    return [{ ...state, ...failed(error) }];
  }
}

async function removeAll(work: Work, state: HookState): Promise<void> {
  const place = await placeOf(work, state);
  for (const object of [...(state.objects ?? [])].reverse()) await removeObject(place, object, state.name);
}

const placeOf = ({ places }: Work, { target, name }: HookState): Promise<HookPlace> =>
  target === 'controlPlane' ? places.plane(name) : places.hosting(name);

/** The state of a hook about which nothing was done. */
function unborn({ hookName }: HookUse, hook: PostCreateHook | undefined): HookState {
  return { name: hookName, target: hook?.spec?.target ?? 'hosting', applied: false, ready: false };
}

/** What failed, for the state. What is nobody's fault here ends the look as everywhere else. */
function failed(error: unknown): { readonly message: string } {
  if (error instanceof HookError || error instanceof KubeconfigError)
    return { message: hookMessage(error.message) };
  if (!isKubeError(error) || ['stopped', 'unexpected'].includes(classify(error, 0, false))) throw error;
  const remedy = isKubeError(error, 'Forbidden') && NOT_GRANTED.test(error.message) ? GRANT : '';
  return { message: hookMessage(`${error.message}${remedy}`) };
}
