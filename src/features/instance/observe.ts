import type { Instance } from '../../api/instance.ts';
import {
  FORCE_DELETE_LABEL,
  INSTANCE_KIND_LABEL,
  INSTANCE_NAME_LABEL,
  INSTANCE_NAMESPACE_LABEL,
  SERVICE_UID_LABEL,
} from '../../api/names.ts';
import type { InstanceRevision } from '../../api/revision.ts';
import type { Read } from '../../runtime/controller.ts';
import { allTexts, secretTexts } from '../../runtime/hide-values.ts';
import { foundInventory, isOfKubePlus } from './adoption.ts';
import { mayTake } from './migration.ts';
import { identityOf } from './identity.ts';
import { entryKey, inventoryOf } from './inventory.ts';
import { labelsHold } from './isolation-status.ts';
import { accountOf, type Look, type Surroundings } from './look.ts';
import { type InstanceState, nextAction, type NextAction } from './next-action.ts';
import { driftOf } from './observe-running.ts';
import { loadContent, type LoadedContent } from './observe-release.ts';
import { inputsDigest } from './values.ts';
import type { Failure, InstanceWorld, PolicyWorld } from './world.ts';
import { gather } from './gather.ts';
import { seenNamespace } from './seen-namespace.ts';
import { policiesOf } from './wanted-policies.ts';

/** Upgrades to another revision at the same time, unless the settings say otherwise. */
const UPGRADES_AT_ONCE = 10;

/** Looks at an instance: stores first, live reads only where the next action needs them. */
export async function observeInstance(
  instance: Instance,
  read: Read,
  surroundings: Surroundings,
): Promise<InstanceWorld> {
  const begun = await beginLook(instance, read, surroundings);
  if ('failure' in begun) return begun.world;
  const look = begun;
  holdTurn(look);
  const policies = policiesOf(look, look.inventory);
  const drifted = drift(look);
  const first = { ...stateOf(look, policies, drifted, undefined), mayTake: await mayTake(look) };
  const { action, content } = await choose(look, first);
  const base: InstanceWorld = {
    ...emptyWorld(look),
    action,
    ...(action.do === 'take' && look.namespace.state === 'taken' ? { namespace: look.namespace.object } : {}),
    takenBy: takenBy(look),
    policies,
    drifted,
    release: content?.release,
    previous: content?.previous,
    changed: content?.changed ?? new Set(),
  };
  return gather(look, base);
}

/** The kind of an instance of the same name that has the namespace. */
function takenBy({ namespace, identity }: Look): string | undefined {
  if (namespace.state !== 'taken') return undefined;
  const { [INSTANCE_KIND_LABEL]: kind, ...labels } = namespace.object.metadata.labels ?? {};
  const isSame =
    labels[INSTANCE_NAME_LABEL] === identity.name && labels[INSTANCE_NAMESPACE_LABEL] === identity.namespace;
  return isSame && kind !== identity.kind ? kind : undefined;
}

/** The next action, and the release's content where the choice depends on it. */
async function choose(
  look: Look,
  state: InstanceState,
): Promise<{ readonly action: NextAction; readonly content?: LoadedContent }> {
  const action = nextAction(state);
  if (action.do !== 'load') return { action };
  const content = await loadContent(look);
  return { action: nextAction({ ...state, content: content.content }), content };
}

/** An upgrade that is under way has its turn, also when another process began it. */
function holdTurn({ inventory, memories, identity }: Look): void {
  const { phase, running, revision } = inventory?.release ?? {};
  if (phase !== 'done' && running !== undefined && running.revision !== revision)
    memories.beginUpgrade(identity.uid);
}

type Begun = Look | { readonly failure: Failure; readonly world: InstanceWorld };

async function beginLook(instance: Instance, read: Read, surroundings: Surroundings): Promise<Begun> {
  const { service, deps, memories, secrets } = surroundings;
  const identity = identityOf(instance, service, deps.settings);
  const memory = memories.of(instance.metadata, identity.uid);
  const namespace = seenNamespace(read, identity);
  const deleting = instance.metadata.deletionTimestamp !== undefined;
  const terms = termsFor(identity.namespace, read, surroundings, deleting);
  const revision = 'failure' in terms ? undefined : terms.revision;
  const partial = {
    ...surroundings,
    instance,
    read,
    signal: read.signal,
    identity,
    memory,
    deleting,
    forced: instance.metadata.labels?.[FORCE_DELETE_LABEL] !== undefined,
    namespace,
    inventory:
      namespace.state === 'ours' ? (inventoryOf(namespace.object) ?? foundInventory(instance)) : undefined,
    revision,
    account: accountOf(deps.client, identity),
  };
  const none = { sources: [], values: [] };
  if ('failure' in terms) {
    const { failure } = terms;
    return { failure, world: { ...emptyWorld({ ...partial, inputs: '', secretValues: none }), failure } };
  }
  const secretValues = deleting ? none : await secrets.read(instance, read.live, read.signal);
  if ('failure' in secretValues) {
    const look: Look = { ...partial, inputs: '', secretValues: none };
    const { failure } = secretValues;
    return { failure, world: { ...emptyWorld(look), failure } };
  }
  const { imageRegistry } = deps.settings;
  const inputs =
    revision === undefined ? '' : inputsDigest(instance, revision.spec, secretValues.sources, imageRegistry);
  return { ...partial, inputs, secretValues };
}

