import type { Revision } from '../../api/revision.ts';
import { isFirstAfter } from './adoption.ts';
import { foundAnother } from './failures.ts';
import type { Look } from './look.ts';
import { loadPrevious } from './load-release.ts';
import { renderRelease } from './render-release.ts';
import type { InstanceWorld } from './world.ts';
import { keysOf, policiesOf, traitsOf } from './wanted-policies.ts';

/** Milliseconds for which inputs that can't be rendered are not tried again without a change. */
const FAILURE_BELIEVED_MS = 30_000;

export async function gatherStart(look: Look, world: InstanceWorld, number: number): Promise<InstanceWorld> {
  const { memory, memories, identity, inputs, revision, deps } = look;
  if (revision === undefined) return world;
  const now = deps.clock.monotonic();
  const { failure: last } = memory;
  if (last !== undefined && last.inputs === inputs && last.untilMs > now)
    return { ...world, failure: last.failure };
  const outcome = await renderInTurn(look, world, revision, number);
  if ('failure' in outcome) {
    memory.failure = { inputs, failure: outcome.failure, untilMs: now + FAILURE_BELIEVED_MS };
    return { ...world, failure: outcome.failure };
  }
  memory.failure = undefined;
  memory.attempts.clear();
  memory.deleted.clear();
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

/** Renders the next release. An upgrade takes its turn before it waits for anything: others are looked at meanwhile. */
async function renderInTurn(
  look: Look,
  { secrets }: InstanceWorld,
  revision: Revision,
  number: number,
): ReturnType<typeof renderRelease> {
  const { memories, identity, inventory, deps } = look;
  const running = inventory?.release.running;
  if (running !== undefined && running.revision !== revision.metadata.name)
    memories.beginUpgrade(identity.uid);
  let isRendered = false;
  try {
    const previous = running === undefined ? undefined : await loadPrevious(look, running.number);
    const { adopted } = look.instance.tenantry ?? {};
    const isAdoption = adopted !== undefined && isFirstAfter(adopted, running, number);
    if (isAdoption && previous?.content !== adopted.content) return { failure: foundAnother(adopted) };
    const outcome = await renderRelease(deps, look.charts, {
      instance: look.instance,
      identity,
      revision,
      number,
      isUpgrade: running !== undefined,
      firstDeployed: previous?.record.info.firstDeployed,
      inputs: look.inputs,
      secretValues: look.secretValues.values,
      secrets,
      account: look.namespace.state === 'ours' ? look.account : undefined,
      signal: look.signal,
      found: isAdoption ? previous?.record : undefined,
    });
    isRendered = !('failure' in outcome);
    return outcome;
  } finally {
    if (!isRendered) memories.endUpgrade(identity.uid);
  }
}
