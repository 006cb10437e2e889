import type { Instance } from '../../api/instance.ts';
import { FORCE_DELETE_LABEL, INSTANCE_UID_LABEL } from '../../api/names.ts';
import { NAMESPACE, NODE, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Read } from '../../runtime/controller.ts';
import { podRanges, publicNodeRanges } from './cluster-addresses.ts';
import { bindsRoles, exposedServices } from './exposure.ts';
import { identityOf } from './identity.ts';
import { entryKey, inventoryOf, type Inventory } from './inventory.ts';
import type { KeptRelease } from './kept-release.ts';
import { accountOf, type Look, type NamespaceSeen, type Surroundings } from './look.ts';
import { INGRESS_NAMESPACES } from './network-policies.ts';
import { nextAction, type InstanceState, type NextAction } from './next-action.ts';
import { driftOf, observeReadiness, observeUrl } from './observe-running.ts';
import { loadContent, type LoadedContent } from './observe-release.ts';
import { observeDeletions, observeOutdated } from './observe-deletions.ts';
import { namespaceLabels, policyDigest, policyObjects } from './policies.ts';
import { loadPrevious, loadRelease } from './load-release.ts';
import { observeRecords } from './release-records.ts';
import { renderRelease } from './render-release.ts';
import { helmreleaseText, notesDigest } from './status.ts';
import { VALUES_AGAIN_MS } from './value-secrets.ts';
import { inputsDigest } from './values.ts';
import type { Failure, InstanceWorld, PolicyWorld, ReleaseTraits } from './world.ts';

/** Upgrades to another revision at the same time, unless the settings say otherwise. */
const UPGRADES_AT_ONCE = 10;
/** Milliseconds for which inputs that can't be rendered are not tried again without a change. */
const FAILURE_BELIEVED_MS = 30_000;
/** Milliseconds between attempts when somebody undoes every repair. */
const FIGHT_MS = 30_000;
/** Milliseconds after a repair until Helm's records are looked at again: a stock uninstall deletes them after the objects. */
const RECORDS_AGAIN_MS = 2_000;

/** Looks at an instance: stores first, live reads only where the next action needs them. */
export async function observeInstance(
  instance: Instance,
  read: Read,
  surroundings: Surroundings,
): Promise<InstanceWorld> {
  const begun = await beginLook(instance, read, surroundings);
  if ('failure' in begun) return begun.world;
  const look = begun;
  const policies = policiesOf(look, look.inventory);
  const drifted = drift(look);
  const first = stateOf(look, policies, drifted, undefined);
  let action = nextAction(first);
  let content: LoadedContent | undefined;
  if (action.do === 'load') {
    content = await loadContent(look);
    action = nextAction({ ...first, content: content.content });
  }
  const base: InstanceWorld = {
    ...emptyWorld(look),
    action,
    policies,
    drifted,
    release: content?.release,
    previous: content?.previous,
    changed: content?.changed ?? new Set(),
  };
  return gather(look, base, content);
}

type Begun = Look | { readonly failure: Failure; readonly world: InstanceWorld };

async function beginLook(instance: Instance, read: Read, surroundings: Surroundings): Promise<Begun> {
  const { service, deps, memories, secrets } = surroundings;
  const identity = identityOf(instance, service, deps.settings);
  const memory = memories.of(instance.metadata, identity.uid);
  const namespace = seenNamespace(read, identity);
  const revision = service.currentRevision(read.stores);
  const deleting = instance.metadata.deletionTimestamp !== undefined;
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
    inventory: namespace.state === 'ours' ? inventoryOf(namespace.object) : undefined,
    revision,
    account: accountOf(deps.client, identity),
  };
  const none = { sources: [], values: [] };
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

function seenNamespace(
  read: Read,
  identity: { readonly target: string; readonly uid: string },
): NamespaceSeen {
  return classify(read.stores.get(NAMESPACE, { name: identity.target }), identity.uid);
}

/** Ours is what carries the UID of this very instance; a namespace of its predecessor by the same name is not. */
function classify(object: KubeObject | undefined, uid: string): NamespaceSeen {
  if (object === undefined) return { state: 'absent' };
  if (object.metadata.labels?.[INSTANCE_UID_LABEL] !== uid) return { state: 'taken', object };
  return { state: object.metadata.deletionTimestamp === undefined ? 'ours' : 'terminating', object };
}