/** The revision as the tenant's plan has the instance run it. What is deleted needs no plan. */
function termsFor(
  namespace: string,
  { stores }: Read,
  { service, deps }: Surroundings,
  deleting: boolean,
): { readonly revision: InstanceRevision | undefined } | { readonly failure: Failure } {
  const terms = deleting ? undefined : deps.termsOf?.(namespace, service.kind, stores);
  if (terms === undefined) return { revision: service.currentRevision(stores) };
  if ('problem' in terms)
    return { failure: { reason: 'TenantUnknown', message: terms.problem, stalled: false } };
  const revision = service.currentRevision(stores, terms.newestRevision);
  if (revision === undefined) return { revision };
  const { spec } = revision;
  return { revision: { ...revision, spec: { ...spec, policies: terms.policiesUnder(spec.policies) } } };
}

function stateOf(
  look: Look,
  policies: PolicyWorld | undefined,
  drifted: InstanceWorld['drifted'],
  content: InstanceState['content'],
): InstanceState {
  const { memory, inventory, revision, memories, deps, identity } = look;
  const digest = memory.policyDigest ?? inventory?.policyDigest;
  // Each process counts its own: together they begin no more than one alone would.
  const atOnce = deps.settings.upgradesAtOnce ?? UPGRADES_AT_ONCE;
  const limit = Math.max(1, Math.floor(atOnce * (deps.share?.() ?? 1)));
  const policiesCurrent = policies === undefined || policies.digest === digest;
  return {
    deleting: look.deleting,
    forced: look.forced,
    namespace: look.namespace.state,
    adopts: look.instance.tenantry?.adopted !== undefined || isOfKubePlus(look.instance),
    mayTake: false,
    moved: isMoved(look),
    served: revision !== undefined,
    release: inventory?.release,
    inputs: look.inputs,
    revision: revision?.metadata.name ?? '',
    policiesCurrent,
    drifted: whatDrifted(look, drifted),
    unnoted: isUnnoted(look) || (policiesCurrent && mustRelabel(look, policies)),
    mayUpgrade: memories.upgrading.has(identity.uid) || memories.upgrading.size < limit,
    objectsDeleted: memory.objectsDeleted,
    content,
  };
}

function isMoved({ namespace, identity }: Look): boolean {
  return (
    namespace.state === 'ours' &&
    namespace.object.metadata.labels?.[SERVICE_UID_LABEL] !== identity.serviceUid
  );
}

/** True if the inventory lacks something that our last writes told. */
function isUnnoted({ inventory, memory, revision }: Look): boolean {
  if (inventory === undefined || inventory.release.phase !== 'done') return false;
  if (revision !== undefined && inventory.release.revision !== revision.metadata.name) return true;
  if (memory.policyDigest !== undefined && memory.policyDigest !== inventory.policyDigest) return true;
  return [...inventory.objects, ...inventory.policies].some((entry) => {
    const known = memory.known.get(entryKey(entry));
    return known !== undefined && (known.uid !== entry.uid || known.mark !== entry.mark);
  });
}

/** The key under which repairs of the namespace's labels are counted; no object is called so. */
const LABELS = 'labels';

/** True if somebody changed the namespace's labels, unless that happens again and again. */
function mustRelabel(look: Look, policies: PolicyWorld | undefined): boolean {
  const { namespace, inventory, memory, deps, deleting } = look;
  if (deleting || namespace.state !== 'ours' || policies === undefined || inventory?.release.phase !== 'done')
    return false;
  if (labelsHold(namespace.object, policies.labels)) return false;
  return memory.mayRepair(LABELS, deps.clock.monotonic());
}

function whatDrifted({ inventory }: Look, drifted: InstanceWorld['drifted']): InstanceState['drifted'] {
  if (drifted.length === 0) return 'nothing';
  return drifted.some((entry) => inventory?.policies.includes(entry)) ? 'policies' : 'objects';
}

function drift(look: Look): InstanceWorld['drifted'] {
  const { inventory, memory, identity, read, deleting } = look;
  if (deleting || inventory?.release.phase !== 'done') return [];
  return driftOf(inventory, memory.known, identity, read.stores, entryKey);
}

function emptyWorld(look: Look): InstanceWorld {
  const { identity, namespace, inventory, revision, inputs, memory } = look;
  return {
    identity,
    action: { do: 'settled' } satisfies NextAction,
    namespace: namespace.state === 'ours' || namespace.state === 'terminating' ? namespace.object : undefined,
    inventory,
    revision,
    inputs,
    policies: undefined,
    release: undefined,
    changed: new Set(),
    previous: undefined,
    records: undefined,
    outdated: undefined,
    known: memory.known,
    writtenPolicies: memory.policyDigest,
    isAccountOpen: false,
    drifted: [],
    deletions: [],
    readiness: undefined,
    url: undefined,
    helmrelease: undefined,
    secrets: secretsOf(look),
    lateMs: look.read.lateMs(),
    lookAgainMs: undefined,
  };
}

/** What Secrets brought into the values, and what else is a secret by its name. */
function secretsOf({ secretValues, instance, revision }: Look): readonly string[] {
  return [
    ...allTexts(secretValues.values),
    ...secretTexts(instance.spec),
    ...secretTexts(revision?.spec.providerValues),
  ];
}
