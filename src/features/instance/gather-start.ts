import type { Look } from './look.ts';
import { loadPrevious } from './load-release.ts';
import { renderRelease } from './render-release.ts';
import type { InstanceWorld } from './world.ts';
import { liveNamespace } from './seen-namespace.ts';
import { keysOf, policiesOf, traitsOf } from './wanted-policies.ts';

/** Milliseconds for which inputs that can't be rendered are not tried again without a change. */
const FAILURE_BELIEVED_MS = 30_000;

export async function gatherStart(look: Look, world: InstanceWorld, number: number): Promise<InstanceWorld> {
  const { memory, memories, identity, inputs, inventory, revision, deps } = look;
  if (revision === undefined) return world;
  if (look.namespace.state === 'absent') {
    const live = await liveNamespace(look);
    if (live.state === 'taken') return { ...world, action: { do: 'refuse' } };
    if (live.state !== 'absent') return { ...world, action: { do: 'wait', for: 'turn' } };
  }
  const now = deps.clock.monotonic();
  const { failure: last } = memory;
  if (last !== undefined && last.inputs === inputs && last.untilMs > now)
    return { ...world, failure: last.failure };
  const running = inventory?.release.running;
  const previous = running === undefined ? undefined : await loadPrevious(look, running.number);
  const outcome = await renderRelease(deps, look.charts, {
    instance: look.instance,
    identity,
    revision,
    number,
    isUpgrade: running !== undefined,
    firstDeployed: previous?.record.info.firstDeployed,
    inputs,
    secretValues: look.secretValues.values,
    secrets: world.secrets,
    account: look.namespace.state === 'ours' ? look.account : undefined,
    signal: look.signal,
  });
  if ('failure' in outcome) {
    memory.failure = { inputs, failure: outcome.failure, untilMs: now + FAILURE_BELIEVED_MS };
    memories.endUpgrade(identity.uid);
    return { ...world, failure: outcome.failure };
  }
  memory.failure = undefined;
  if (running !== undefined && running.revision !== revision.metadata.name)
    memories.beginUpgrade(identity.uid);
  memory.attempts.clear();
  memories.keep(identity.uid, outcome);
  const policies = policiesOf(look, traitsOf(outcome));
  if (look.namespace.state === 'absent' && policies !== undefined) {
    memory.known.clear();
    memory.policyDigest = undefined;
    memory.accountReady = false;
    memory.awaitPolicies(policies.digest, keysOf(policies));
  }
  return { ...world, release: outcome, policies };
}