function stateOf(
  look: Look,
  policies: PolicyWorld | undefined,
  drifted: InstanceWorld['drifted'],
  content: InstanceState['content'],
): InstanceState {
  const { memory, inventory, revision, memories, deps, identity } = look;
  const digest = memory.policyDigest ?? inventory?.policyDigest;
  const limit = deps.settings.upgradesAtOnce ?? UPGRADES_AT_ONCE;
  return {
    deleting: look.deleting,
    forced: look.forced,
    namespace: look.namespace.state,
    served: revision !== undefined,
    release: inventory?.release,
    inputs: look.inputs,
    revision: revision?.metadata.name ?? '',
    policiesCurrent: policies === undefined || policies.digest === digest,
    drifted: whatDrifted(look, drifted),
    unnoted: isUnnoted(look),
    mayUpgrade: memories.upgrading.has(identity.uid) || memories.upgrading.size < limit,
    objectsDeleted: memory.objectsDeleted,
    content,
  };
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

function whatDrifted({ inventory }: Look, drifted: InstanceWorld['drifted']): InstanceState['drifted'] {
  if (drifted.length === 0) return 'nothing';
  return drifted.some((entry) => inventory?.policies.includes(entry)) ? 'policies' : 'objects';
}

function drift(look: Look): InstanceWorld['drifted'] {
  const { inventory, memory, identity, read, deleting } = look;
  if (deleting || inventory?.release.phase !== 'done') return [];
  return driftOf(inventory, memory.known, identity, read.stores, entryKey);
}

/** The policies as they should be, for what a rendering exposes. */
function policiesOf(look: Look, traits: ReleaseTraits | undefined): PolicyWorld | undefined {
  const { revision, identity, deps, read } = look;
  if (revision === undefined || traits === undefined) return undefined;
  const nodes = read.stores.list(NODE);
  const { settings } = deps;
  const objects = policyObjects(identity, revision.spec, {
    exposed: traits.exposed,
    usesApi: traits.usesApi,
    apiServer: settings.apiServer ?? [],
    clusterCidrs: settings.clusterCidrs ?? podRanges(nodes),
    nodeCidrs: publicNodeRanges(nodes),
    ingressNamespaces: settings.ingressNamespaces ?? INGRESS_NAMESPACES,
  });
  const labels = namespaceLabels(identity, revision.spec.policies.podSecurity);
  const { exposed, usesApi } = traits;
  return { objects, labels, digest: policyDigest(objects, labels), exposed, usesApi };
}

/** Reads what the chosen action needs beyond what is known. */
async function gather(
  look: Look,
  world: InstanceWorld,
  content: LoadedContent | undefined,
): Promise<InstanceWorld> {
  const { memory, identity, memories } = look;
  switch (world.action.do) {
    case 'start':
      return gatherStart(look, world, world.action.number);
    case 'let-go':
      return gatherLetGo(look, world);
    case 'policies':
      if (world.policies !== undefined) memory.awaitPolicies(world.policies.digest, keysOf(world.policies));
      return world;
    case 'record':
      return gatherRecord(look, world);
    case 'hooks':
      if (world.action.step.do === 'run') memory.countAttempt(world.action.step.hook);
      return world;
    case 'finish':
      memories.endUpgrade(identity.uid);
      return {
        ...world,
        deletions: [
          ...(await observeDeletions(look, world.release?.objects ?? [])),
          ...(content?.cleanup ?? []),
        ],
        outdated: await observeOutdated(look),
      };
    case 'repair-policies': {
      const mine = world.drifted.filter((entry) => look.inventory?.policies.includes(entry));
      return onlyPeaceful(look, { ...world, drifted: mine });
    }
    case 'repair':
      return gatherRepair(look, world);
    case 'uninstall': {
      const deletions = await observeDeletions(look, []);
      memory.awaitDeletions(deletions.map(entryKey));
      return { ...world, deletions };
    }
    case 'settled':
      return gatherSettled(look, world);
    case 'refuse':
    case 'wait':
    case 'load':
    case 'write':
    case 'enter-after':
    case 'note':
    case 'remove-namespace':
      return world;
  }
}

/** Whoever changed objects may have done it with a stock helm: its records are looked at, too, now and once more later. */
async function gatherRepair(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  const { memory, deps, inventory } = look;
  const now = deps.clock.monotonic();
  const peaceful = onlyPeaceful(look, world);
  if (peaceful.failure !== undefined) return peaceful;
  memory.recordsDueMs = now + RECORDS_AGAIN_MS;
  return { ...peaceful, records: await observeRecords(look, inventory?.release.number ?? 0) };
}

/** Without the drift that was put back too often lately; nothing but that is a failure. */
function onlyPeaceful({ memory, deps }: Look, world: InstanceWorld): InstanceWorld {
  const now = deps.clock.monotonic();
  const drifted = world.drifted.filter((entry) => memory.mayRepair(entryKey(entry), now));
  return drifted.length === 0 ? fought(world) : { ...world, drifted };
}

function fought(world: InstanceWorld): InstanceWorld {
  const names = world.drifted.map(({ kind, name }) => `${kind.kind} ${name}`).join(', ');
  const failure: Failure = {
    reason: 'DriftRepeats',
    message: `Somebody changes ${names} again and again; it is put back every ${FIGHT_MS / 1000} s. Stop that or remove the field from the chart`,
    stalled: false,
    retryMs: FIGHT_MS,
  };
  return { ...world, failure };
}

/** The store may lag behind another leader: a namespace is only made, or given up for gone, after a look at the API. */
async function gatherLetGo(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  if (look.namespace.state !== 'absent') return world;
  const live = await liveNamespace(look);
  if (live.state !== 'ours' && live.state !== 'terminating') return world;
  return { ...world, action: { do: 'wait', for: 'namespace-gone' }, lookAgainMs: 1000 };
}

async function liveNamespace({ read, identity, signal }: Look): Promise<NamespaceSeen> {
  return classify(await read.live.find(NAMESPACE, { name: identity.target }, { signal }), identity.uid);
}

async function gatherStart(look: Look, world: InstanceWorld, number: number): Promise<InstanceWorld> {
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

function traitsOf(release: KeptRelease): ReleaseTraits {
  const objects = release.objects.map(({ object }) => object);
  return { exposed: exposedServices(objects), usesApi: bindsRoles(objects) };
}

function keysOf({ objects }: PolicyWorld): readonly string[] {
  return objects.map(({ kind, object }) => entryKey({ kind, name: object.metadata.name }));
}

async function gatherRecord(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  const defaultAccount = await observeDefaultAccount(look);
  if (defaultAccount === undefined) look.memory.accountReady = true;
  const number = look.inventory?.release.number ?? 1;
  // Somebody's stock upgrade took the number: only a release that ran before can have been upgraded.
  const records = number > 1 ? await observeRecords(look, number) : undefined;
  return { ...world, defaultAccount, records };
}

async function observeDefaultAccount(look: Look): Promise<InstanceWorld['defaultAccount']> {
  const ref = { namespace: look.identity.target, name: 'default' };
  const account = await look.read.live.find(SERVICE_ACCOUNT, ref, { signal: look.signal });
  const ours = account?.metadata.labels?.[INSTANCE_UID_LABEL] === look.identity.uid;
  if (ours && account?.automountServiceAccountToken === false) return undefined;
  return { uid: account?.metadata.uid };
}

async function gatherSettled(look: Look, world: InstanceWorld): Promise<InstanceWorld> {
  const { inventory, identity, read, signal, memory, instance, deps } = look;
  if (inventory === undefined) return world;
  const { stores, live } = read;
  const now = deps.clock.monotonic();
  if (memory.recordsDueMs !== undefined && memory.recordsDueMs <= now) {
    const repair = await gatherRecordRepair(look, world, inventory.release.number);
    if (repair !== undefined) return repair;
  }
  const seen = await observeReadiness(inventory, identity.target, { stores, live, signal }, memory, now);
  const readsSecrets = (instance.tenantry?.valuesFrom ?? []).length > 0;
  return {
    ...world,
    readiness: seen.readiness,
    url: observeUrl(identity.target, stores),
    helmrelease: await observeNotes(look, inventory),
    lookAgainMs: soonest(
      seen.lookAgainMs,
      readsSecrets ? VALUES_AGAIN_MS : undefined,
      memory.recordsDueMs === undefined ? undefined : Math.max(memory.recordsDueMs - now, 1),
    ),
  };
}

function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The second look at Helm's records after a repair: undefined if they are as they should be. */
async function gatherRecordRepair(
  look: Look,
  world: InstanceWorld,
  number: number,
): Promise<InstanceWorld | undefined> {
  look.memory.recordsDueMs = undefined;
  const records = await observeRecords(look, number);
  if (records.rewrite === undefined && records.foreign.length === 0) return undefined;
  const release = await loadRelease(look, number);
  if (release === 'unusable') return undefined;
  return { ...world, action: { do: 'repair' }, release, records };
}

/** The text in the status is taken as it stands only if it is the one we wrote; else it is made again from the release. */
async function observeNotes(look: Look, { release }: Inventory): Promise<string | undefined> {
  const { running } = release;
  const present = look.instance.status?.helmrelease;
  if (running === undefined) return undefined;
  if (present !== undefined && notesDigest(present) === running.notes) return present;
  const { identity, memories } = look;
  const kept = memories.release(identity.uid, running.number) ?? (await loadPrevious(look, running.number));
  return kept && helmreleaseText(identity.target, identity.release, kept.record.info.notes);
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
    defaultAccount: undefined,
    drifted: [],
    deletions: [],
    readiness: undefined,
    url: undefined,
    helmrelease: undefined,
    lookAgainMs: undefined,
  };
}
